"""Time, energy and the heap of events: the small steps that every larger one is made of."""

from __future__ import annotations

import math

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import MS, Ints
from fleetplan.simulate.views import Desk, cars, event, rider_counts, riders, slow, state_ms, way_m


@compiled
def share_out(s: Desk, sums: Ints, column: int, start: int, end: int) -> None:
    """Add the time from start to end to the bins that it lies in, up to the horizon."""
    stop = min(end, s.horizon)
    row = row_of(s, start)
    while start < stop:
        edge = min(stop, (row + 1) * s.bin)
        sums[row, column] += edge - start
        start = edge
        row += 1


@compiled
def spend(s: Desk, state: int, start: int, end: int) -> None:
    """Count a car's time in a state."""
    share_out(s, state_ms(s), state, start, end)


@compiled
def row_of(s: Desk, time: int) -> int:
    """Return the bin that a time would be in if there were enough: that of the moment is known, and mostly asked for."""
    return int(s.row) if s.row_starts <= time < s.row_ends else int(time // s.bin)


@compiled
def bin_of(s: Desk, time: int) -> int:
    """Return the bin of a time; what happens after the end counts in the last one."""
    row = row_of(s, time)
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


CAR_BITS = 24
CAR_MASK = (1 << CAR_BITS) - 1
"""An event is its time, moved up by so many bits, and its car: 16 million cars for 17 years."""


@compiled
def push(s: Desk, time: int, car: int) -> None:
    """Put an event on the heap: the car's, each has at most one. Of equal times the lower number comes first."""
    i = s.events
    s.events = i + 1
    _rise(s, i, (time << CAR_BITS) | car)


@compiled
def pop(s: Desk) -> int:
    """Take the earliest event off the heap and return its car."""
    first = event(s)[0] & CAR_MASK
    count = s.events - 1
    s.events = count
    if count > 0:
        _sink(s, 0, event(s)[count])
    return int(first)


@compiled
def first_at(s: Desk) -> int:
    """Return when the earliest event happens; there must be one."""
    return int(event(s)[0] >> CAR_BITS)


@compiled
def remove(s: Desk, car: int) -> None:
    """Take a car's event out of the heap; it must have one."""
    i = 0
    while event(s)[i] & CAR_MASK != car:
        i += 1
    count = s.events - 1
    s.events = count
    if i == count:
        return
    last = event(s)[count]
    if i > 0 and event(s)[(i - 1) >> 1] > last:
        _rise(s, i, last)
    else:
        _sink(s, i, last)


@compiled
def _rise(s: Desk, start: int, key: int) -> None:
    """Put an event at a place of the heap, or above it where later ones come down."""
    i = start
    while i > 0:
        above = (i - 1) >> 1
        if event(s)[above] < key:
            break
        event(s)[i] = event(s)[above]
        i = above
    event(s)[i] = key


@compiled
def _sink(s: Desk, start: int, key: int) -> None:
    """Put an event at a place of the heap, or below it where earlier ones come up."""
    i, count = start, s.events
    while True:
        below = 2 * i + 1
        if below >= count:
            break
        if below + 1 < count and event(s)[below + 1] < event(s)[below]:
            below += 1
        if key < event(s)[below]:
            break
        event(s)[i] = event(s)[below]
        i = below
    event(s)[i] = key
