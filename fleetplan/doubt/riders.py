"""Trips in many futures: what the plan's fleets serve in its areas when riders, streets and cars turn out otherwise.

In each future a service carries what the rules of docs/model.md let it (``demand``, ``city_demand``, ``response_curve``,
``productivity``, ``driving_day``), in the proportion in which the plan makes use of them: a plan that serves all it can serves
all it can in every future. Where stacks share a city's riders and these are too few, each gets its part in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.fixed import Fixed, ServiceFixed
from fleetplan.doubt.futures import Futures

Array = NDArray[np.float64]
NO_TRIPS = 1e-9


@dataclass(frozen=True, eq=False)
class Ridden:
    """Trips and kilometres a mean day, and the length of a mean trip of the area in force; shapes (futures or 1, periods)."""

    trips: Array
    km: Array
    trip_km: Array


@dataclass(frozen=True, eq=False)
class LawShift:
    """What figures that stand in the response curves make of them, relative to the likely ones; shapes (futures or 1, periods).

    ``trips`` of a fleet by the law, ``km`` driven for them, ``km_most`` a vehicle can drive in a day, ``riders`` with both ends
    in the area, ``trip_km`` the length of their trips.
    """

    trips: Array
    km: Array
    km_most: Array
    riders: Array
    trip_km: Array


def unshifted() -> LawShift:
    """Return curves as they are."""
    same = np.ones((1, 1))
    return LawShift(same, same, same, same, same)


def scale(fixed: Fixed, futures: Futures, service: ServiceFixed) -> Array:
    """Return season, rivals and price as one factor on riders, shape (futures or 1, periods)."""
    season = futures.many(service.city.figures["season.month_factors"]) @ fixed.calendar_months
    middle = fixed.starts - fixed.starts[0] + fixed.lengths / 2
    rivals = futures.of(service.city, "market.rival_share") * _grown(futures, service, middle) / fixed.lengths.sum()
    rivals = np.minimum(rivals, 1.0) if service.rivals_line is not None else rivals
    price = futures.of(service.stack, "contract.fare_multiplier") ** futures.own("price.elasticity")
    return np.asarray(season * (1.0 - rivals) * price * service.rivals_leave)


def _grown(futures: Futures, service: ServiceFixed, middle: Array) -> Array:
    """Return how many months rivals have grown by the middle of each period; those of a line in doubt follow it."""
    line = service.rivals_line
    if line is None:
        return middle
    part, volume = futures.own("rival.line_share"), futures.own("rival.line_vehicles_per_year")
    built = volume if line.vehicles_per_year is None else float(line.vehicles_per_year)
    return np.asarray((1.0 - part) * middle + part * built / volume * np.maximum(0.0, middle - line.delay_months))


def market(futures: Futures, service: ServiceFixed) -> Array:
    """Return the city's riders over those that its curves were made for, shape (futures or 1, 1)."""
    city = service.city
    keys = ("market.trips_per_day", "market.platform_share")
    parts = [futures.ratio(city, key) for key in keys if key in city.figures]
    return np.asarray(np.prod(np.broadcast_arrays(np.ones((1, 1)), *parts), axis=0))


def _won(futures: Futures, ages: Array, pilot: Array) -> Array:
    curve = futures.many(futures.catalogue.assumptions["adoption.curve_monthly"]) @ ages
    return np.asarray(np.where(pilot > 0, futures.own("adoption.operator_share"), curve))


def riders(fixed: Fixed, futures: Futures) -> list[Array]:
    """Return the riders a mean day that each service may have, shapes (futures or 1, periods)."""
    most, scales = [], []
    for service in fixed.services:
        scales.append(scale(fixed, futures, service))
        won = sum(
            (ring.adds_per_day * ring.open * _won(futures, ring.ages, ring.pilot) for ring in service.rings),
            np.zeros((1, len(fixed.lengths))),
        )
        most.append(won * market(futures, service) * scales[-1])
    for city in dict.fromkeys(service.city.slug for service in fixed.services):
        inside = [k for k, service in enumerate(fixed.services) if service.city.slug == city]
        if len(inside) > 1:
            _share(fixed, futures, inside, most, scales)
    return most


def _share(fixed: Fixed, futures: Futures, inside: Sequence[int], most: list[Array], scales: Sequence[Array]) -> None:
    """Leave the stacks of a city no more riders together than each area of it holds, from the smallest on."""
    first = fixed.services[inside[0]]
    won = _won(futures, first.city_ages, first.city_pilot) * market(futures, first)
    for number, level in enumerate(first.levels, start=1):
        within = [
            (k, np.array([0 < reached <= number for reached in fixed.services[k].deployed.row.level])) for k in inside
        ]
        claimed = sum(most[k] / np.maximum(scales[k], NO_TRIPS) * there for k, there in within)
        share = np.minimum(1.0, level.surface.demand_trips_per_day * won / np.maximum(claimed, NO_TRIPS))
        for k, there in within:
            most[k] = np.where(there, most[k] * share, most[k])


def possible(futures: Futures, service: ServiceFixed, offered: Array, shift: LawShift) -> tuple[Array, Array, Array]:
    """Return the most trips a mean day, and the kilometres of a trip and of a vehicle, shapes (futures or 1, periods)."""
    vehicles = service.vehicles
    curve: Array = np.full((1, 1), np.inf)
    for alpha, beta, gamma in service.planes:
        curve = np.minimum(curve, alpha * vehicles + beta * offered + gamma)
    curve = np.maximum(curve, 0.0) * shift.trips
    table = futures.many(futures.catalogue.assumptions["fleet.trips_per_car_day_by_half_year"])
    each = np.maximum.accumulate(table, axis=1) @ service.halves
    cars = vehicles * (1.0 + futures.own("service.spare_share"))
    per_trip, per_vehicle = service.km_per_trip * shift.km, service.km_per_vehicle * shift.km
    room = np.maximum(service.km_most * shift.km_most - per_vehicle, 0.0) * vehicles
    far = np.where(per_trip > 0, room / np.maximum(per_trip, NO_TRIPS), np.inf)
    most = np.minimum(np.minimum(curve, offered * shift.riders) * service.carried, np.minimum(each * cars, far))
    return np.where(vehicles > 0, most, 0.0), per_trip, per_vehicle


def ridden(fixed: Fixed, futures: Futures, shifts: Mapping[str, LawShift], served: Mapping[str, Array]) -> list[Ridden]:
    """Return what each service carries and drives; ``served``: what share of the most possible the plan itself carries."""
    found = []
    for service, offered in zip(fixed.services, riders(fixed, futures), strict=True):
        shift = shifts.get(service.name, unshifted())
        most, per_trip, per_vehicle = possible(futures, service, offered, shift)
        trips = most * served[service.name]
        km = np.asarray(per_trip * trips + per_vehicle * service.vehicles)
        found.append(Ridden(trips, km, np.asarray(service.trip_km * shift.trip_km)))
    return found


def served_shares(fixed: Fixed, likely: Futures) -> dict[str, Array]:
    """Return what share of the most possible trips each service of the plan carries, by period, at the likely figures."""
    found = {}
    for service, offered in zip(fixed.services, riders(fixed, likely), strict=True):
        most, _, _ = possible(likely, service, offered, unshifted())
        ratio = service.trips / np.maximum(most[0], NO_TRIPS)
        found[service.name] = np.where(most[0] > NO_TRIPS, ratio, 0.0)
    return found
