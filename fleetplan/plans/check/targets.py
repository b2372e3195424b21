"""The request's constraints, one check for each type.

Vehicles stand still within a period, so a rule over months holds in every period that has a month in its window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.report import RATIO, TRIPS_PER_DAY, TRIPS_SHARE, WAIT_MIN, Violation
from fleetplan.request import (
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
    PartnerShare,
    ServiceLevel,
    StacksPerCity,
)


def _paid_by(rows: Sequence[Deployed], periods: Sequence[int]) -> bool:
    return any(d.paid_vehicles(t) > 0 for d in rows for t in periods)


def _markets_live(case: Case, rule: MarketsLive) -> Iterator[Violation]:
    t = case.request.grid.last_begun_by(rule.by)
    live = {
        d.row.city
        for d in case.deployed
        if t >= 0 and (d.paid_vehicles(t) if rule.counts == "paid" else d.row.vehicles[t]) > 0
    }
    existing = sum(market.counts for market in case.catalogue.live_markets) if rule.include_existing else 0
    count = len(live) + existing
    if count < rule.count:
        text = f"{count} markets are live by {rule.by}; {rule.count} are asked for"
        yield Violation(rule.type, rule.id, text, rule.count - count)


def _launch_not_before(case: Case, rule: LaunchNotBefore) -> Iterator[Violation]:
    for deployed in case.named(rule.city, rule.stack):
        t = deployed.launch_period
        if t is not None and case.starts[t] < month_number(rule.month):
            early = month_number(rule.month) - case.starts[t]
            text = f"opens in {case.labels[t]}; {rule.month} is the earliest"
            yield Violation(rule.type, deployed.name, text, early)


def _launch_by(case: Case, rule: LaunchBy) -> Iterator[Violation]:
    if not _paid_by(case.named(rule.city, rule.stack), range(case.request.grid.last_begun_by(rule.month) + 1)):
        yield Violation(rule.type, rule.id, f"{rule.city} is not open to paying riders by {rule.month}", 1.0)


def _launch_fixed(case: Case, rule: LaunchFixed) -> Iterator[Violation]:
    period = case.request.grid.period_of(month_number(rule.month))
    rows = case.named(rule.city, rule.stack)
    if not rows:
        yield Violation(rule.type, rule.id, f"{rule.stack} does not open in {rule.city}; {rule.month} is fixed", 1.0)
    for deployed in rows:
        if deployed.launch_period != period:
            text = f"opens in {deployed.row.launch or 'no month'}; {rule.month} is fixed"
            yield Violation(rule.type, deployed.name, text, 1.0)


def _force(case: Case, rule: ForceDeployment) -> Iterator[Violation]:
    if not _paid_by(case.named(rule.city, rule.stack), case.periods):
        yield Violation(rule.type, rule.id, f"{rule.stack} never carries paying riders in {rule.city}", 1.0)


def _forbid(case: Case, rule: ForbidDeployment) -> Iterator[Violation]:
    for deployed in case.named(rule.city, rule.stack):
        yield Violation(rule.type, deployed.name, "the deployment is forbidden", 1.0)


def _fleet_cap(case: Case, rule: FleetCap) -> Iterator[Violation]:
    rows = case.named(rule.city, rule.stack)
    for t in case.request.grid.window(rule.start, rule.end):
        count = sum(d.row.vehicles[t] for d in rows)
        if count > rule.vehicles:
            text = f"{count} vehicles serve; at most {rule.vehicles} may"
            yield Violation(rule.type, case.where(rule.id, t), text, count - rule.vehicles)


def _fleet_floor(case: Case, rule: FleetFloor) -> Iterator[Violation]:
    rows = case.named(rule.city, rule.stack)
    for t in case.request.grid.window(rule.start, rule.end):
        count = sum(d.row.vehicles[t] for d in rows)
        if count < rule.vehicles:
            text = f"{count} vehicles serve; at least {rule.vehicles} must"
            yield Violation(rule.type, case.where(rule.id, t), text, rule.vehicles - count)


def _partner_share(case: Case, rule: PartnerShare) -> Iterator[Violation]:
    stacks = case.catalogue.stacks
    exact = any(stack.partner == rule.partner for stack in stacks.values())
    partner = rule.partner if exact else stacks[resolve_stack(case.raw, rule.partner)].partner
    for t in case.request.grid.window(rule.start, None):
        total = sum(d.row.vehicles[t] for d in case.deployed)
        theirs = sum(d.row.vehicles[t] for d in case.deployed if d.stack.partner == partner)
        most = rule.max_share * total
        if theirs > most + RATIO * max(1, total):
            text = f"{partner} has {theirs} of {total} vehicles; at most {rule.max_share:.1%} may be its"
            yield Violation(rule.type, case.where(rule.id, t), text, theirs - most)


def _launches_per_quarter(case: Case, rule: LaunchesPerQuarter) -> Iterator[Violation]:
    opened = [case.starts[d.launch_period] for d in case.deployed if d.launch_period is not None]
    quarters = Counter((month - case.start) // 3 for month in opened)
    for quarter, count in sorted(quarters.items()):
        if count > rule.max:
            text = f"{count} openings fall in quarter {quarter + 1} of the horizon; at most {rule.max} may"
            yield Violation(rule.type, rule.id, text, count - rule.max)


def _stacks_per_city(case: Case, rule: StacksPerCity) -> Iterator[Violation]:
    rows = case.named(rule.city, None)
    for city in sorted({d.row.city for d in rows}):
        for t in case.periods:
            count = sum(d.row.level[t] > 0 for d in rows if d.row.city == city)
            if count > rule.max:
                text = f"{count} stacks are open; at most {rule.max} may"
                yield Violation(rule.type, case.where(city, t), text, count - rule.max)


def _service_level(case: Case, rule: ServiceLevel) -> Iterator[Violation]:
    for deployed in case.named(rule.city, None):
        for t, wait in enumerate(deployed.waits):
            if wait is not None and not wait <= rule.max_wait_min + WAIT_MIN:
                text = f"riders wait {wait:.2f} min; at most {rule.max_wait_min:g} min is asked for"
                yield Violation(rule.type, case.where(deployed.name, t), text, wait - rule.max_wait_min)


def _minimum_trips(case: Case, rule: MinimumTrips) -> Iterator[Violation]:
    city = resolve_city(case.raw, rule.city) if rule.city is not None else None
    for t in case.request.grid.window(rule.start, None):
        trips = sum(d.row.trips_per_day[t] for d in case.deployed if city in (None, d.row.city))
        if trips < rule.trips_per_day * (1 - TRIPS_SHARE) - TRIPS_PER_DAY:
            text = f"{trips:.1f} trips a day are served; at least {rule.trips_per_day:g} must be"
            yield Violation(rule.type, case.where(rule.id, t), text, rule.trips_per_day - trips)


TARGETS: dict[str, Callable[[Case, Any], Iterator[Violation]]] = {
    "markets_live": _markets_live,
    "launch_not_before": _launch_not_before,
    "launch_by": _launch_by,
    "launch_fixed": _launch_fixed,
    "force_deployment": _force,
    "forbid_deployment": _forbid,
    "fleet_cap": _fleet_cap,
    "fleet_floor": _fleet_floor,
    "partner_share": _partner_share,
    "launches_per_quarter": _launches_per_quarter,
    "stacks_per_city": _stacks_per_city,
    "service_level": _service_level,
    "minimum_trips": _minimum_trips,
}


def check_targets(case: Case) -> Iterator[Violation]:
    """Yield constraints of the request that the plan does not keep."""
    for constraint in case.request.constraints:
        if not constraint.given:
            yield from TARGETS[constraint.type](case, constraint)
