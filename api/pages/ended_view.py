"""What is shown of a plan that ended without one: which constraints clash, or what failed, and what to do next."""

from __future__ import annotations

from typing import Any

from api.deps import Service
from api.pages.lineage import changes
from api.pages.shell import seconds_of
from api.prefix import at
from api.store.contract import MENDING, PlanRow
from fleetplan.facts import conflicts_from
from fleetplan.remedies import Repair, repairs_from
from fleetplan.words.conflict import clash
from fleetplan.words.context import Context, context_from
from fleetplan.words.names import Names
from fleetplan.words.repair import repaired_name, unfinished_of
from fleetplan.words.request import asked_whole, constraints_in_words


def ended(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that is shown of a plan that ended without one."""
    catalogue = service.known.catalogue
    words = constraints_in_words(row.request, catalogue)
    context = context_from(row.request, Names(catalogue))
    conflicts = conflicts_from((row.problem or {}).get("clashes", []))
    found = [clash(conflict, context) for conflict in conflicts]
    repairs = repairs_from((row.problem or {}).get("repairs", []))
    named = {p.constraint for conflict in conflicts for p in conflict.parties}
    searched = all(c.found_by == "search" and not any(p.kept for p in c.parties) for c in conflicts)
    settled = bool((row.problem or {}).get("settled", True))
    parent = service.store.get(row.parent) if row.parent else None
    return {
        "row": row,
        "problem": dict(row.problem or {}),
        "clashes": found,
        "exact": all(conflict.narrowed for conflict in conflicts),
        "repairs": repairs,
        "settled": settled,
        "mending": row.phase == MENDING,
        "unfinished": unfinished_of(row.problem or {}, len(repairs)),
        "calls": [_repaired(row, repair, context) for repair in repairs],
        "others": {key: text for key, text in words.items() if key not in named} if searched and settled else {},
        "asked": asked_whole(row.request, catalogue),
        "parent": parent,
        "changed": changes(row, parent, service.known.catalogue) if row.parent else [],
        "took_s": seconds_of(row),
        "again": _again(row),
    }


def _repaired(row: PlanRow, repair: Repair, context: Context) -> dict[str, Any]:
    """Return the call that asks for a plan with a repair."""
    patch = {**repair.patch, "name": repaired_name(row.name, repair, context)}
    options = row.options.free.model_dump(mode="json")
    return {"href": at(f"/v1/plans/{row.id}/reruns"), "body": {"patch": patch, "options": options}}


def _again(row: PlanRow) -> dict[str, Any]:
    """Return the call that asks the same once more."""
    if row.parent is None:
        options = row.options.search.model_dump(mode="json")
        return {"href": at("/v1/plans"), "body": {"request": dict(row.request), "options": options}}
    body = {"patch": dict(row.patch or {}), "options": row.options.model_dump(mode="json")}
    return {"href": at(f"/v1/plans/{row.parent}/reruns"), "body": body}
