"""Made-up places and demand for tests of the simulation, and a second simulator, slow and plain, to hold it against."""

from __future__ import annotations

import heapq

import numpy as np

from fleetplan.simulate import Fleet, Policy, Requests, Scenario, Travel

PLAIN = Policy(reposition_s=0, boarding_s=60, within_zone=False)


def grid_travel(side: int, *, cell_km: float = 0.8, kmh: float = 25.0, inside: float = 0.0) -> Travel:
    """Return a square of side x side zones; ``inside`` is the way within a zone over its width."""
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * cell_km
    km = 1.3 * np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(km, 1.3 * inside * cell_km)
    return Travel.of(km / kmh * 3600.0, km * 1000.0)


def lopsided_travel(n: int, rng: np.random.Generator) -> Travel:
    """Return n points with ways that are not alike both ways, and never shorter by a detour."""
    xy = rng.random((n, 2)) * 5
    km = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + 0.4 * np.maximum(xy[None, :, 0] - xy[:, None, 0], 0)
    return Travel.of(km / 25.0 * 3600.0, km * 1000.0)


def some_requests(n: int, count: int, rng: np.random.Generator, *, hours: float = 24.0) -> Requests:
    """Return requests at even random times between random zones."""
    times = np.sort(rng.random(count) * hours * 3600.0)
    return Requests(times, *(rng.integers(0, n, count).astype(np.int32) for _ in range(2)))


def scenario(side: int = 12, cars: int = 30, count: int = 900, *, seed: int = 0, policy: Policy = PLAIN) -> Scenario:
    """Return a day in a square."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, side * side, cars).astype(np.int32)
    travel = grid_travel(side)
    return Scenario(travel, some_requests(side * side, count, rng), Fleet(start), policy=policy)


def plain_simulation(given: Scenario) -> list[tuple[int, int]]:
    """Return (car, pickup ms) of each request, (-1, -1) where none came: nearest dispatch, every car looked at every time.

    Of cars that stand in one zone the last to come goes, of zones equally near the lower number; riders likewise, the first.
    """
    seconds, asked = given.travel.seconds, given.requests
    fixed, boarding = round(given.policy.pickup_fixed_s * 1000), round(given.policy.boarding_s * 1000)
    patience, end = round(given.riders.patience_s * 1000), given.horizon_s * 1000
    zone = given.fleet.start.tolist()
    stands = {car: car for car in range(len(zone))}  # car -> when it came to stand, as a count
    busy: list[tuple[int, int]] = []
    waiting: list[int] = []
    found = [(-1, -1)] * len(asked)
    times = np.floor(asked.time_s * 1000).astype(int).tolist()
    turn, rider = len(zone), 0

    def way(one: int, other: int) -> int:
        return int(float(seconds[one, other]) * 1000.0 + 0.5)

    def go(car: int, who: int, now: int) -> None:
        pickup = now + way(zone[car], asked.origin[who]) + fixed
        found[who] = (car, pickup)
        zone[car] = int(asked.destination[who])
        heapq.heappush(busy, (pickup + boarding + way(asked.origin[who], zone[car]), car))

    while True:
        at = times[rider] if rider < len(times) else end
        if busy and busy[0][0] <= at:
            if busy[0][0] >= end:
                return found
            now, car = heapq.heappop(busy)
            waiting = [w for w in waiting if times[w] + patience >= now]
            reach = [w for w in waiting if now - times[w] + way(zone[car], asked.origin[w]) + fixed <= patience]
            if reach:
                who = min(reach, key=lambda w: (seconds[zone[car], asked.origin[w]], asked.origin[w], w))
                waiting.remove(who)
                go(car, who, now)
            else:
                stands[car] = turn
                turn += 1
            continue
        if at >= end:
            return found
        origin = asked.origin[rider]
        if stands:
            car = min(stands, key=lambda c: (seconds[zone[c], origin], zone[c], -stands[c]))
            if way(zone[car], origin) + fixed <= patience:
                del stands[car]
                go(car, rider, at)
            else:
                waiting.append(rider)
        else:
            waiting.append(rider)
        rider += 1
