"""Time, energy and the heap of events: the small steps that every larger one is made of."""

from __future__ import annotations

import math

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import MS, Ints
from fleetplan.simulate.views import Desk, cars, event_car, event_time, rider_counts, riders, slow, state_ms, way_m


@compiled
def share_out(sums: Ints, column: int, start: int, end: int, horizon: int, width: int) -> None:
    """Add the time from start to end to the bins that it lies in, up to the horizon."""
    stop = min(end, horizon)
    row = start // width
    while start < stop:
        edge = min(stop, (row + 1) * width)
        sums[row, column] += edge - start
        start = edge
        row += 1


@compiled
def spend(s: Desk, state: int, start: int, end: int) -> None:
    """Count a car's time in a state."""
    share_out(state_ms(s), state, start, end, s.horizon, s.bin)


@compiled
def bin_of(s: Desk, time: int) -> int:
    """Return the bin of a time; what happens after the end counts in the last one."""
    row = time // s.bin
    last = s.bins_n - 1
    return min(row, last)


@compiled
def leg_ms(s: Desk, seconds: float, time: int) -> int:
    """Return how long a way takes that starts at a time."""
    return int(seconds * slow(s)[bin_of(s, time)] * MS + 0.5)


@compiled
def drain(s: Desk, car: int, time: int, metres: float) -> None:
    """Count a car's energy up to a time, with a way driven."""
    own = cars(s)[car]
    if s.capacity > 0.0:
        own.energy -= (time - own.energy_at) * s.kwh_per_ms + metres * s.kwh_per_m
        s.least_energy = min(s.least_energy, own.energy)
    own.energy_at = time


@compiled
def drive(s: Desk, car: int, way: int, metres: float, start: int, end: int) -> None:
    """Count a way with its energy; it belongs to the bin in which it starts."""
    way_m(s)[bin_of(s, start), way] += metres
    drain(s, car, end, metres)


@compiled
def close(s: Desk, rider: int, status: int) -> None:
    """Note that a request ends without a ride."""
    riders(s)[rider].status = status
    rider_counts(s)[bin_of(s, riders(s)[rider].time), status] += 1


@compiled
def uniform(seed: int, stream: int, number: int) -> float:
    """Return a number in (0, 1] that depends on nothing but its three labels (splitmix64, Steele, Lea & Flood 2014)."""
    golden = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed number
    z = seed * golden + (stream + 1) * -4658895280553007687 + (number + 1) * golden
    z = (z ^ ((z >> 30) & 0x3FFFFFFFF)) * -4658895280553007687
    z = (z ^ ((z >> 27) & 0x1FFFFFFFFF)) * -7723592293110705685
    z = z ^ ((z >> 31) & 0x1FFFFFFFF)
    return (((z >> 11) & 0x1FFFFFFFFFFFFF) + 1) / 9007199254740992.0


@compiled
def next_failure(s: Desk, car: int, time: int) -> int:
    """Return when a car fails next; times between failures are exponential."""
    if s.between_failures <= 0.0:
        return s.horizon * 2
    cars(s)[car].failures += 1
    draw = uniform(s.seed, car, cars(s)[car].failures)
    return time + int(-math.log(draw) * s.between_failures)


@compiled
def push(s: Desk, time: int, car: int) -> None:
    """Put an event on the heap: the car's, each has at most one. Of equal times the lower number comes first."""
    i = s.events
    s.events = i + 1
    while i > 0:
        above = (i - 1) >> 1
        if event_time(s)[above] < time or (event_time(s)[above] == time and event_car(s)[above] < car):
            break
        event_time(s)[i] = event_time(s)[above]
        event_car(s)[i] = event_car(s)[above]
        i = above
    event_time(s)[i] = time
    event_car(s)[i] = car


@compiled
def pop(s: Desk) -> int:
    """Take the earliest event off the heap and return its car."""
    first = event_car(s)[0]
    count = s.events - 1
    s.events = count
    if count == 0:
        return int(first)
    _sink(s, 0, event_time(s)[count], event_car(s)[count])
    return int(first)


@compiled
def _sink(s: Desk, start: int, time: int, car: int) -> None:
    """Put an event at a place of the heap, or below it where earlier ones come up."""
    i, count = start, s.events
    while True:
        below = 2 * i + 1
        if below >= count:
            break
        right = below + 1
        if right < count and (
            event_time(s)[right] < event_time(s)[below]
            or (event_time(s)[right] == event_time(s)[below] and event_car(s)[right] < event_car(s)[below])
        ):
            below = right
        if time < event_time(s)[below] or (time == event_time(s)[below] and car < event_car(s)[below]):
            break
        event_time(s)[i] = event_time(s)[below]
        event_car(s)[i] = event_car(s)[below]
        i = below
    event_time(s)[i] = time
    event_car(s)[i] = car


@compiled
def remove(s: Desk, car: int) -> None:
    """Take a car's event out of the heap; it must have one."""
    i = 0
    while event_car(s)[i] != car:
        i += 1
    count = s.events - 1
    time, last = event_time(s)[count], event_car(s)[count]
    s.events = count
    if i == count:
        return
    while i > 0:
        above = (i - 1) >> 1
        if event_time(s)[above] < time or (event_time(s)[above] == time and event_car(s)[above] < last):
            break
        event_time(s)[i] = event_time(s)[above]
        event_car(s)[i] = event_car(s)[above]
        i = above
    _sink(s, i, time, last)
