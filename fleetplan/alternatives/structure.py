"""The structure of a plan: who opens where and when, and the constraints that cut it off or ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fleetplan.alternatives.types import Differ, Opens
from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number
from fleetplan.plans.reading import opened_deployments
from fleetplan.plans.types import Plan
from fleetplan.scope import resolve_scope

OTHER, PIN = "other-than", "as-here"
Key = tuple[tuple[Any, ...], ...]


def opens(plan: Plan, city: str = "") -> list[Opens]:
    """Return who opens where and when in a plan, in the order of openings; of one city where it is named."""
    found = (d for _, d in opened_deployments(plan) if city in {"", d.city})
    return [Opens(stack=d.stack, city=d.city, month=d.launch, level=max(d.level)) for d in found]


def key_of(plan: Plan, differ: Differ, city: str = "") -> Key:
    """Return a plan's structure, equal for plans that do not differ in it; within a city the widest area is part of it."""
    quarters = differ == "launches"
    told = ((o, _quarter(plan, o.month) if quarters else 0, o.level if city else 0) for o in opens(plan, city))
    return tuple(sorted((o.stack, o.city, quarter, level) for o, quarter, level in told))


def _quarter(plan: Plan, month: str) -> int:
    return (month_number(month) - month_number(plan.periods[0])) // 3


def cut_off(plan: Plan, name: str, differ: Differ, city: str = "") -> dict[str, Any]:
    """Return the constraint that no plan of the same structure keeps, by its id."""
    launches = [_asked(one, differ, level=bool(city)) for one in opens(plan, city)]
    return {name: {"type": "other_launches", **({"city": city} if city else {}), "launches": launches}}


def _asked(one: Opens, differ: Differ, *, level: bool) -> dict[str, Any]:
    when = {"month": one.month} if differ == "launches" else {}
    return {"stack": one.stack, "city": one.city, **when, **({"level": one.level} if level else {})}


def unlike(best: Plan, found: Sequence[Plan], differ: Differ, city: str = "") -> dict[str, Any]:
    """Return the patch of the best plan's request whose plan differs in structure from it and from every one found."""
    names = free_names(best, OTHER)
    cuts = [cut_off(plan, next(names), differ, city) for plan in (best, *found)]
    return {"constraints": {name: entry for cut in cuts for name, entry in cut.items()}}


def pinned(best: Plan, plan: Plan, catalogue: Catalogue, city: str = "") -> dict[str, Any]:
    """Return the patch of the best plan's request that asks for a plan's launches, and for no other stack to open.

    Of a plan for one city the areas there are asked for as well: no wider ever, and as wide in the month in which they get so.
    """
    names, own = free_names(best, PIN), {(one.stack, one.city): one for one in opens(plan)}
    entries: dict[str, Any] = {}
    for one in own.values():
        where = {"city": one.city, "stack": one.stack}
        entries[next(names)] = {"type": "launch_fixed", **where, "month": one.month}
        if one.city == city and (widest := _widest(plan, one)) is not None:
            km2, month = widest
            entries[next(names)] = {"type": "area_cap", **where, "km2": km2}
            entries[next(names)] = {"type": "area_floor", **where, "km2": km2, "start": month, "end": month}
    for pair in _planned(best, catalogue):
        if pair not in own:
            entries[next(names)] = {"type": "forbid_deployment", "city": pair[1], "stack": pair[0]}
    return {"constraints": entries}


def _widest(plan: Plan, one: Opens) -> tuple[float, str] | None:
    """Return the widest area of a deployment, and the first month of the period in which it first is that wide."""
    city = next(c for c in plan.cities if c.city == one.city)
    d = next(d for d in city.deployments if d.stack == one.stack)
    km2 = next((level.area_km2 for level in city.levels if level.level == one.level), None)
    return None if km2 is None else (km2, plan.periods[d.level.index(one.level)])


def _planned(best: Plan, catalogue: Catalogue) -> Iterable[tuple[str, str]]:
    """Return every stack in a city that the request admits."""
    return resolve_scope(best.request, catalogue).deployments


def free_names(plan: Plan, stem: str) -> Iterator[str]:
    """Yield ids that no constraint of a plan's request has: ``stem-1``, ``stem-2``, ..."""
    taken = {c.id for c in plan.request.constraints}
    number = 0
    while True:
        number += 1
        if (name := f"{stem}-{number}") not in taken:
            yield name
