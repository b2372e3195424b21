"""What a car does: fetch a rider, become free, go to a depot, charge, be cleaned or mended, go off shift and come back."""

from __future__ import annotations

from fleetplan.simulate.buckets import leave, nearest_waiting, pickup_ms, share_of_way, take_waiting
from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import (
    BATCHED,
    BOARDING,
    CHARGE,
    CHARGING,
    CLEAN,
    DEPOT_WAY,
    NO_TASK,
    NONE,
    OFF,
    OUT,
    PARK,
    PICKUP,
    QUEUE,
    REPAIR,
    RIDING,
    SERVED,
    TO_DEPOT,
    TO_RIDER,
    WITH_RIDER,
)
from fleetplan.simulate.stands import stand
from fleetplan.simulate.tally import bin_of, drain, drive, leg_ms, next_failure, push, share_out, spend, uniform
from fleetplan.simulate.views import (
    Desk,
    at_plugs,
    cars,
    depots,
    load_ms,
    metres,
    plug_ms,
    queue_most,
    queue_ms,
    rider_counts,
    riders,
    seconds,
    zones,
)

MS_PER_H = 3.6e6


@compiled
def fetch(s: Desk, car: int, rider: int, count: int, time: int) -> None:
    """Send a car, taken from its stand or just free, to a rider and with the rider to the destination.

    ``count`` is how many there were to choose from in the zone of the one who was chosen.
    """
    own, asked = cars(s)[car], riders(s)[rider]
    start, origin, destination = own.zone, asked.origin, asked.destination
    asked.pickup = time + pickup_ms(s, start, origin, count, time)
    asked.pickup_m = metres(s)[start, origin] * share_of_way(s, start, origin, count)
    asked.car = car
    asked.status = SERVED
    rider_counts(s)[bin_of(s, asked.time), SERVED] += 1
    leaves = asked.pickup + s.boarding
    own.free_at = leaves + leg_ms(s, seconds(s)[origin, destination], leaves)
    spend(s, PICKUP, time, asked.pickup)
    spend(s, BOARDING, asked.pickup, leaves)
    spend(s, RIDING, leaves, own.free_at)
    drive(s, car, TO_RIDER, asked.pickup_m, time, asked.pickup)
    drive(s, car, WITH_RIDER, metres(s)[origin, destination], leaves, own.free_at)
    own.zone = destination
    own.state = RIDING
    own.trips += 1
    push(s, own.free_at, car)


@compiled
def give_up(s: Desk, time: int) -> None:
    """Let riders go whose patience has ended, first come first."""
    rider = s.first
    while rider != NONE and riders(s)[rider].time + s.patience < time:
        leave(s, rider)
        rider = s.first


@compiled
def serve_next(s: Desk, car: int, time: int) -> bool:
    """Let a free car take the nearest waiting rider; return whether it did."""
    give_up(s, time)
    own = cars(s)[car]
    rider = nearest_waiting(s, own.zone, time)
    if rider == NONE:
        return False
    count = zones(s)[riders(s)[rider].origin].waiting
    take_waiting(s, rider)
    fetch(s, car, rider, count, time)
    return True


@compiled
def free(s: Desk, car: int, time: int) -> None:
    """Decide what a car does that has nothing to do: what its care needs first, then riders, then it stands."""
    own = cars(s)[car]
    own.task = NO_TASK
    drain(s, car, time, 0.0)
    if time >= own.fails_at:
        go_to_depot(s, car, REPAIR, time)
    elif s.capacity > 0.0 and s.depots_n > 0 and _charges_now(s, own.energy / s.capacity, time):
        go_to_depot(s, car, CHARGE, time)
    elif s.clean_after > 0 and own.trips >= s.clean_after:
        go_to_depot(s, car, CLEAN, time)
    elif s.leaving > 0:
        s.leaving -= 1
        s.on_shift -= 1
        go_to_depot(s, car, PARK, time)
    elif s.mode == BATCHED or not serve_next(s, car, time):
        stand(s, car, time)


@compiled
def _charges_now(s: Desk, charge: float, time: int) -> bool:
    """Return whether a free car charges before it takes a rider: it is low, or one is to be at a plug and it may be topped up."""
    if charge < s.charge_below:
        return True
    planned = at_plugs(s)[bin_of(s, time)]
    if charge >= s.top_up_below or planned == 0:
        return False
    there, plugs = 0, 0
    for d in range(s.depots_n):
        there += depots(s)[d].busy + depots(s)[d].queued + depots(s)[d].coming
        plugs += depots(s)[d].plugs
    return bool(there < min(planned, plugs))


@compiled
def nearest_depot(s: Desk, zone: int, task: int) -> int:
    """Return the depot that is soonest reached, a queue for a plug counted where one is wanted; -1 if there is none."""
    plug = s.capacity > 0.0 and task in (CHARGE, PARK)
    best, best_s = NONE, 1e18
    for d in range(s.depots_n):
        way = float(seconds(s)[zone, depots(s)[d].zone])
        before = depots(s)[d].busy + depots(s)[d].queued + depots(s)[d].coming
        if plug and before >= depots(s)[d].plugs:
            charge_s = 3600.0 * s.capacity * (s.charge_to - s.charge_below) / depots(s)[d].kw
            way += charge_s * (before + 1 - depots(s)[d].plugs) / depots(s)[d].plugs
        if way < best_s:
            best, best_s = d, way
    return best


@compiled
def go_to_depot(s: Desk, car: int, task: int, time: int) -> None:
    """Send a car that stands nowhere to a depot; without depots it is cleaned, mended and parked on the spot."""
    own = cars(s)[car]
    own.task = task
    own.depot = nearest_depot(s, own.zone, task)
    own.state = TO_DEPOT
    arrives = time
    if own.depot != NONE:
        depot = depots(s)[own.depot]
        arrives = time + leg_ms(s, seconds(s)[own.zone, depot.zone], time)
        spend(s, TO_DEPOT, time, arrives)
        drive(s, car, DEPOT_WAY, metres(s)[own.zone, depot.zone], time, arrives)
        own.zone = depot.zone
        if task in (CHARGE, PARK):
            depot.coming += 1
    own.free_at = arrives
    push(s, arrives, car)


@compiled
def arrive(s: Desk, car: int, time: int) -> None:
    """Begin what a car came to its depot for."""
    own = cars(s)[car]
    if own.task in (REPAIR, CLEAN):
        lasts = s.clean
        if own.task == REPAIR:
            lasts = s.repair
            own.fails_at = next_failure(s, car, time + lasts)
        own.trips = 0
        stay_out(s, car, time, lasts)
        return
    if own.depot == NONE:
        park(s, car, time)
        return
    depot = depots(s)[own.depot]
    depot.coming -= 1
    enough = s.capacity <= 0.0 or own.energy >= 0.95 * s.charge_to * s.capacity
    if own.task == PARK and enough:
        park(s, car, time)
    elif depot.busy < depot.plugs:
        plug_in(s, car, time)
    else:
        join_plug_queue(s, car, time)


@compiled
def stay_out(s: Desk, car: int, time: int, lasts: int) -> None:
    """Keep a car out of service for a while."""
    own = cars(s)[car]
    own.state = OUT
    own.free_at = time + lasts
    spend(s, OUT, time, own.free_at)
    own.energy_at = own.free_at  # switched off meanwhile
    push(s, own.free_at, car)


@compiled
def park(s: Desk, car: int, time: int) -> None:
    """Switch a car off until its shift begins again."""
    own = cars(s)[car]
    own.state = OFF
    own.since = time
    own.energy_at = time


@compiled
def join_plug_queue(s: Desk, car: int, time: int) -> None:
    """Let a car wait for a plug, first come first served."""
    own, depot = cars(s)[car], depots(s)[cars(s)[car].depot]
    own.state = QUEUE
    own.since = time
    own.next = NONE
    if depot.tail == NONE:
        depot.head = car
    else:
        cars(s)[depot.tail].next = car
    depot.tail = car
    depot.queued += 1
    row = bin_of(s, time)
    queue_most(s)[row, own.depot] = max(queue_most(s)[row, own.depot], depot.queued)


@compiled
def plug_in(s: Desk, car: int, time: int) -> None:
    """Charge a car; it is cleaned meanwhile if it is half due for that."""
    own = cars(s)[car]
    depot = depots(s)[own.depot]
    depot.busy += 1
    drain(s, car, time, 0.0)
    missing = max(s.charge_to * s.capacity - own.energy, 0.0)
    flows_until = time + s.plug_in + int(missing / depot.kw * MS_PER_H + 0.5)
    own.state = CHARGING
    own.free_at = flows_until
    own.energy += missing
    own.energy_at = flows_until
    spend(s, CHARGING, time, flows_until)
    share_out(s, plug_ms(s), own.depot, time, flows_until)
    share_out(s, load_ms(s), own.depot, time + s.plug_in, flows_until)
    if s.clean_after > 0 and 2 * own.trips >= s.clean_after:
        own.trips = 0
    push(s, flows_until, car)


@compiled
def unplug(s: Desk, car: int, time: int) -> None:
    """End a car's charging and give its plug to the next in the queue."""
    own = cars(s)[car]
    depot = depots(s)[own.depot]
    depot.busy -= 1
    first = depot.head
    if first != NONE:
        waiting = cars(s)[first]
        depot.head = waiting.next
        if depot.head == NONE:
            depot.tail = NONE
        depot.queued -= 1
        waiting.next = NONE
        spend(s, QUEUE, waiting.since, time)
        share_out(s, queue_ms(s), waiting.depot, waiting.since, time)
        plug_in(s, first, time)
    if own.task == PARK:
        park(s, car, time)
    else:
        free(s, car, time)


@compiled
def first_energy(s: Desk, car: int) -> float:
    """Return what a car begins with: anything from half full to as full as it is charged, by its number."""
    full = s.charge_to * s.capacity
    return full * (0.5 + 0.5 * uniform(s.seed, car, -1))
