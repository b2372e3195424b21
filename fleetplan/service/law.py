"""How many trips a fleet serves in an hour: the pickup law, its larger root, the turn in undersupply and the knee.

Per hour, with V_h vehicles in service and demand lambda (facts, fleet-sizing science, sections 1-5):

    V_h = lambda (tau + b + p0 + R) + lambda k sqrt(A_eff / I) + I                       (vehicle hours)

With x = sqrt(I), W = V_h - lambda (tau + b + p0 + R) and c = lambda k sqrt(A_eff) this is x^3 - W x + c = 0. It has
roots when W >= 3 (c/2)^(2/3); the larger one is 2 sqrt(W/3) cos(arccos(-(c/2) (3/W)^(3/2)) / 3). The smaller one is
the wild goose chase and is never returned.

Without a root cars are scarce: a free car takes the nearest of Q waiting
riders, and the trips that are served select themselves, so that rebalancing fades. Riders farther than their patience
from the car that would come are not served; distances to the nearest of scattered cars are Rayleigh distributed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fleetplan.service.parameters import ServiceParameters

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

QUEUE_SHARE = 0.4
"""Waiting riders in undersupply: Q = 0.4 x demand x patience (calibrated, fleet-sizing science, section 5)."""
SELECTION_FROM = 0.5
"""Served share below which the served trips need no rebalancing (calibrated, same section)."""
SELECTION_ROUNDS = 6


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


def larger_root(spare: Array, pull: Array) -> Array:
    """Return idle cars I, the larger root of ``I + pull / sqrt(I) = spare``; nan where there is none.

    >>> round(float(larger_root(np.array(10.0), np.array(0.0))), 9)
    10.0
    """
    enough = (spare > 0) & (spare >= 3.0 * np.cbrt(pull / 2.0) ** 2)
    safe = np.where(enough, spare, 1.0)
    cosine = np.clip(-(pull / 2.0) * (3.0 / safe) ** 1.5, -1.0, 1.0)
    root = 2.0 * np.sqrt(safe / 3.0) * np.cos(np.arccos(cosine) / 3.0)
    return np.where(enough, root**2, np.nan)


def needed_vehicles(hour: Hour, parameters: ServiceParameters) -> Array:
    """Return the least vehicles in service that serve all demand: ``rho + 3 (lambda k sqrt(A_eff) / 2)^(2/3)``."""
    load = hour.demand * (hour.ride_h + parameters.boarding_h + hour.rebalance_h + parameters.pickup_fixed_h)
    return np.asarray(load + 3.0 * np.cbrt(_pull(hour) / 2.0) ** 2)


def serve(hour: Hour, vehicles: Array, parameters: ServiceParameters) -> HourService:
    """Return what ``vehicles`` in service do in each hour; arrays broadcast.

    Both branches are worked out, plentiful cars (the nearest idle car comes) and scarce cars (a free car takes the
    nearest rider); the dispatcher runs the one that serves more.
    """
    search = hour.search_h_per_km * np.sqrt(hour.effective_km2)
    load = hour.ride_h + parameters.boarding_h + hour.rebalance_h + parameters.pickup_fixed_h
    spare = vehicles - hour.demand * load
    idle = larger_root(spare, np.broadcast_to(_pull(hour), spare.shape))
    plenty = np.isfinite(idle) & (idle >= 1.0)
    queue = np.maximum(QUEUE_SHARE * hour.demand * parameters.patience_h, 1.0)
    rich = _served(hour, vehicles, search / np.sqrt(np.where(plenty, idle, 1.0)), parameters, fades=False)
    poor = _served(hour, vehicles, search / np.sqrt(queue), parameters, fades=True)
    over = plenty & (rich.trips >= poor.trips)

    def pick(of_rich: Array, of_poor: Array) -> Array:
        return np.where(over, of_rich, of_poor)

    pickup = pick(rich.pickup_h, poor.pickup_h)
    calm = over & (pickup < parameters.patience_h)
    wait = parameters.batching_h / 2.0 + np.where(calm, pickup, 0.5 * (pickup + parameters.patience_h))
    return HourService(
        trips=pick(rich.trips, poor.trips),
        pickup_h=pickup,
        wait_h=wait,
        rebalance_h=pick(rich.rebalance_h, poor.rebalance_h),
        idle=pick(np.where(plenty, idle, 0.0), np.zeros_like(idle)),
        oversupplied=over,
    )


@dataclass(frozen=True, eq=False)
class _Served:
    trips: Array
    pickup_h: Array
    rebalance_h: Array


def _served(hour: Hour, vehicles: Array, search_h: Array, parameters: ServiceParameters, *, fades: bool) -> _Served:
    """Return trips served when searching takes ``search_h`` in the mean; scarcity makes rebalancing fade."""
    p0, patience = parameters.pickup_fixed_h, parameters.patience_h
    reach = -np.expm1(-np.pi / 4.0 * ((patience - p0) / np.maximum(search_h, 1e-9)) ** 2)
    pickup = p0 + np.minimum(search_h, patience - p0)
    fixed = hour.ride_h + parameters.boarding_h + pickup
    wanted = hour.demand * reach
    rebalance = np.broadcast_to(hour.rebalance_h, wanted.shape)
    trips = np.zeros(np.broadcast_shapes(wanted.shape, vehicles.shape))
    for _ in range(SELECTION_ROUNDS if fades else 1):
        each = fixed + rebalance
        trips = np.minimum(busy_vehicles(hour.demand * each, vehicles) / each, wanted)
        if fades:
            share = np.divide(trips, hour.demand, out=np.zeros_like(trips), where=hour.demand > 0)
            fade = np.clip((share - SELECTION_FROM) / (1.0 - SELECTION_FROM), 0.0, 1.0)
            rebalance = hour.rebalance_h * fade
    return _Served(trips, np.broadcast_to(pickup, trips.shape), np.broadcast_to(rebalance, trips.shape))


def busy_vehicles(load: Array, vehicles: Array) -> Array:
    """Return E[min(N, V)] for N trips under way, normal with mean and variance ``load``: the stochastic knee."""
    load, vehicles = np.broadcast_arrays(load, vehicles)
    root = np.sqrt(np.maximum(load, 1e-12))
    z = (vehicles - load) / root
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    busy = load - root * (density - z * ndtr(-z))
    return np.asarray(np.clip(busy, 0.0, np.minimum(vehicles, load)))


def _pull(hour: Hour) -> Array:
    return np.asarray(hour.demand * hour.search_h_per_km * np.sqrt(hour.effective_km2))
