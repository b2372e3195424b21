"""Where cars wait for riders, and their ways there: a car on its way to a stand takes riders like one that stands.

Such a way leads from zone to zone. Until half of a step is done the car counts as in the zone that it comes from, then as in the
next one, so it is never counted farther off than half a step from where it is.
"""

from __future__ import annotations

from fleetplan.simulate.buckets import add_idle, take_idle
from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import IDLE, MOVING, NONE, TO_STAND
from fleetplan.simulate.tally import drain, drive, leg_ms, push, remove, spend
from fleetplan.simulate.views import Desk, cars, metres, near, seconds

SHORTEST_STEP_S = 45.0
LONGEST_STEP_S = 180.0
LOOKED_AT = 64
DETOUR = 1.05


@compiled
def stand(s: Desk, car: int, time: int) -> None:
    """Let a car wait for riders where it is."""
    own = cars(s)[car]
    own.state = IDLE
    own.since = time
    add_idle(s, car)


@compiled
def leave_stand(s: Desk, car: int, time: int) -> None:
    """Take a car from those who wait for riders, out of its zone or off its way to a stand."""
    own = cars(s)[car]
    take_idle(s, car)
    if own.state == MOVING:
        remove(s, car)
        _driven(s, car, time)
    else:
        spend(s, IDLE, own.since, time)
        drain(s, car, time, 0.0)


@compiled
def go_to_stand(s: Desk, car: int, zone: int, time: int) -> None:
    """Send a car that stands to stand elsewhere."""
    own = cars(s)[car]
    spend(s, IDLE, own.since, time)
    drain(s, car, time, 0.0)
    own.state = MOVING
    own.target = zone
    _half_steps(s, car, NONE, time)


@compiled
def pass_on(s: Desk, car: int, time: int) -> bool:
    """Count a car as in the next zone of its way; return whether it has come to the end of it, and is out of its zone's list."""
    own = cars(s)[car]
    _driven(s, car, time)
    take_idle(s, car)
    before = own.zone
    if before == own.step:
        return True
    own.zone = own.step
    add_idle(s, car)
    _half_steps(s, car, before, time)
    return False


@compiled
def close_way(s: Desk, car: int, time: int) -> None:
    """Count what a car on its way has driven when the run ends."""
    _driven(s, car, time)


@compiled
def _half_steps(s: Desk, car: int, before: int, time: int) -> None:
    """Let a car drive the second half of a step, if it comes from another zone, and the first half of the next one."""
    own = cars(s)[car]
    here = own.zone
    own.since = time
    own.step = here if here == own.target else next_zone(s, here, own.target)
    way_s, way_m = 0.0, 0.0
    if before != NONE:
        way_s += 0.5 * seconds(s)[before, here]
        way_m += 0.5 * metres(s)[before, here]
    if own.step != here:
        way_s += 0.5 * seconds(s)[here, own.step]
        way_m += 0.5 * metres(s)[here, own.step]
    own.step_m = way_m
    own.free_at = time + leg_ms(s, way_s, time)
    push(s, own.free_at, car)


@compiled
def _driven(s: Desk, car: int, time: int) -> None:
    """Count the part of a step that a car has done."""
    own = cars(s)[car]
    done = 1.0 if own.free_at <= own.since else min((time - own.since) / (own.free_at - own.since), 1.0)
    spend(s, MOVING, own.since, time)
    drive(s, car, TO_STAND, done * own.step_m, own.since, time)


@compiled
def next_zone(s: Desk, here: int, there: int) -> int:
    """Return the next zone on the way to another: of those near by the one with the least way over it, else the other itself."""
    direct = float(seconds(s)[here, there])
    best, best_s = there, DETOUR * direct
    for k in range(min(LOOKED_AT, s.near_n)):
        zone = near(s)[here, k]
        step = float(seconds(s)[here, zone])
        if step > LONGEST_STEP_S:
            break
        if zone == here or step < SHORTEST_STEP_S:
            continue
        rest = float(seconds(s)[zone, there])
        if zone != there and rest < direct and step + rest < best_s:
            best, best_s = int(zone), step + rest
    return best
