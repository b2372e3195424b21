"""The request's own constraints, each a rule of its type's name; rows are labelled with the constraint's id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from fleetplan.months import month_number
from fleetplan.optimize.rules.base import Problem, Rule, Terms
from fleetplan.request import (
    AnyConstraint,
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
from fleetplan.service.types import ResponseSurface

UNREACHABLE_VEHICLES = 1e6


def matching(p: Problem, city: str | None, stack: str | None) -> list[int]:
    """Return the deployments of a city and stack (all when not named)."""
    return [
        q
        for q, d in enumerate(p.instance.deployments)
        if (city is None or d.city == city) and (stack is None or d.stack == stack)
    ]


def last_period_by(p: Problem, month: str) -> int:
    """Return the last period that begins in or before a month (-1: before the horizon)."""
    return int(np.sum(p.instance.grid.starts <= month_number(month))) - 1


def periods_between(p: Problem, start: str | None, end: str | None) -> Iterable[int]:
    """Return the periods that share a month with a window (open-ended when None): vehicles stand still within a period."""
    first = month_number(start) if start else -(10**9)
    last = month_number(end) if end else 10**9
    grid = p.instance.grid
    return [t for t in range(len(grid)) if any(first <= m <= last for m in grid.months_in(t))]


def paid_open(p: Problem, q: int, t: int) -> int | None:
    """Return the step column "open to paying riders by t", or None if that cannot be."""
    data, own = p.instance.deployments[q], p.columns.deployments[q]
    paid = [m for m in data.modes if m.fare_factor > 0 and m.milestone.possible(t)]
    if not paid:
        return None
    if all(m.fare_factor > 0 for m in data.modes):
        return int(own.open[0, t])
    best = max(paid, key=lambda m: int(min(r[t] for r in m.milestone.reach.values())))
    column = int(p.builder.block((1,), 1.0, whole=True)[0])
    p.at_most("permit_path", data.key, t, [(column, 1.0), (int(own.open[0, t]), -1.0)])
    p.gate("permit_path", q, t, [(column, 1.0)], best.milestone)
    return column


def _open_paying(p: Problem, users: Iterable[int], t: int) -> Terms:
    columns = [paid_open(p, q, t) for q in users] if t >= 0 else []
    return [(c, 1.0) for c in columns if c is not None]


def _markets_live(p: Problem, c: MarketsLive) -> None:
    existing = sum(m.counts for m in p.instance.scope.catalogue.live_markets) if c.include_existing else 0
    t = last_period_by(p, c.by)
    terms: Terms = []
    for city, live in p.columns.live.items():
        if t < 0:
            continue
        users = matching(p, city, None)
        if c.counts == "public":
            terms.append((int(live[t]), 1.0))
            continue
        paying = _open_paying(p, users, t)
        if paying:
            counted = int(p.builder.block((1,), 1.0, whole=True)[0])
            p.at_most("city_live", city, t, [(counted, 1.0), *((q, -v) for q, v in paying)])
            terms.append((counted, 1.0))
    p.at_least(c.type, c.id, t, terms, float(c.count - existing))


def _launch_not_before(p: Problem, c: LaunchNotBefore) -> None:
    for q in matching(p, c.city, c.stack):
        for t, start in enumerate(p.instance.grid.starts):
            if start < month_number(c.month):
                p.at_most(c.type, c.id, t, [(int(p.columns.deployments[q].open[0, t]), 1.0)])


def _launch_by(p: Problem, c: LaunchBy) -> None:
    t = last_period_by(p, c.month)
    p.at_least(c.type, c.id, t, _open_paying(p, matching(p, c.city, c.stack), t), 1.0)


def _launch_fixed(p: Problem, c: LaunchFixed) -> None:
    at = p.instance.grid.period_of(month_number(c.month))
    users = matching(p, c.city, c.stack)
    opened = _open_paying(p, users, at) if 0 <= at < p.instance.periods else []
    p.at_least(c.type, c.id, at, opened, 1.0)
    for q in users:
        for t in range(min(at, p.instance.periods)):
            p.at_most(c.type, c.id, t, [(int(p.columns.deployments[q].open[0, t]), 1.0)])


def _force(p: Problem, c: ForceDeployment) -> None:
    t = p.instance.periods - 1
    p.at_least(c.type, c.id, t, _open_paying(p, matching(p, c.city, c.stack), t), 1.0)


def _forbid(p: Problem, c: ForbidDeployment) -> None:
    for q in matching(p, c.city, c.stack):
        for t in range(p.instance.periods):
            p.at_most(c.type, c.id, t, [(int(p.columns.deployments[q].begun[t]), 1.0)])


def _fleet(p: Problem, users: Iterable[int], t: int) -> Terms:
    return [term for q in users for term in p.fleet_terms(q, t)]


def _fleet_cap(p: Problem, c: FleetCap) -> None:
    for t in periods_between(p, c.start, c.end):
        p.at_most(c.type, c.id, t, _fleet(p, matching(p, c.city, c.stack), t), float(c.vehicles))


def _fleet_floor(p: Problem, c: FleetFloor) -> None:
    for t in periods_between(p, c.start, c.end):
        p.at_least(c.type, c.id, t, _fleet(p, matching(p, c.city, c.stack), t), float(c.vehicles))


def _partner_share(p: Problem, c: PartnerShare) -> None:
    inside = {s for s, d in p.instance.stacks.items() if d.partner == c.partner}
    for t in periods_between(p, c.start, None):
        terms: Terms = []
        for q, data in enumerate(p.instance.deployments):
            factor = (1.0 if data.stack in inside else 0.0) - c.max_share
            terms += [(column, factor) for column, _ in p.fleet_terms(q, t)]
        p.at_most(c.type, c.id, t, terms)


def _launches_per_quarter(p: Problem, c: LaunchesPerQuarter) -> None:
    grid = p.instance.grid
    quarter = [(int(m) - grid.start) // 3 for m in grid.starts]
    for k in sorted(set(quarter)):
        first, last = quarter.index(k), len(quarter) - 1 - quarter[::-1].index(k)
        terms: Terms = []
        for own in p.columns.deployments:
            terms.append((int(own.open[0, last]), 1.0))
            if first:
                terms.append((int(own.open[0, first - 1]), -1.0))
        p.at_most(c.type, c.id, first, terms, float(c.max))


def _stacks_per_city(p: Problem, c: StacksPerCity) -> None:
    t = p.instance.periods - 1
    for city in [c.city] if c.city else list(p.instance.cities):
        opened = [(int(p.columns.deployments[q].open[0, t]), 1.0) for q in matching(p, city, None)]
        p.at_most(c.type, c.id, t, opened, float(c.max))


def wait_line(surface: ResponseSurface, max_wait_min: float) -> tuple[float, float]:
    """Return ``(slope, floor)`` so that ``V >= slope * D + floor`` keeps the mean wait, at every sampled demand.

    Found as the smallest sampled fleet from which the wait stays below the limit, fitted from above.
    """
    needed = []
    for j in range(len(surface.sample_demand)):
        good = np.nan_to_num(surface.sample_wait_min[:, j], nan=np.inf) <= max_wait_min
        kept = np.logical_and.accumulate(good[::-1])[::-1]
        needed.append(float(surface.sample_vehicles[int(np.argmax(kept))]) if kept.any() else UNREACHABLE_VEHICLES)
    slope = max(0.0, float(np.polyfit(surface.sample_demand, needed, 1)[0]))
    return slope, float(np.max(np.asarray(needed) - slope * surface.sample_demand))


def _service_level(p: Problem, c: ServiceLevel) -> None:
    for q in matching(p, c.city, None):
        own = p.columns.deployments[q]
        for g, level in enumerate(p.instance.cities[p.instance.deployments[q].city].service.levels):
            slope, floor = wait_line(level.surface, c.max_wait_min)
            for t in range(p.instance.periods):
                terms = [(int(own.fleet[g, t]), 1.0), (int(own.demand[g, t]), -slope), (int(own.open[g, t]), -floor)]
                if g + 1 < own.open.shape[0]:
                    terms.append((int(own.open[g + 1, t]), floor))
                p.at_least(c.type, c.id, t, terms)


def _minimum_trips(p: Problem, c: MinimumTrips) -> None:
    for t in periods_between(p, c.start, None):
        users = matching(p, c.city, None)
        trips = [(int(col), 1.0) for q in users for col in p.columns.deployments[q].trips[:, t]]
        p.at_least(c.type, c.id, t, trips, c.trips_per_day)


WRITERS: dict[type, Callable[[Problem, Any], None]] = {
    MarketsLive: _markets_live,
    LaunchNotBefore: _launch_not_before,
    LaunchBy: _launch_by,
    LaunchFixed: _launch_fixed,
    ForceDeployment: _force,
    ForbidDeployment: _forbid,
    FleetCap: _fleet_cap,
    FleetFloor: _fleet_floor,
    PartnerShare: _partner_share,
    LaunchesPerQuarter: _launches_per_quarter,
    StacksPerCity: _stacks_per_city,
    ServiceLevel: _service_level,
    MinimumTrips: _minimum_trips,
}


class Targets(Rule):
    """The request's constraints that are rows; delays, events and supply changes alter the data instead."""

    key = "targets"
    title = "The request's own constraints"
    source = "the request"

    def write(self, p: Problem) -> None:
        """Write every constraint."""
        for constraint in p.instance.scope.constraints:
            self.write_one(p, constraint)

    def write_one(self, p: Problem, constraint: AnyConstraint) -> None:
        """Write one constraint's rows."""
        writer = WRITERS.get(type(constraint))
        if writer is not None:
            writer(p, constraint)


TARGET_RULES: tuple[Rule, ...] = (Targets(),)
