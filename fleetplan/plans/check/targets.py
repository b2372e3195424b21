"""The request's constraints, measured: for each type what a plan has of what it asks about, and what it may have.

Vehicles stand still within a period, so a rule over months holds in every period that has a month in its window. Explanations
read the same measurements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.measure import Lines, Measure, Placed, Rollouts
from fleetplan.plans.check.report import (
    MONEY_SHARE,
    MONEY_USD,
    RATIO,
    TRIPS_PER_DAY,
    TRIPS_SHARE,
    WAIT_MIN,
    Named,
    Usd,
    Violation,
    say,
)
from fleetplan.plans.check.suspended import paused
from fleetplan.plans.check.value import CAPITAL_CHARGED
from fleetplan.request.constraints import (
    AreaFloor,
    Constraint,
    FleetCap,
    FleetFloor,
    ForbidDeployment,
    ForceDeployment,
    LaunchBy,
    LaunchesPerQuarter,
    LaunchFixed,
    LaunchNotBefore,
    MarketsLive,
    MinimumTrips,
    Opening,
    OtherLaunches,
    PartnerShare,
    ResultFloor,
    ServiceLevel,
    StacksPerCity,
    Suspension,
)
from fleetplan.request.imposed import AreaCap, PermitQuota, TripsCap
from fleetplan.request.members import planned_months

KM2 = 1e-6
C = TypeVar("C", bound=Constraint)
Measuring = Callable[[Rollouts, C], Iterator[Measure]]
MEASURES: dict[type[Constraint], Measuring[Any]] = {}
"""How each type is measured; one that is given has no measure: it changes what other rules read."""


def _measures(kind: type[C]) -> Callable[[Measuring[C]], Measuring[C]]:
    """Return a decorator that makes a function the measure of a type."""

    def register(measure: Measuring[C]) -> Measuring[C]:
        MEASURES[kind] = measure
        return measure

    return register


@_measures(MarketsLive)
def _markets_live(plan: Rollouts, c: MarketsLive) -> Iterator[Measure]:
    t = plan.grid.last_begun_by(c.by)
    live = {
        d.row.city for d in plan.every if t >= 0 and (d.paid_vehicles(t) if c.counts == "paid" else d.row.vehicles[t])
    }
    existing = plan.live_elsewhere if c.include_existing else 0
    count, month = len(live) + existing, plan.months[t] if t >= 0 else ""
    text = say("{} markets are live by {}; {} are asked for", count, Named("month", c.by), c.count)
    yield Measure(count, text, least=c.count, month=month, besides=existing)


@_measures(LaunchNotBefore)
def _launch_not_before(plan: Rollouts, c: LaunchNotBefore) -> Iterator[Measure]:
    for d in plan.named(c.city, c.stack):
        if (t := d.launch_period) is not None:
            text, earliest = (
                say("opens in {}; {} is the earliest", Named("month", plan.months[t]), Named("month", c.month)),
                plan.from_month(c.month),
            )
            yield Measure(plan.start(t), text, earliest, month=plan.months[t], city=d.row.city, stack=d.row.stack)


@_measures(LaunchBy)
def _launch_by(plan: Rollouts, c: LaunchBy) -> Iterator[Measure]:
    t = plan.opening(plan.named(c.city, c.stack))
    text = say("{} is not open to paying riders by {}", Named("city", c.city), Named("month", c.month))
    yield Measure(plan.start(t), text, most=plan.by_month(c.month), month="" if t is None else plan.months[t])


@_measures(LaunchFixed)
def _launch_fixed(plan: Rollouts, c: LaunchFixed) -> Iterator[Measure]:
    period = plan.grid.period_of(month_number(c.month))
    fixed = plan.start(period) if period in plan.periods else month_number(c.month)
    for t in [d.launch_period for d in plan.named(c.city, c.stack)] or [None]:
        month = "" if t is None else plan.months[t]
        text = say(
            "{} opens in {} in {}; {} is fixed",
            Named("stack", c.stack),
            Named("city", c.city),
            Named("month", month),
            Named("month", c.month),
        )
        yield Measure(plan.start(t), text, least=fixed, most=fixed, month=month)


@_measures(ForceDeployment)
def _force_deployment(plan: Rollouts, c: ForceDeployment) -> Iterator[Measure]:
    t = plan.opening(plan.named(c.city, c.stack))
    text = say("{} never carries paying riders in {}", Named("stack", c.stack), Named("city", c.city))
    yield Measure(plan.start(t), text, most=plan.start(plan.periods[-1]), month="" if t is None else plan.months[t])


@_measures(ForbidDeployment)
def _forbid_deployment(plan: Rollouts, c: ForbidDeployment) -> Iterator[Measure]:
    for d in plan.named(c.city, c.stack):
        yield Measure(
            1, say("the deployment is forbidden"), most=0, month=d.row.launch, city=d.row.city, stack=d.row.stack
        )


@_measures(FleetCap)
def _fleet_cap(plan: Rollouts, c: FleetCap) -> Iterator[Measure]:
    for t in plan.grid.window(c.start, c.end):
        count = sum(d.row.vehicles[t] for d in plan.named(c.city, c.stack))
        text = say("{} vehicles serve; at most {} may", count, c.vehicles)
        yield Measure(count, text, most=c.vehicles, month=plan.months[t])


@_measures(FleetFloor)
def _fleet_floor(plan: Rollouts, c: FleetFloor) -> Iterator[Measure]:
    for t in plan.grid.window(c.start, c.end):
        count = sum(d.row.vehicles[t] for d in plan.named(c.city, c.stack))
        text = say("{} vehicles serve; at least {} must", count, c.vehicles)
        yield Measure(count, text, least=c.vehicles, month=plan.months[t])


@_measures(PartnerShare)
def _partner_share(plan: Rollouts, c: PartnerShare) -> Iterator[Measure]:
    for t in plan.grid.window(c.start, None):
        total = sum(d.row.vehicles[t] for d in plan.every)
        theirs = sum(d.row.vehicles[t] for d in plan.every if d.partner == c.partner)
        text = say("{} has {} of {} vehicles; at most {:.1%} may be its", c.partner, theirs, total, c.max_share)
        yield Measure(theirs / max(1, total), text, most=c.max_share, month=plan.months[t], slack=RATIO)


@_measures(LaunchesPerQuarter)
def _launches_per_quarter(plan: Rollouts, c: LaunchesPerQuarter) -> Iterator[Measure]:
    quarters = [(plan.start(t) - plan.grid.start) // 3 for t in plan.periods]
    opened = Counter(quarters[d.launch_period] for d in plan.every if d.launch_period is not None)
    for quarter in sorted(set(quarters)):
        own = [t for t in plan.periods if quarters[t] == quarter]
        first = min(max(own[0], plan.grid.done), own[-1])
        text = say("{} openings fall in quarter {} of the horizon; at most {} may", opened[quarter], quarter + 1, c.max)
        yield Measure(opened[quarter], text, most=c.max, month=plan.months[first])


@_measures(StacksPerCity)
def _stacks_per_city(plan: Rollouts, c: StacksPerCity) -> Iterator[Measure]:
    rows = plan.named(c.city, None)
    for city in sorted({d.row.city for d in rows}):
        for t in plan.periods:
            count = sum(d.row.level[t] > 0 for d in rows if d.row.city == city)
            text = say("{} stacks are open; at most {} may", count, c.max)
            yield Measure(count, text, most=c.max, month=plan.months[t], city=city)


@_measures(AreaCap)
def _area_cap(plan: Rollouts, c: AreaCap) -> Iterator[Measure]:
    for d in plan.named(c.city, c.stack):
        for t in plan.grid.window(c.start, c.end):
            text = say("{:.1f} km2 are open; at most {:g} may be", d.areas_km2[t], c.km2)
            found = Measure(d.areas_km2[t], text, most=c.km2, month=plan.months[t], slack=KM2)
            yield replace(found, city=d.row.city, stack=d.row.stack)


@_measures(AreaFloor)
def _area_floor(plan: Rollouts, c: AreaFloor) -> Iterator[Measure]:
    for t in plan.grid.window(c.start, c.end):
        widest = max(plan.named(c.city, c.stack), key=lambda d, t=t: d.areas_km2[t], default=None)  # type: ignore[misc]
        area = widest.areas_km2[t] if widest is not None else 0.0
        text = say("{:.1f} km2 are open by one service; at least {:g} must be", area, c.km2)
        found = Measure(area, text, least=c.km2, month=plan.months[t], slack=KM2)
        yield found if widest is None else replace(found, city=widest.row.city, stack=widest.row.stack)


@_measures(TripsCap)
def _trips_cap(plan: Rollouts, c: TripsCap) -> Iterator[Measure]:
    slack = TRIPS_PER_DAY + TRIPS_SHARE * c.trips_per_day
    for t in plan.grid.window(c.start, c.end):
        trips = sum(d.row.trips_per_day[t] for d in plan.named(c.city, c.stack))
        text = say("{:.1f} trips a day are served; at most {:g} may be", trips, c.trips_per_day)
        yield Measure(trips, text, most=c.trips_per_day, month=plan.months[t], slack=slack)


@_measures(PermitQuota)
def _permit_quota(plan: Rollouts, c: PermitQuota) -> Iterator[Measure]:
    for t in plan.grid.window(c.start, c.end):
        count = sum(d.in_modes((d.permits[c.permit],), t) for d in plan.every if c.permit in d.permits)
        text = say(
            "{} vehicles serve in the mode that {} opens; at most {} may", count, Named("permit", c.permit), c.vehicles
        )
        yield Measure(count, text, most=c.vehicles, month=plan.months[t])


@_measures(Suspension)
def _suspension(plan: Rollouts, c: Suspension) -> Iterator[Measure]:
    held = [d for d in plan.named(c.city, c.stack) if c.jurisdiction is None or c.jurisdiction in d.laws]
    for t in plan.grid.window(c.start, c.end):
        count = sum(d.row.vehicles[t] for d in held)
        text = say("{} vehicles serve while they are suspended; {} may", count, c.vehicles_left)
        yield Measure(count, text, most=c.vehicles_left, month=plan.months[t])


@_measures(ServiceLevel)
def _service_level(plan: Rollouts, c: ServiceLevel) -> Iterator[Measure]:
    for d in plan.named(c.city, None):
        for month, wait in zip(plan.months, d.waits, strict=True):
            if wait is not None:
                text = say("riders wait {:.2f} min; at most {:g} min is asked for", wait, c.max_wait_min)
                found = Measure(wait, text, most=c.max_wait_min, slack=WAIT_MIN, month=month)
                yield replace(found, city=d.row.city, stack=d.row.stack)


@_measures(MinimumTrips)
def _minimum_trips(plan: Rollouts, c: MinimumTrips) -> Iterator[Measure]:
    slack = TRIPS_PER_DAY + TRIPS_SHARE * c.trips_per_day
    for t in plan.grid.window(c.start, None):
        trips = sum(d.row.trips_per_day[t] for d in plan.named(c.city, None))
        text = say("{:.1f} trips a day are served; at least {:g} must be", trips, c.trips_per_day)
        yield Measure(trips, text, least=c.trips_per_day, month=plan.months[t], slack=slack)


@_measures(ResultFloor)
def _result_floor(plan: Rollouts, c: ResultFloor) -> Iterator[Measure]:
    whole = {"quarter": 3, "year": 12}[c.per]
    spans = [(int(start) - plan.grid.start) // whole for start in plan.grid.starts]
    for span in sorted({spans[t] for t in plan.grid.window(c.start, c.end)}):
        inside = [t for t in plan.periods if spans[t] == span]
        least = c.least_usd * sum(plan.grid.lengths[t] for t in inside) / whole
        result = sum(amounts[t] for lines in plan.lines for amounts in _running(lines) for t in inside)
        told = "{} are earned in {} {} of the horizon; at least {} must be"
        text = say(told, Usd(result, 0), c.per, span + 1, Usd(least, 0))
        slack = MONEY_USD + MONEY_SHARE * abs(least)
        yield Measure(result, text, least=least, month=plan.months[inside[0]], slack=slack)


@_measures(OtherLaunches)
def _other_launches(plan: Rollouts, c: OtherLaunches) -> Iterator[Measure]:
    opened = {(d.row.stack, d.row.city): d for d in plan.named(c.city, None) if d.launch_period is not None}
    named = {(one.stack, one.city): one for one in c.launches}
    others = len(set(opened) - set(named)) + sum(not _is_so(plan, opened.get(pair), one) for pair, one in named.items())
    yield Measure(others, say("the launches are those that were not to be again"), least=1)


def _is_so(plan: Rollouts, placed: Placed | None, one: Opening) -> bool:
    """Return whether a deployment opens as a constraint tells of it: in that quarter of the horizon, to that level."""
    if placed is None or placed.launch_period is None:
        return False
    quarters = [(month - plan.grid.start) // 3 for month in (plan.start(placed.launch_period), _asked(plan, one))]
    level = one.level is None or max(placed.row.level) == one.level
    return level and (one.month is None or quarters[0] == quarters[1])


def _asked(plan: Rollouts, one: Opening) -> int:
    """Return the month of the period that holds the month asked about; what lies outside the horizon is itself."""
    month = month_number(one.month) if one.month else plan.grid.start
    period = plan.grid.period_of(month)
    return plan.start(period) if period in plan.periods else month


def _running(lines: Lines) -> Iterator[list[float]]:
    """Yield the lines that an operating result sums."""
    yield from (amounts for line, amounts in lines.items() if line not in CAPITAL_CHARGED)


def measured(plan: Rollouts, constraint: Constraint) -> list[Measure]:
    """Return what a plan has of what a constraint asks about; its cities and stacks are slugs, its partner a name.

    Of what is done nothing is asked: neither of its months nor by a month that is past.

    Raises
    ------
    KeyError
        If its type has no measure: it would pass unchecked.
    """
    if constraint.given:
        return []
    found = list(MEASURES[type(constraint)](plan, constraint))
    if not plan.grid.done:
        return found
    first = plan.months[plan.grid.done]
    asked = [getattr(constraint, name) for name in planned_months(type(constraint))]
    if any(month < first for month in asked):
        return []
    return [m for m in found if not m.month or m.month >= first]


def by_slugs(case: Case, constraint: Constraint) -> Constraint:
    """Return a constraint with the catalogue's slugs and partners in place of what the request calls them."""
    city, stack, partner = (getattr(constraint, name, None) for name in ("city", "stack", "partner"))
    found: dict[str, Any] = {}
    if isinstance(constraint, OtherLaunches):
        found["launches"] = [_slugs_of(case, one) for one in constraint.launches]
    if city is not None:
        found["city"] = resolve_city(case.raw, city)
    if stack is not None:
        found["stack"] = resolve_stack(case.raw, stack, found.get("city"))
    if partner is not None and all(known.partner != partner for known in case.catalogue.stacks.values()):
        found["partner"] = case.catalogue.stacks[resolve_stack(case.raw, partner)].partner
    return constraint.model_copy(update=found)


def _slugs_of(case: Case, one: Opening) -> Opening:
    city = resolve_city(case.raw, one.city)
    return one.model_copy(update={"city": city, "stack": resolve_stack(case.raw, one.stack, city)})


def check_targets(case: Case) -> Iterator[Violation]:
    """Yield constraints of the request that the plan does not keep."""
    for asked in case.request.constraints:
        if not asked.given:
            found = measured(case.rollouts, by_slugs(case, asked))
            broken = (m for m in found if not m.kept and not _excused(case, asked, m))
            yield from (Violation(asked.type, _where(asked.id, m), m.says, m.missed) for m in broken)


def _excused(case: Case, asked: Constraint, m: Measure) -> bool:
    """Return whether a wait is one of a service that is suspended, of which none is asked."""
    own = [d for d in case.of_city(m.city) if d.row.stack == m.stack] if isinstance(asked, ServiceLevel) else []
    return any(case.labels.index(m.month) in paused(case, d) for d in own)


def _where(constraint: str, m: Measure) -> str:
    place = "/".join(name for name in (m.city, m.stack) if name) or constraint
    return f"{place}/{m.month}" if m.month else place
