"""With which other plan a plan may be compared: its own lineage first, then the newest of the others."""

from __future__ import annotations

from dataclasses import dataclass

from api.store.contract import PlanRow, Store

MOST_FAMILY, MOST_OTHERS, DEEPEST = 80, 40, 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Plans with an answer that another one can be compared with."""

    family: list[PlanRow]
    others: list[PlanRow]


def choice(store: Store, row: PlanRow) -> Choice:
    """Return the plans that one may be compared with."""
    family = _family(store, row)
    known = {found.id for found in family} | {row.id}
    newest = store.page(limit=MOST_OTHERS + len(known), after=None)
    others = [found for found in newest if found.id not in known and found.answer_sha256]
    return Choice([found for found in family if found.answer_sha256 and found.id != row.id], others[:MOST_OTHERS])


def _family(store: Store, row: PlanRow) -> list[PlanRow]:
    """Return the plan a row descends from, and what was made from it, oldest first within each generation."""
    root = row
    for _ in range(DEEPEST):
        above = store.get(root.parent) if root.parent else None
        if above is None:
            break
        root = above
    found, ahead = [root], [root]
    while ahead and len(found) < MOST_FAMILY:
        children = sorted(store.page(limit=MOST_FAMILY, after=None, parent=ahead.pop(0).id), key=lambda r: r.id)
        found += children
        ahead += children
    return found[:MOST_FAMILY]
