"""Plans as a forest: reruns stand below the plan they were made from, and no plan is lost for want of its parent.

A page of the list holds some plans only. Where a plan's parent is not among them, a stub stands in for it: the parent is on
another page, was filtered away, or is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue
from fleetplan.words.changes import changes_told, patch_told
from fleetplan.words.keeping import keeps
from fleetplan.words.names import Names


@dataclass(frozen=True, slots=True)
class Node:
    """A plan with its reruns, the oldest first. ``row`` is None for a stub whose plan is deleted.

    ``here`` says whether the plan itself is one of those listed.
    """

    id: str
    row: PlanRow | None
    here: bool
    depth: int
    children: list[Node] = field(default_factory=list)


def forest(rows: Sequence[PlanRow], find: Callable[[str], PlanRow | None]) -> list[Node]:
    """Return plans as trees, the one with the newest plan first.

    Parameters
    ----------
    rows
        The plans listed.
    find
        Looks a parent up that is not among them.
    """
    listed = {row.id: row for row in rows}
    below: dict[str, list[PlanRow]] = {}
    for row in sorted(rows, key=lambda r: r.id):
        if row.parent is not None:
            below.setdefault(row.parent, []).append(row)
    roots = [row.id for row in rows if row.parent is None]
    stubs = [parent for parent in below if parent not in listed]
    trees = [
        *(_node(root, listed[root], below, here=True) for root in roots),
        *(_node(stub, find(stub), below, here=False) for stub in stubs),
    ]
    return sorted(trees, key=_newest, reverse=True)


def _node(plan: str, row: PlanRow | None, below: dict[str, list[PlanRow]], *, here: bool, depth: int = 0) -> Node:
    children = [_node(child.id, child, below, here=True, depth=depth + 1) for child in below.get(plan, [])]
    return Node(plan, row, here, depth, children)


def _newest(node: Node) -> str:
    return max([node.id if node.here else "", *(_newest(child) for child in node.children)])


def flat(nodes: Iterable[Node]) -> list[Node]:
    """Return every node, parents before their reruns."""
    return [inner for node in nodes for inner in (node, *flat(node.children))]


def changes(row: PlanRow, parent: PlanRow | None, catalogue: Catalogue) -> list[str]:
    """Return in words what a rerun changed; of a parent that is deleted only what the patch names is known."""
    told = changes_told(parent.request, row.request, Names(catalogue)) if parent is not None else []
    return [*(told or patch_told(row.patch or {})), *keeps(row.options)]
