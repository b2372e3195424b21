"""What is shown of a plan that ended without one: which constraints clash, or what failed, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.deps import Service
from api.pages.lineage import changes
from api.pages.shell import seconds_of
from api.store.contract import PlanRow
from fleetplan.facts import Conflict, conflicts_from
from fleetplan.words.conflict import against, asks, head, standing, way_on
from fleetplan.words.context import Context, context_from
from fleetplan.words.names import Names
from fleetplan.words.request import asked_whole, constraints_in_words


@dataclass(frozen=True, slots=True)
class Told:
    """What takes part in a clash: a constraint by its id (none for money and what is kept), what it asks, what is against it."""

    id: str
    asks: str
    fact: str


@dataclass(frozen=True, slots=True)
class Clash:
    """What cannot be kept, alone or together, and the rules against it; ``said`` is the finding in a sentence."""

    head: str
    parties: list[Told]
    against: list[str]
    way: str
    said: str
    earlier: bool


def ended(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that is shown of a plan that ended without one."""
    catalogue = service.known.catalogue
    words = constraints_in_words(row.request, catalogue)
    context = context_from(row.request, Names(catalogue))
    conflicts = conflicts_from((row.problem or {}).get("clashes", []))
    found = [_clash(conflict, context) for conflict in conflicts]
    named = {p.constraint for conflict in conflicts for p in conflict.parties}
    searched = all(c.found_by == "search" and not any(p.kept for p in c.parties) for c in conflicts)
    parent = service.store.get(row.parent) if row.parent else None
    return {
        "row": row,
        "problem": dict(row.problem or {}),
        "clashes": found,
        "others": {key: text for key, text in words.items() if key not in named} if searched else {},
        "asked": asked_whole(row.request, catalogue),
        "parent": parent,
        "changed": changes(row, parent, service.known.catalogue) if row.parent else [],
        "took_s": seconds_of(row),
        "again": _again(row),
    }


def _again(row: PlanRow) -> dict[str, Any]:
    """Return the call that asks the same once more."""
    options = {name: getattr(row.options, name) for name in ("time_limit_s", "gap", "seed")}
    if row.parent is None:
        return {"href": "/v1/plans", "body": {"request": dict(row.request), "options": options}}
    ties = {"freeze_until": row.options.freeze_until, "change_price_usd": row.options.change_price_usd}
    return {
        "href": f"/v1/plans/{row.parent}/reruns",
        "body": {"patch": dict(row.patch or {}), "options": options | ties},
    }


def _clash(conflict: Conflict, context: Context) -> Clash:
    parties = [Told(p.constraint, asks(p, context), against(p, context)) for p in conflict.parties]
    rules = standing(conflict)
    earlier = conflict.found_by == "earlier_version"
    return Clash(head(conflict), parties, rules, way_on(conflict), conflict.sentence, earlier)
