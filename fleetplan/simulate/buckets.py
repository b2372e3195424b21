"""Who stands where: idle cars and waiting riders by zone, and the nearest of them.

The nearest is found by going through the zones in order of travel time, a list made beforehand; where there are so few that
looking at each of them is quicker, each of them is looked at. A zone stands for all places in it: of m cars in one's own zone
the nearest is 1/sqrt(m) of its mean way off (the square-root law).
"""

from __future__ import annotations

import math

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import ABANDONED, NONE
from fleetplan.simulate.tally import bin_of, close
from fleetplan.simulate.views import (
    Desk,
    cars,
    idle_in,
    idle_list,
    into,
    near,
    near_into,
    near_into_s,
    near_s,
    reach,
    riders,
    seconds,
    slow,
    zones,
)

FAR = 1e18


@compiled
def add_idle(s: Desk, car: int) -> None:
    """Let a car stand where it is."""
    own = cars(s)[car]
    zone = zones(s)[own.zone]
    own.prev = NONE
    own.next = zone.idle_head
    if zone.idle_head != NONE:
        cars(s)[zone.idle_head].prev = car
    zone.idle_head = car
    idle_in(s)[own.zone] += 1
    own.slot = s.idle
    idle_list(s)[s.idle] = car
    s.idle += 1


@compiled
def take_idle(s: Desk, car: int) -> None:
    """Take a car from those who stand."""
    own = cars(s)[car]
    zone = zones(s)[own.zone]
    if own.prev == NONE:
        zone.idle_head = own.next
    else:
        cars(s)[own.prev].next = own.next
    if own.next != NONE:
        cars(s)[own.next].prev = own.prev
    idle_in(s)[own.zone] -= 1
    s.idle -= 1
    last = idle_list(s)[s.idle]
    idle_list(s)[own.slot] = last
    cars(s)[last].slot = own.slot
    own.next = NONE
    own.prev = NONE


@compiled
def add_waiting(s: Desk, rider: int) -> None:
    """Put a rider at the end of both queues: of the zone, and of all."""
    own = riders(s)[rider]
    zone = zones(s)[own.origin]
    own.next = NONE
    own.prev = zone.waiting_tail
    if zone.waiting_tail == NONE:
        zone.waiting_head = rider
    else:
        riders(s)[zone.waiting_tail].next = rider
    zone.waiting_tail = rider
    zone.waiting += 1
    own.after = NONE
    own.before = s.last
    if s.last == NONE:
        s.first = rider
    else:
        riders(s)[s.last].after = rider
    s.last = rider
    s.waiting += 1


@compiled
def take_waiting(s: Desk, rider: int) -> None:
    """Take a rider out of both queues."""
    own = riders(s)[rider]
    zone = zones(s)[own.origin]
    if own.prev == NONE:
        zone.waiting_head = own.next
    else:
        riders(s)[own.prev].next = own.next
    if own.next == NONE:
        zone.waiting_tail = own.prev
    else:
        riders(s)[own.next].prev = own.prev
    zone.waiting -= 1
    if own.before == NONE:
        s.first = own.after
    else:
        riders(s)[own.before].after = own.after
    if own.after == NONE:
        s.last = own.before
    else:
        riders(s)[own.after].before = own.before
    s.waiting -= 1


@compiled
def share_of_way(s: Desk, here: int, there: int, count: int) -> float:
    """Return the factor on a way to the nearest of so many in a zone."""
    if here == there and count > 1 and s.within_zone:
        return 1.0 / math.sqrt(count)
    return 1.0


@compiled
def way_s(s: Desk, car_zone: int, rider_zone: int, count: int) -> float:
    """Return seconds from a car's zone to a rider's, ``count`` being there to choose from."""
    return seconds(s)[car_zone, rider_zone] * share_of_way(s, car_zone, rider_zone, count)


@compiled
def nearest_idle(s: Desk, origin: int, time: int) -> int:
    """Return the idle car that is soonest in a zone, -1 if none stands anywhere.

    Where no rider has a longest wait of one's own, who would decline, -1 as well if all stand too far off to be sent.
    """
    idle = s.idle
    if idle == 0:
        return NONE
    if idle * idle > s.zones_n:
        farthest = FAR if s.own_limits else farthest_s(s, min(reach_at(s, time), s.patience), slow_at(s, time))
        for k in range(s.near_n):
            zone = near_into(s)[origin, k]
            if near_into_s(s)[origin, k] > farthest and zone != origin:
                return NONE
            if idle_in(s)[zone] > 0:
                return int(zones(s)[zone].idle_head)
    best, best_s, best_zone = NONE, FAR, NONE
    for slot in range(idle):
        car = idle_list(s)[slot]
        zone = cars(s)[car].zone
        way = into(s)[origin, zone]
        if way < best_s or (way == best_s and zone < best_zone):
            best, best_s, best_zone = car, way, zone
    return int(zones(s)[best_zone].idle_head) if best != NONE else NONE


@compiled
def nearest_waiting(s: Desk, zone: int, time: int) -> int:
    """Return the waiting rider who is soonest reached from a zone and has patience until then, -1 if none."""
    waiting = s.waiting
    if waiting == 0:
        return NONE
    if waiting * waiting > s.zones_n:
        farthest = farthest_s(s, min(reach_at(s, time), s.patience), slow_at(s, time))
        for k in range(s.near_n):
            there = near(s)[zone, k]
            if near_s(s)[zone, k] > farthest and there != zone:
                _let_lost_go(s, time)
                return NONE
            if zones(s)[there].waiting > 0:
                found = _first_in_time(s, zone, there, time)
                if found != NONE:
                    return found
    best, best_s, best_zone = NONE, FAR, NONE
    rider = s.first
    while rider != NONE:
        there, after = riders(s)[rider].origin, riders(s)[rider].after
        way = seconds(s)[zone, there]
        if lost(s, rider, time):
            leave(s, rider)
        elif (way < best_s or (way == best_s and there < best_zone)) and in_time(s, rider, zone, time):
            best, best_s, best_zone = rider, way, there
        rider = after
    return best


@compiled
def _let_lost_go(s: Desk, time: int) -> None:
    """Let riders go whose own longest wait is over; those out of everybody's patience are gone already."""
    if s.own_limits:
        let_go(s, time)


@compiled
def let_go(s: Desk, time: int) -> None:
    """Let riders go who have waited longer than they accept."""
    rider = s.first
    while rider != NONE:
        after = riders(s)[rider].after
        if lost(s, rider, time):
            leave(s, rider)
        rider = after


@compiled
def _first_in_time(s: Desk, zone: int, there: int, time: int) -> int:
    rider = zones(s)[there].waiting_head
    while rider != NONE:
        after = riders(s)[rider].next
        if lost(s, rider, time):
            leave(s, rider)
        elif in_time(s, rider, zone, time):
            return rider
        rider = after
    return NONE


@compiled
def pickup_ms(s: Desk, car_zone: int, rider_zone: int, count: int, time: int) -> int:
    """Return how long a car takes to a rider's door."""
    return door_ms(s, way_s(s, car_zone, rider_zone, count), slow_at(s, time))


@compiled
def door_ms(s: Desk, way_s: float, factor: float) -> int:
    """Return how long a way to a rider takes, kerb and turns included, under a factor on driving times."""
    return int(way_s * factor * 1000.0 + 0.5) + s.fixed


@compiled
def farthest_s(s: Desk, most_ms: int, factor: float) -> float:
    """Return a way beyond which :func:`door_ms` is more than a limit: no need to look there."""
    return (most_ms - s.fixed + 1.0) / (1000.0 * factor)


@compiled
def slow_at(s: Desk, time: int) -> float:
    """Return the factor on driving times at a time."""
    return float(slow(s)[bin_of(s, time)])


@compiled
def reach_at(s: Desk, time: int) -> int:
    """Return how far the dispatcher sends a car at a time."""
    return int(reach(s)[bin_of(s, time)])


@compiled
def in_time(s: Desk, rider: int, zone: int, time: int) -> bool:
    """Return whether a car from a zone would be with a rider before patience ends, and within the dispatcher's reach."""
    own = riders(s)[rider]
    there = own.origin
    needed = pickup_ms(s, zone, there, zones(s)[there].waiting, time)
    return needed <= reach_at(s, time) and time - own.time + needed <= min(s.patience, own.limit)


@compiled
def lost(s: Desk, rider: int, time: int) -> bool:
    """Return whether a rider has waited longer than this rider accepts, whichever car came now."""
    own = riders(s)[rider]
    return time - own.time > min(own.limit, s.patience)


@compiled
def leave(s: Desk, rider: int) -> None:
    """Let a waiting rider go."""
    take_waiting(s, rider)
    close(s, rider, ABANDONED)
