"""Service: trips under the response curve of the area in force, read over what was within reach."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.growth import driver_out_since
from fleetplan.plans.check.money import km_per_day
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.reach import within_reach
from fleetplan.plans.check.report import RATIO, Violation, say, trips_over
from fleetplan.plans.check.suspended import paused, recovering
from fleetplan.request.imposed import ServiceHours
from fleetplan.service.types import ResponseSurface

Array = NDArray[np.float64]
Domain = tuple[int, int]

TENS = 10
HALF_YEAR = 6
DAYS = ("weekday", "weekend")
FEWEST = 4
AT_SAMPLE = 1e-9  # of a reach: a sample so little below it counts as reached
NEAR_TRIPS = 0.5
NOTHING = np.array([1e-4, 1e-5, 1e-2])  # trips per vehicle-day, share of riders, trips a day


def sampled(surface: ResponseSurface, fleet: float, riders: float) -> Domain:
    """Return how many fleets and how many demands count of a surface's samples for a reach.

    Those up to the first that is no smaller; fleets in tens, at least four demands, never more than there are.
    """

    def up_to(axis: Array, reach: float) -> int:
        return int(np.sum(axis < reach * (1.0 - AT_SAMPLE))) + 1

    fleets = -(-up_to(surface.sample_vehicles, fleet) // TENS) * TENS
    demands = max(up_to(surface.sample_demand, riders), FEWEST)
    return min(fleets, len(surface.sample_vehicles)), min(demands, len(surface.sample_demand))


_PLANES: WeakKeyDictionary[ResponseSurface, dict[Domain, Array]] = WeakKeyDictionary()
"""Planes by surface and samples that count: plans of the same cities are checked one after another."""
_FROM_NONE: WeakKeyDictionary[ResponseSurface, dict[Domain, Array]] = WeakKeyDictionary()
"""The same of planes from no vehicle on, which hold where a suspension may leave fewer than any sampled."""


def planes_over(surface: ResponseSurface, domain: Domain) -> Array:
    """Return the planes over the samples that count, shape (planes, 3): trips per vehicle, share of riders, trips a day."""
    known = _PLANES.setdefault(surface, {})
    if domain not in known:
        known[domain] = _planes_over(surface, domain)
    return known[domain]


def _planes_over(surface: ResponseSurface, domain: Domain) -> Array:
    fleets, demands = domain
    if domain == surface.sample_trips.shape or min(domain) < FEWEST:
        return _without_noise(surface.planes)
    from fleetplan.service.hull import concave_planes  # noqa: PLC0415  # hulls are not needed before the search

    vehicles, riders = surface.sample_vehicles[1:fleets], surface.sample_demand[1:demands]
    own, _ = concave_planes(vehicles, riders, surface.sample_trips[1:fleets, 1:demands])
    planes = _without_noise(np.concatenate([own, surface.planes]))
    heights = (
        planes[:, 0, None, None] * vehicles[None, :, None]
        + planes[:, 1, None, None] * riders[None, None, :]
        + planes[:, 2, None, None]
    )
    near = heights <= heights.min(axis=0) + NEAR_TRIPS
    return np.asarray(planes[near.any(axis=(1, 2))])


def planes_from_none(surface: ResponseSurface, domain: Domain) -> Array:
    """Return the planes over the samples that count and those of no vehicle and of no rider, shape (planes, 3)."""
    known = _FROM_NONE.setdefault(surface, {})
    if min(domain) < FEWEST:
        return _without_noise(np.maximum(surface.planes, 0.0))
    if domain not in known:
        from fleetplan.service.hull import concave_planes  # noqa: PLC0415  # hulls are not needed before the search

        fleets, demands = domain
        axes = surface.sample_vehicles[:fleets], surface.sample_demand[:demands]
        known[domain] = _without_noise(concave_planes(*axes, surface.sample_trips[:fleets, :demands])[0])
    return known[domain]


def _without_noise(planes: Array) -> Array:
    return np.where(np.abs(planes) < NOTHING, 0.0, planes)


class Curves:
    """The planes of every deployment's levels by period, each set worked out once."""

    def __init__(self, case: Case) -> None:
        self._within = {d.name: within_reach(case, d.stack, d.city) for d in case.deployed}
        self._few = {d.name: recovering(case, d) for d in case.deployed}
        self._stopped = {d.name: paused(case, d, stopped=True) for d in case.deployed}

    def most_trips(self, deployed: Deployed, t: int) -> float:
        """Return the trips a day that the fleet can serve at its demand in the level in force; none where none is left."""
        if t in self._stopped[deployed.name]:
            return 0.0
        index = deployed.row.level[t] - 1
        surface, within = deployed.levels[index].surface, self._within[deployed.name]
        domain = sampled(surface, float(within.fleet[t]), float(within.riders[index, t]))
        planes = planes_from_none if t in self._few[deployed.name] else planes_over
        point = np.array([deployed.row.vehicles[t], deployed.row.demand_per_day[t], 1.0])
        return float((planes(surface, domain) @ point).min())


def hours_carried(case: Case, deployed: Deployed, t: int) -> float:
    """Return the share of a mean day's trips that fall into the hours in which the request lets a service run."""
    shares = [1.0]
    for c in case.request.constraints:
        if not isinstance(c, ServiceHours) or resolve_city(case.raw, c.city) != deployed.row.city:
            continue
        stack = resolve_stack(case.raw, c.stack, deployed.row.city) if c.stack else deployed.row.stack
        if stack == deployed.row.stack and t in case.request.grid.window(c.start, c.end):
            days = deployed.city.series("profile.day_of_week")
            over = c.to_hour <= c.from_hour
            inside = [h for h in range(24) if (h >= c.from_hour) + (h < c.to_hour) >= (1 if over else 2)]
            weekday, weekend = (sum(deployed.city.series(f"profile.{day}")[h] for h in inside) for day in DAYS)
            shares.append(sum(days[:5]) * weekday + sum(days[5:]) * weekend)
    return min(shares)


def check_response_curve(case: Case) -> Iterator[Violation]:
    """Yield trips above what the fleet can serve in the level in force, or above what is offered."""
    curves = Curves(case)
    for deployed in case.deployed:
        for t in case.periods:
            if deployed.level(t) is None:
                continue
            vehicles, trips = deployed.row.vehicles[t], deployed.row.trips_per_day[t]
            demand, where = deployed.row.demand_per_day[t], case.where(deployed.name, t)
            share = hours_carried(case, deployed, t)
            curve, demand = share * curves.most_trips(deployed, t), share * demand
            if trips_over(trips, curve):
                text = say("{} vehicles serve {:.1f} trips a day; the curve allows {:.1f}", vehicles, trips, curve)
                yield Violation("response_curve", where, text, trips - curve)
            if trips_over(trips, demand):
                text = say("{:.1f} trips a day are served; {:.1f} are offered", trips, demand)
                yield Violation("response_curve", where, text, trips - demand)


def trips_per_car(case: Case, since: int, t: int) -> float:
    """Return the trips a day that a car makes at most, the mean over a period's months by its service's half years driver-out."""
    table = case.catalogue.assumptions["fleet.trips_per_car_day_by_half_year"].values
    halves = [max(0, month - since) // HALF_YEAR for month in case.months(t)]
    return sum(max(table[: half + 1]) for half in halves) / len(halves)


def check_productivity(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield trips beyond what cars of services of that age make, counted on the whole fleet with its spares."""
    for deployed in case.deployed:
        since = driver_out_since(case, calendar, deployed)
        for t in case.periods:
            cars = deployed.row.vehicles[t] * (1 + case.own("service.spare_share"))
            trips, each = deployed.row.trips_per_day[t], trips_per_car(case, since, t)
            if trips_over(trips, each * cars):
                text = say(
                    "{:.1f} trips a day are served by {:.1f} cars; at its age each makes {:.1f} at most",
                    trips,
                    cars,
                    each,
                )
                yield Violation("productivity", case.where(deployed.name, t), text, trips - each * cars)


def check_driving_day(case: Case) -> Iterator[Violation]:
    """Yield vehicles that drive farther than the streets' speed allows in their service hours."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.level(t)
            if level is None:
                continue
            most = level.surface.km_per_vehicle_day_most * max(deployed.row.vehicles[t], 1e-9)
            km = km_per_day(deployed, t)
            if km > most * (1 + RATIO) + RATIO:
                text = say(
                    "{:.0f} km a day are driven; {} vehicles can drive {:.0f}", km, deployed.row.vehicles[t], most
                )
                yield Violation("driving_day", case.where(deployed.name, t), text, km - most)


def check_vehicles_max(case: Case) -> Iterator[Violation]:
    """Yield fleets larger than any for which the law of their area was sampled."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.level(t)
            most = level.surface.vehicles_max if level is not None else 0.0
            if level is not None and deployed.row.vehicles[t] > most + RATIO:
                text = say(
                    "{} vehicles serve {}; its law was sampled up to {:.0f}", deployed.row.vehicles[t], level.name, most
                )
                yield Violation("vehicles_max", case.where(deployed.name, t), text, deployed.row.vehicles[t] - most)
