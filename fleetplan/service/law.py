"""How long riders wait for a fleet in an hour, and how many of them still ride: the pickup law under chance.

Of V vehicles in service ``L = lambda f (tau + b + R + P)`` are under way (facts, fleet-sizing science, sections 1-5). Cars free
less riders waiting, N, fluctuates: normal with standard deviation ``S = s (lambda f k sqrt(A_eff))^(2/3)``, for what stands
against chance in space must grow like that (Besbes, Castro & Lobel 2022, Operations Research 70:1271-1291), not like the root, as
in one pool. So in one place cars stand while in another riders wait,

    V = L + E[N+],   Q = E[N-] riders waiting,   P = p0 + k sqrt(A_eff / (E[N+] + w E[N-]))

for a rider takes the nearest of the free cars, a car that becomes free the nearest of those who wait, and of n the nearest is
``k sqrt(A_eff / n)`` away (square-root law: Arnott 1996, Daganzo 1978). There is always somebody to choose from: cars stand and
riders wait at the same time in different places, and of a city they are never both gone at once, as N = 0 would have it of a
single pool. With plentiful cars P is the well-known pickup; with scarce ones ways are short and waits long. Of riders who wait
fewer count (w): those are left who are far from where cars become free.

By Little's law a rider who asks spends ``Q / lambda`` in the queue. Nobody is turned away, no wait is capped: riders answer it,

    f(w) = exp(-|elasticity| / 2 ((w / w0)^2 - 1)),   1 below the reference wait w0,

being the share that accepts a wait of w. Its elasticity is the published one at w0 and grows with the square of the wait, since a
minute more is worth more to who has waited long. Waits are spread about their mean: ways to free cars as the distance to the
nearest of points at random (Rayleigh), waits for a car to become free as a Weibull distribution, in which who stands near is
served at once and who stands far off waits long. Trips that are served select themselves when few are, and need no rebalancing.
However many cars stand, a way is left, for they stand in some places and riders in others: ways add to it as right angles do.

``k``, R and s are those of the streets times the constants that are fitted to the event simulation
(:mod:`fleetplan.simulate.fitting`), and so are the way that is left and the shape of the waits. All this is solved for a row of
slacks ``z = E[N] / S`` and read at the vehicles at hand: the largest slack that they allow. So the wild goose chase
(few idle cars, long ways), which takes more cars for a longer wait, is never returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fleetplan.service.parameters import ServiceParameters

Array = NDArray[np.float64]

SELECTION_FROM = 0.5
"""Share of riders served below which the served trips need no rebalancing (calibrated, fleet-sizing science, section 5)."""
LONGEST_WAIT_H = 1.5
"""Told where nobody is served: the response is below 1e-6 there for any published elasticity."""
LEAST_SPREAD = 0.05
WAITING_COUNT = 0.8
"""How many riders to choose from one who waits stands for: those wait who are far from where cars become free (calibrated on all
cities together, 0.7-0.85 alike; geography-demand-service.md)."""
SMALLEST = 1e-12
ROUNDS = 14
_SLACKS = np.concatenate([-np.geomspace(300.0, 0.1, 30), [0.0], np.geomspace(0.1, 3000.0, 46)])
_WAYS_H = np.geomspace(1e-5, 30.0, 300)
_SPENT_H = np.geomspace(1e-5, 3.0, 300)
_TURNS = (np.arange(200) + 0.5) / 200
RAYLEIGH: Array = np.sqrt(-np.log1p(-_TURNS)) * 2.0 / np.sqrt(np.pi)
"""Ways to the nearest of cars that stand at random, in means, each as likely as the other."""


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
    """What a fleet does in those hours: trips per hour, pickup, wait and rebalancing time per trip (h)."""

    trips: Array
    pickup_h: Array
    wait_h: Array
    rebalance_h: Array


def accepted_share(wait_h: Array, parameters: ServiceParameters) -> Array:
    """Return the share of riders, of those at the reference wait, who accept a wait; 1 below it."""
    beyond = (wait_h / parameters.reference_wait_h) ** 2 - 1.0
    return np.asarray(np.exp(-0.5 * parameters.wait_response * np.maximum(beyond, 0.0)))


def needed_vehicles(hour: Hour, parameters: ServiceParameters) -> Array:
    """Return the vehicles in service that serve practically all: ``rho + (s + 3 / 4^(1/3)) (lambda k sqrt(A_eff))^(2/3)``."""
    rebalance = parameters.rebalance_factor * hour.rebalance_h
    load = hour.demand * (hour.ride_h + parameters.boarding_h + rebalance + parameters.pickup_fixed_h)
    pull = parameters.search_factor * hour.demand * hour.search_h_per_km * np.sqrt(hour.effective_km2)
    return np.asarray(load + (parameters.reserve + 3.0 / np.cbrt(4.0)) * np.cbrt(pull) ** 2)


def fixed_h(parameters: ServiceParameters) -> float:
    """Return the part of every wait that no car near by shortens: half a batch and the fixed part of a pickup."""
    return parameters.batching_h / 2.0 + parameters.pickup_fixed_h


@dataclass(frozen=True, eq=False)
class Response:
    """How riders answer waits that are spread about their mean, by the hours that a rider who asks spends waiting, shape (n,).

    Those end with a car or with the rider's leaving, and are counted beyond the fixed part. ``share`` of riders ride, after
    ``served`` hours on the mean.
    """

    share: Array
    served: Array

    @staticmethod
    def to(spread: Array, parameters: ServiceParameters) -> Response:
        """Return the response to waits that are spread like this about their mean."""
        waits = _WAYS_H[:, None] * spread[None, :]
        ride = accepted_share(fixed_h(parameters) + waits, parameters)
        share = ride.mean(axis=1)
        before = np.concatenate([np.ones((len(waits), 1)), ride[:, :-1]], axis=1)
        not_yet = 1.0 - np.concatenate([[0.0], _TURNS[:-1]])
        spent = (np.diff(waits, axis=1, prepend=0.0) * 0.5 * (before + ride) * not_yet).sum(axis=1)
        served = (ride * waits).mean(axis=1) / np.maximum(share, SMALLEST)
        return Response(np.interp(_SPENT_H, spent, share), np.interp(_SPENT_H, spent, served))


@dataclass(frozen=True, eq=False)
class _Mixed:
    """Where two responses are read, and which part of the wait each answers: ways to free cars, and turns."""

    cars: Response
    turns: Response
    below: NDArray[np.int64]
    part: Array
    by_way: Array

    @staticmethod
    def at(responses: tuple[Response, Response], spent_h: Array, by_way: Array) -> _Mixed:
        inside = np.clip(spent_h, _SPENT_H[0], _SPENT_H[-1])
        step = np.log(inside / _SPENT_H[0]) * ((len(_SPENT_H) - 1) / np.log(_SPENT_H[-1] / _SPENT_H[0]))
        below = np.minimum(step.astype(np.int64), len(_SPENT_H) - 2)
        return _Mixed(*responses, below, step - below, by_way)

    def read(self, name: str) -> Array:
        cars, turns = (getattr(r, name) for r in (self.cars, self.turns))
        low = turns[self.below] + self.by_way * (cars - turns)[self.below]
        high = turns[self.below + 1] + self.by_way * (cars - turns)[self.below + 1]
        return np.asarray(low + self.part * (high - low))


@cache
def turns(shape: float) -> Array:
    """Return waits for a car to become free near by, in means, each as likely as the other: Weibull with so much shape.

    >>> bool(abs(turns(1.0).mean() - 1.0) < 1e-12), bool(turns(0.7).max() > turns(1.0).max())
    (True, True)
    """
    waits = (-np.log1p(-_TURNS)) ** (1.0 / shape)
    return np.asarray(waits / waits.mean())


@cache
def _waiting() -> Array:
    """Return ``E[(z + e)-]`` at each slack z."""
    return np.asarray(np.exp(-0.5 * _SLACKS**2) / np.sqrt(2.0 * np.pi) - _SLACKS * ndtr(-_SLACKS))


@dataclass(frozen=True, eq=False)
class Balance:
    """Hours at each slack, arrays of the hours' shape and slacks: riders served 1/h, vehicles, h; ``each_h`` all of a trip."""

    riders: Array
    vehicles: Array
    pickup_h: Array
    wait_h: Array
    rebalance_h: Array
    each_h: Array


def balance(hour: Hour, parameters: ServiceParameters) -> Balance:
    """Return what hours are like at each slack: the fixed point of waits and of riders who accept them.

    Where a little more slack would serve fewer (ways are longest where neither cars nor riders wait), the smaller one stands, and
    nobody waits longer for more cars: a dispatcher need not send every one.
    """
    conditions = (hour.demand, hour.ride_h, hour.rebalance_h, hour.effective_km2, hour.search_h_per_km)
    demand, ride, rebalance_h, area, search_h = (c[..., None] for c in np.broadcast_arrays(*conditions))
    search = parameters.search_factor * search_h * np.sqrt(area)
    responses = Response.to(RAYLEIGH, parameters), Response.to(turns(parameters.turn_shape), parameters)
    shape = np.broadcast_shapes(demand.shape, _SLACKS.shape)
    share = np.ones(shape)
    for turn in range(ROUNDS):
        rebalance = parameters.rebalance_factor * rebalance_h * np.clip(share / SELECTION_FROM - 1.0, 0.0, 1.0)
        each = ride + parameters.boarding_h + rebalance + parameters.pickup_fixed_h
        spread = np.maximum(parameters.reserve * np.cbrt(demand * share * search) ** 2, LEAST_SPREAD)
        to_choose_from = spread * ((1.0 + WAITING_COUNT) * _waiting() + _SLACKS)
        way = np.hypot(search / np.sqrt(np.maximum(to_choose_from, 1.0)), parameters.least_way_h)
        queued = spread * _waiting() / np.maximum(demand, SMALLEST)
        spent = share * way + queued
        answer = _Mixed.at(responses, spent, share * way / np.maximum(spent, SMALLEST))
        if turn < ROUNDS - 1:
            share = np.sqrt(share * answer.read("share"))
    riders, served = demand * share, answer.read("served")
    most = riders >= np.maximum.accumulate(riders, axis=-1)
    best = np.maximum.accumulate(np.where(most, np.arange(len(_SLACKS)), 0), axis=-1)

    def at_best(values: Array) -> Array:
        return np.take_along_axis(np.broadcast_to(values, shape), best, axis=-1)

    return Balance(
        riders=at_best(riders),
        vehicles=riders * (each + way) + spread * (_waiting() + _SLACKS),
        pickup_h=at_best(parameters.pickup_fixed_h + np.minimum(way, served)),
        wait_h=np.minimum.accumulate(at_best(fixed_h(parameters) + served), axis=-1),
        rebalance_h=at_best(rebalance),
        each_h=at_best(each + way),
    )


def serve(hour: Hour, vehicles: Array, parameters: ServiceParameters) -> HourService:
    """Return what ``vehicles`` in service do in each hour; arrays broadcast."""
    return read_at(balance(hour, parameters), vehicles)


def read_at(table: Balance, vehicles: Array) -> HourService:
    """Return hours at the vehicles at hand: the largest slack that they allow, linear between slacks."""
    hours = table.vehicles.shape[:-1]
    shape = np.broadcast_shapes(hours, vehicles.shape)
    at_hand = np.broadcast_to(vehicles, shape)
    need = np.minimum.accumulate(table.vehicles[..., ::-1], axis=-1)[..., ::-1]
    rows = np.arange(int(np.prod(hours))).reshape(hours)
    row = np.broadcast_to(rows, shape)
    count = len(_SLACKS)
    enough = np.broadcast_to(need, (*shape, count)) <= at_hand[..., None]
    low = np.clip(enough.sum(axis=-1) - 1, 0, count - 2)
    flat = need.reshape(-1)
    first = row * count + low
    below, above = flat[first], flat[first + 1]
    part = np.clip((at_hand - below) / np.maximum(above - below, SMALLEST), 0.0, 1.0)

    def read(values: Array) -> Array:
        each = np.ascontiguousarray(values).reshape(-1)
        return np.asarray(each[first] * (1.0 - part) + each[first + 1] * part)

    return HourService(
        trips=np.minimum(read(table.riders), at_hand / read(table.each_h)),
        pickup_h=read(table.pickup_h),
        wait_h=read(table.wait_h),
        rebalance_h=read(table.rebalance_h),
    )
