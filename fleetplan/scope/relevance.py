"""Constraints that say something about what is planned: in months of the horizon, on cities and stacks of the plan.

What speaks of anything else would be without effect, or could never be kept, and is a fault. The one exception takes out
what is not in: a deployment that is forbidden and not admitted anyway is what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from fleetplan.catalogue.types import Permit
from fleetplan.months import Grid, month_number, month_text
from fleetplan.request import MAX_HORIZON_MONTHS, AnyConstraint
from fleetplan.request.constraints import (
    EventDate,
    ForbidDeployment,
    OtherLaunches,
    PermitDelay,
    SupplyChange,
    Suspension,
)
from fleetplan.request.imposed import PermitQuota
from fleetplan.request.members import has_window, planned_months
from fleetplan.scope.admission import Admission
from fleetplan.scope.names import Names

PUBLIC = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")
_DROP = "take the constraint out"


def check_months(item: AnyConstraint, where: str, grid: Grid, names: Names) -> None:
    """Note months and windows outside the horizon, windows that end before they start, and what the grid cannot say."""
    for key in planned_months(type(item)):
        if month := getattr(item, key, None):
            _check_month(month, f"{where}/{key}", grid, names)
    if has_window(type(item)):
        _check_window(item, where, grid, names)
    for k, one in enumerate(getattr(item, "launches", None) or ()):
        if month := getattr(one, "month", None):
            _check_month(month, f"{where}/launches/{k}/month", grid, names)


def _check_window(item: AnyConstraint, where: str, grid: Grid, names: Names) -> None:
    start: str | None = getattr(item, "start", None)
    end: str | None = getattr(item, "end", None)
    if start and end and month_number(end) < month_number(start):
        names.add(f"{where}/end", f"{end} lies before start {start}", f"{start} or later", "swap the two")
        return
    if not grid.window(start, end):
        if start and month_number(start) >= grid.end:
            _check_month(start, f"{where}/start", grid, names)
        elif end:
            _check_month(end, f"{where}/end", grid, names)
    elif isinstance(item, SupplyChange) and getattr(item, "factor", 1) > 1 and not grid.whole_periods(start, end):
        _no_whole_period(item, where, grid, names)


def _check_month(month: str, where: str, grid: Grid, names: Names) -> None:
    first, last = month_text(grid.start), month_text(grid.end - 1)
    at = month_number(month)
    if at < grid.start:
        remedy = f"write {first} or later, begin the horizon earlier, or {_DROP}"
        names.add(where, f"{month} lies before the horizon", f"{first} to {last}", remedy)
    elif at >= grid.end:
        months = at - grid.start + 1
        longer = f"give the horizon {months} months, or " if months <= MAX_HORIZON_MONTHS else "or "
        remedy = f"write {last} or earlier, {longer}{_DROP}"
        names.add(where, f"{month} lies after the horizon", f"{first} to {last}", remedy)


def _no_whole_period(item: SupplyChange, where: str, grid: Grid, names: Names) -> None:
    periods = grid.window(item.start, item.end)
    first, last = (
        month_text(m) for m in (grid.starts[periods[0]], grid.starts[periods[-1]] + grid.lengths[periods[-1]] - 1)
    )
    until = grid.end if item.end is None else min(grid.end, month_number(item.end) + 1)
    what = (
        f"more vehicles from {item.start or first} to {item.end or last} cover none of the periods planned there whole"
    )
    remedy = f"write start: {first} and end: {last}, or set horizon.single_months to {until - grid.start}"
    names.add(f"{where}/factor", what, "at most 1, or a window that holds a whole period", remedy)


def check_launches(item: AnyConstraint, where: str, names: Names) -> None:
    """Note launches that a constraint names twice, or outside of the one city that it compares.

    A stack that is not planned there may be named: that it does not open is what was asked for.
    """
    if not isinstance(item, OtherLaunches):
        return
    city, seen = getattr(item, "city", None), set()
    for k, one in enumerate(getattr(item, "launches", None) or ()):
        own, pair = f"{where}/launches/{k}", (one.stack, one.city)
        if all(pair) and pair in seen:
            names.add(
                own, f"{one.stack}@{one.city} stands in the list already", "each stack in a city once", "take it out"
            )
        if city and one.city and one.city != city:
            names.add(
                f"{own}/city",
                f"{one.city} is not {city}, which alone is compared",
                city,
                "take it out, or leave city out",
            )
        seen.add(pair)


def check_planned(item: AnyConstraint, where: str, admission: Admission, names: Names) -> None:
    """Note cities, stacks, partners and law that nothing planned has to do with."""
    if isinstance(item, ForbidDeployment):
        return
    city, stack = getattr(item, "city", None), getattr(item, "stack", None)
    if city and (refused := admission.city_refusal(city)):
        _unplanned(f"{where}/city", f"{city} is not planned: {refused.reason}", admission.cities, refused.remedy, names)
    elif stack and (refused := admission.refusal(stack, city) if city else admission.stack_refusal(stack)):
        what = f"{stack} is not planned{f' in {city}' if city else ''}: {refused.reason}"
        known = {s for s, c in admission.planned if city in {None, "", c}}
        _unplanned(f"{where}/stack", what, known, refused.remedy, names)
    elif city and not any(c == city for _, c in admission.planned):
        what = f"no stack is planned in {city}"
        _unplanned(f"{where}/city", what, {c for _, c in admission.planned}, "admit one by deployments.add", names)
    if partner := getattr(item, "partner", None):
        known = {admission.names.catalogue.stacks[s].partner for s, _ in admission.planned}
        if partner not in known:
            _unplanned(f"{where}/partner", f"no stack of {partner!r} is planned", known, "", names)
    _check_law(item, where, admission, names)


def _check_law(item: AnyConstraint, where: str, admission: Admission, names: Names) -> None:
    """Note permits, jurisdictions and events that no planned city (or not the one named) has."""
    catalogue = admission.names.catalogue
    named = getattr(item, "city", None)
    cities = [named] if named in admission.cities else admission.cities
    of = f"of {named}" if named else "of the planned cities"
    permits = _permits(admission, cities, getattr(item, "stack", None))
    laws = {law for city in cities for law in catalogue.cities[city].jurisdictions}
    if (law := getattr(item, "jurisdiction", None)) and law not in laws:
        _unplanned(f"{where}/jurisdiction", f"{law!r} is no jurisdiction {of}", laws, "", names)
        return
    _check_imposed(item, where, admission, cities, names)
    if isinstance(item, PermitDelay):
        if item.jurisdiction:
            permits = {i: p for i, p in permits.items() if p.jurisdiction == item.jurisdiction}
            of = f"of {item.jurisdiction}"
        if item.permit and item.permit not in permits:
            _unplanned(f"{where}/permit", f"{item.permit!r} is no permit {of}", permits, "", names)
    if isinstance(item, EventDate) and (event := getattr(item, "event", "")):
        awaited = {p.event for p in permits.values() if p.event}
        awaited |= {bar for pair in admission.planned for bar in catalogue.bars_of(*pair)}
        known = (e for law in laws for e in catalogue.jurisdictions[law].events.values())
        awaited |= {e.id for e in known if any(permit in permits for permit, _ in e.caps)}
        if event not in awaited:
            nobody = f"no permit {of} waits for {event!r} or has a cap that it changes"
            what = f"{nobody}, and it bars none of the stacks planned there"
            _unplanned(f"{where}/event", what, awaited, "", names)


def _check_imposed(item: AnyConstraint, where: str, admission: Admission, cities: Iterable[str], names: Names) -> None:
    """Note suspensions and quotas that touch nothing planned."""
    catalogue = admission.names.catalogue
    law = getattr(item, "jurisdiction", None)
    known = {slug for c in cities for slug in catalogue.cities[c].jurisdictions}
    if isinstance(item, Suspension) and law:
        held = {s for s, c in admission.planned if c in cities and law in catalogue.cities[c].jurisdictions}
        if not held or (item.stack and item.stack not in held):
            who = item.stack or "no stack"
            _unplanned(
                f"{where}/jurisdiction",
                f"{who} is {'not ' if item.stack else ''}planned under {law}",
                known,
                "",
                names,
            )
    if isinstance(item, PermitQuota):
        carry = {i: p for i, p in _permits(admission, cities, None).items() if p.opens in PUBLIC}
        permit = getattr(item, "permit", "")  # missing where that is a fault already
        if permit and permit not in carry:
            what = f"{permit!r} opens no service to riders in the planned cities"
            _unplanned(f"{where}/permit", what, carry, "", names)


def _permits(admission: Admission, cities: Iterable[str], stack: str | None) -> dict[str, Permit]:
    """Return the permits that stacks planned in some cities meet; every permit of those in which none is planned."""
    catalogue = admission.names.catalogue
    found: dict[str, Permit] = {}
    for city in cities:
        stacks = [s for s, c in admission.planned if c == city and stack in {None, "", s}]
        for law in [catalogue.permits_of(s, city) for s in stacks] or [catalogue.permits_for(city)]:
            found.update(law)
    return found


def check_events(items: Iterable[tuple[int, AnyConstraint]], names: Names) -> None:
    """Note calendar events that are given a month twice."""
    seen: dict[str, int] = {}
    for i, item in items:
        if isinstance(item, EventDate) and (event := getattr(item, "event", None)):
            if event in seen:
                what = f"{event!r} is given its month by /constraints/{seen[event]} already"
                names.add(f"/constraints/{i}/event", what, "each event once", _DROP)
            seen.setdefault(event, i)


def _unplanned(where: str, what: str, planned: Iterable[str], remedy: str, names: Names) -> None:
    names.add(
        where,
        what,
        ", ".join(sorted(planned)) or "none",
        f"{remedy}, or {_DROP}" if remedy else _DROP,
    )
