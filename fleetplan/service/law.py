"""How long riders wait for a fleet in an hour, and how many of them still ride: the pickup law and its fixed point.

With demand lambda at the reference wait, f(w) the share that accepts a wait of w, and V_h vehicles in service, a wait w takes

    V_h = lambda f(w) (tau + b + R + P) + I                                                (vehicle hours)

P is the pickup, p0 and the way to the rider (facts, fleet-sizing science, sections 1-5). With plentiful cars the nearest idle
one comes at once: w = P, and I = A_eff (k / (P - p0))^2 cars must stand idle. With scarce cars none is idle: a free car takes the
nearest of the riders waiting, Q = lambda f(w) (w - P) by Little's law, so that P = p0 + k sqrt(A_eff / Q) is short and w is long.
The dispatcher runs whichever needs fewer cars, and the wait that comes about is the shortest that the cars at hand can keep. It
is the larger root of the balance: the wild goose chase (few idle cars, long ways) takes more cars for a longer wait.

Nobody is turned away and no wait is capped: riders answer the wait,

    f(w) = exp(-|elasticity| / 2 ((w / w0)^2 - 1)),   1 below the reference wait w0,

whose elasticity is the published one at w0 and grows with the square of the wait, since a minute more is worth more to who has
waited long. Trips that are served select themselves when few are, and then need no rebalancing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fleetplan.service.parameters import ServiceParameters

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SELECTION_FROM = 0.5
"""Share of riders served below which the served trips need no rebalancing (calibrated, fleet-sizing science, section 5)."""
LONGEST_WAIT_H = 1.5
"""Beyond it nobody waits: the response is below 1e-6 there for any published elasticity."""
_WAYS_H = np.geomspace(1e-5, LONGEST_WAIT_H, 80)
_HALVINGS = 24


@dataclass(frozen=True, eq=False)
class Hour:
    """Conditions of hours, arrays that broadcast together: demand 1/h, times in h, area in km2."""

    demand: Array
    ride_h: Array
    rebalance_h: Array
    effective_km2: Array
    search_h_per_km: Array


@dataclass(frozen=True, eq=False)
class HourService:
    """What a fleet does in those hours: trips per hour, pickup, wait and rebalancing time per trip (h), idle cars."""

    trips: Array
    pickup_h: Array
    wait_h: Array
    rebalance_h: Array
    idle: Array
    oversupplied: Flags


def accepted_share(wait_h: Array, parameters: ServiceParameters) -> Array:
    """Return the share of riders, of those at the reference wait, who accept a wait; 1 below it."""
    beyond = (wait_h / parameters.reference_wait_h) ** 2 - 1.0
    return np.asarray(np.exp(-0.5 * parameters.wait_response * np.maximum(beyond, 0.0)))


def needed_vehicles(hour: Hour, parameters: ServiceParameters) -> Array:
    """Return the least vehicles in service that serve all demand: ``rho + 3 (lambda k sqrt(A_eff) / 2)^(2/3)``."""
    load = hour.demand * (hour.ride_h + parameters.boarding_h + hour.rebalance_h + parameters.pickup_fixed_h)
    pull = hour.demand * hour.search_h_per_km * np.sqrt(hour.effective_km2)
    return np.asarray(load + 3.0 * np.cbrt(pull / 2.0) ** 2)


@dataclass(frozen=True, eq=False)
class Balance:
    """What keeping a wait takes, arrays by hour and wait: riders 1/h, vehicles, times in h."""

    riders: Array
    vehicles: Array
    pickup_h: Array
    rebalance_h: Array
    plenty: Flags


def balance(hour: Hour, way_h: Array, parameters: ServiceParameters) -> Balance:
    """Return what it takes to keep riders waiting ``way_h`` beyond batching and the fixed part of a pickup; arrays broadcast."""
    wait = parameters.batching_h / 2.0 + parameters.pickup_fixed_h + way_h
    share = accepted_share(wait, parameters)
    riders = hour.demand * share
    rebalance = hour.rebalance_h * np.clip((share - SELECTION_FROM) / (1.0 - SELECTION_FROM), 0.0, 1.0)
    each = hour.ride_h + parameters.boarding_h + rebalance + parameters.pickup_fixed_h
    search = hour.search_h_per_km * np.sqrt(hour.effective_km2)
    idle = (search / way_h) ** 2
    rich = np.where(idle >= 1.0, riders * (each + way_h) + idle, np.inf)
    way_poor = nearest_rider_h(way_h, search**2 / np.maximum(riders, 1e-12))
    poor = np.where(np.isfinite(way_poor), riders * (each + way_poor), np.inf)
    plenty = rich <= poor
    return Balance(
        riders=riders,
        vehicles=np.minimum(rich, poor),
        pickup_h=parameters.pickup_fixed_h + np.where(plenty, way_h, np.where(np.isfinite(way_poor), way_poor, way_h)),
        rebalance_h=rebalance,
        plenty=plenty,
    )


def nearest_rider_h(wait_h: Array, pull: Array) -> Array:
    """Return the way y to the nearest of the riders waiting: the smaller root of ``y^2 (wait - y) = pull``; nan if there is none.

    >>> round(float(nearest_rider_h(np.array(1.0), np.array(0.1**2 * 0.9))), 9)
    0.1
    """
    cosine = 1.0 - 13.5 * pull / wait_h**3
    angle = np.arccos(np.clip(cosine, -1.0, 1.0)) / 3.0 - 2.0 * np.pi / 3.0
    return np.where(cosine >= -1.0, wait_h / 3.0 * (1.0 + 2.0 * np.cos(angle)), np.nan)


def serve(hour: Hour, vehicles: Array, parameters: ServiceParameters) -> HourService:
    """Return what ``vehicles`` in service do in each hour; arrays broadcast.

    The shortest wait that the vehicles can keep is looked for among a row of waits, then by halving.
    """
    conditions = np.broadcast_arrays(
        hour.demand, hour.ride_h, hour.rebalance_h, hour.effective_km2, hour.search_h_per_km
    )
    each = Hour(*conditions)
    rows = balance(Hour(*(c[..., None] for c in conditions)), _WAYS_H, parameters).vehicles
    least = np.minimum.accumulate(rows, axis=-1)  # (hours, waits): never rising, so that it can be searched
    shape = np.broadcast_shapes(each.demand.shape, vehicles.shape)
    enough = (np.broadcast_to(least, (*shape, len(_WAYS_H))) <= np.broadcast_to(vehicles, shape)[..., None]).argmax(
        axis=-1
    )
    none = np.broadcast_to(least[..., -1], shape) > vehicles
    last = np.where(none, len(_WAYS_H) - 1, enough)
    long, short = _WAYS_H[last], _WAYS_H[np.maximum(last - 1, 0)]
    for _ in range(_HALVINGS):
        middle = 0.5 * (short + long)
        kept = balance(each, middle, parameters).vehicles <= vehicles
        long, short = np.where(kept, middle, long), np.where(kept, short, middle)
    found = balance(each, long, parameters)
    return _served(each, found, long, vehicles, parameters)


def _served(hour: Hour, found: Balance, way_h: Array, vehicles: Array, parameters: ServiceParameters) -> HourService:
    """Return the trips of the riders who accept the wait, less those whom chance leaves without a car."""
    each = hour.ride_h + parameters.boarding_h + found.pickup_h + found.rebalance_h
    load = found.riders * each
    trips = np.minimum(busy_vehicles(load, vehicles) / each, found.riders)
    wait = parameters.batching_h / 2.0 + parameters.pickup_fixed_h + way_h
    idle = np.maximum(vehicles - load, 0.0) * found.plenty
    shape = trips.shape
    return HourService(
        trips=trips,
        pickup_h=np.broadcast_to(found.pickup_h, shape),
        wait_h=np.broadcast_to(wait, shape),
        rebalance_h=np.broadcast_to(found.rebalance_h, shape),
        idle=np.broadcast_to(idle, shape),
        oversupplied=np.broadcast_to(found.plenty, shape),
    )


def busy_vehicles(load: Array, vehicles: Array) -> Array:
    """Return E[min(N, V)] for N trips under way, normal with mean and variance ``load``: the stochastic knee."""
    load, vehicles = np.broadcast_arrays(load, vehicles)
    root = np.sqrt(np.maximum(load, 1e-12))
    z = (vehicles - load) / root
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    busy = load - root * (density - z * ndtr(-z))
    return np.asarray(np.clip(busy, 0.0, np.minimum(vehicles, load)))
