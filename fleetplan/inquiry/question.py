"""What may be asked of a plan that does not do it, and the constraints that ask for it.

A question speaks of one city. ``stack``: with this partner's vehicles; ``by``: open to paying riders by this month;
``vehicles``: so many in service from ``by`` on, or in the last month of the horizon; ``level``: an area of the city's ladder at
least so large open to riders from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.months import month_number, month_text
from fleetplan.plans.types import Plan

ASKED = "your-question"
ROUNDED_KM2 = 1e-3
"""Areas are told to a thousandth of a km²: so much less is asked for."""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a plan does not open a city, with a stack, by a month, with so many vehicles, over so large an area.

    Names are those of catalogue files or of people (``Momenta``); :func:`resolved` makes slugs of them.
    """

    city: str
    stack: str | None = None
    by: str | None = None
    vehicles: int | None = None
    level: int | None = None


def resolved(asked: WhyNot, plan: Plan, catalogue: Catalogue) -> WhyNot:
    """Return a question with slugs for names.

    Raises
    ------
    RequestError
        With every fault of the question.
    """
    faults: list[Fault] = []
    city = _slug("/city", faults, lambda: resolve_city(catalogue, asked.city))
    stack = asked.stack and _slug("/stack", faults, lambda: resolve_stack(catalogue, asked.stack or "", city))
    faults += _month_faults(asked, plan)
    if asked.vehicles is not None and asked.vehicles < 1:
        faults.append(Fault("/vehicles", f"is {asked.vehicles}", "a whole number from 1", "ask for some vehicles"))
    faults += _level_faults(asked, city, plan)
    if city and city not in {c.city for c in plan.cities}:
        planned = ", ".join(sorted(c.city for c in plan.cities))
        faults.append(Fault("/city", f"{asked.city!r} is not planned", planned, "add it to the request's cities first"))
    if faults:
        raise RequestError(faults)
    return WhyNot(city or "", stack, asked.by, asked.vehicles, asked.level)


def _slug(where: str, faults: list[Fault], resolve: Callable[[], str]) -> str | None:
    try:
        return resolve()
    except RequestError as error:
        faults += [Fault(where, f.what, f.allowed, f.remedy) for f in error.faults]
        return None


def _level_faults(asked: WhyNot, city: str | None, plan: Plan) -> list[Fault]:
    known = next((c.levels for c in plan.cities if c.city == city), [])
    if asked.level is None or not known or 1 <= asked.level <= len(known):
        return []
    areas = ", ".join(f"{level.level} ({level.area_km2:,.0f} km²)" for level in known)
    return [Fault("/level", f"the city's ladder has no area {asked.level}", areas, "ask for one of these")]


def _month_faults(asked: WhyNot, plan: Plan) -> list[Fault]:
    if asked.by is None:
        return []
    first = month_number(plan.periods[0])
    last = first + sum(plan.period_months) - 1
    allowed = f"a month from {month_text(first)} to {month_text(last)}"
    try:
        inside = first <= month_number(asked.by) <= last
    except ValueError as error:
        return [Fault("/by", str(error), allowed, "write it like 2028-03")]
    return [] if inside else [Fault("/by", f"{asked.by} is not in the plan's horizon", allowed, "ask for such a month")]


def asking(asked: WhyNot, plan: Plan) -> Mapping[str, Any]:
    """Return the constraints that ask for it, by id, as a patch of ``/constraints``."""
    first = month_number(plan.periods[0])
    last = month_text(first + sum(plan.period_months) - 1)
    where = {"city": asked.city, **({"stack": asked.stack} if asked.stack else {})}
    entries: dict[str, Any] = {ASKED: {"type": "launch_by", **where, "month": asked.by or last}}
    if asked.vehicles is not None:
        floor = {"type": "fleet_floor", **where, "vehicles": asked.vehicles, "start": asked.by or last}
        entries[f"{ASKED}-fleet"] = floor
    if asked.level is not None:
        km2 = next(c for c in plan.cities if c.city == asked.city).levels[asked.level - 1].area_km2
        least = max(0.0, round(km2 - ROUNDED_KM2, 3))
        entries[f"{ASKED}-area"] = {"type": "area_floor", **where, "km2": least, "start": asked.by or last}
    return entries


def does_it(asked: WhyNot, plan: Plan) -> bool:
    """Return whether the plan does what is asked."""
    city = next(c for c in plan.cities if c.city == asked.city)
    mine = [d for d in city.deployments if asked.stack in {None, d.stack}]
    by = month_number(asked.by) if asked.by else month_number(plan.periods[-1])
    t = max(k for k, label in enumerate(plan.periods) if month_number(label) <= by)
    paid = any(d.mode[t].startswith("paid") for d in mine)
    enough = asked.vehicles is None or all(
        sum(d.vehicles[k] for d in mine) >= asked.vehicles for k in range(t, len(plan.periods))
    )
    wide = asked.level is None or all(
        max((d.level[k] for d in mine), default=0) >= asked.level for k in range(t, len(plan.periods))
    )
    return paid and enough and wide
