"""How requests meet cars: one by one as they come, or in batches by least-cost assignment."""

from __future__ import annotations

from fleetplan.simulate.assignment import MatchRoom, match_into
from fleetplan.simulate.buckets import (
    add_waiting,
    door_ms,
    farthest_s,
    let_go,
    nearest_idle,
    pickup_ms,
    reach_at,
    share_of_way,
    slow_at,
    take_waiting,
)
from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import DECLINED, NEAREST, NONE
from fleetplan.simulate.moves import fetch
from fleetplan.simulate.stands import leave_stand
from fleetplan.simulate.tally import bin_of, close
from fleetplan.simulate.views import (
    Desk,
    cars,
    idle_in,
    idle_list,
    match_came_from,
    match_column,
    match_column_of,
    match_compact,
    match_cost,
    match_done,
    match_far,
    match_id,
    match_price,
    match_row,
    match_row_of,
    match_seen,
    match_start,
    match_worth,
    near,
    near_into,
    near_into_s,
    near_s,
    rider_counts,
    riders,
    zones,
)


@compiled
def ask(s: Desk, rider: int, time: int) -> None:
    """Take a request: the nearest idle car comes unless rider or dispatcher finds it too far; without one the rider waits."""
    rider_counts(s)[bin_of(s, time), 0] += 1
    if s.mode != NEAREST:
        add_waiting(s, rider)
        return
    origin = riders(s)[rider].origin
    car = nearest_idle(s, origin, time)
    if car != NONE:
        zone = cars(s)[car].zone
        count = idle_in(s)[zone]
        quoted = pickup_ms(s, zone, origin, count, time)
        if quoted > riders(s)[rider].limit:
            close(s, rider, DECLINED)
            return
        if quoted <= s.patience and quoted <= reach_at(s, time):
            leave_stand(s, car, time)
            fetch(s, car, rider, count, time)
            return
    add_waiting(s, rider)


@compiled
def batch(s: Desk, time: int) -> None:
    """Assign the riders who wait to the cars that stand, at least total time to the doors, as many as can be.

    Rows are the smaller side; each has its k nearest of the other side that would be in time.
    """
    let_go(s, time)
    if s.waiting == 0 or s.idle == 0:
        return
    rows_are_riders = s.waiting <= s.idle
    rows = min(s.waiting, s.idle)
    start, row_id, ids = match_start(s), match_row(s), match_id(s)
    column_of = match_column_of(s)[:rows]
    reach, factor = reach_at(s, time), slow_at(s, time)
    count = 0
    start[0] = 0
    rider = s.first
    for row in range(rows):
        if rows_are_riders:
            row_id[row] = rider
            count = _cars_for(s, rider, reach, factor, time, count)
            rider = riders(s)[rider].after
        else:
            row_id[row] = idle_list(s)[row]
            count = _riders_for(s, row_id[row], reach, factor, time, count)
        start[row + 1] = count
    columns = _number(s, count, rows_are_riders)
    room = MatchRoom(
        match_row_of(s), match_came_from(s), match_done(s), match_seen(s), match_price(s), match_far(s), match_worth(s)
    )
    match_into(start, match_compact(s), match_cost(s), column_of, columns, room)
    for row in range(rows):
        if column_of[row] >= 0:
            other = ids[column_of[row]]
            if rows_are_riders:
                _go(s, other, row_id[row], time)
            else:
                _go(s, row_id[row], other, time)


@compiled
def _number(s: Desk, count: int, are_cars: bool) -> int:  # noqa: FBT001
    """Give the columns that occur numbers from 0 on; return how many there are."""
    column, compact, ids = match_column(s), match_compact(s), match_id(s)
    columns = 0
    for entry in range(count):
        found = column[entry]
        mark = cars(s)[found].mark if are_cars else riders(s)[found].mark
        if mark == NONE:
            mark = columns
            ids[columns] = found
            columns += 1
            if are_cars:
                cars(s)[found].mark = mark
            else:
                riders(s)[found].mark = mark
        compact[entry] = mark
    for k in range(columns):
        if are_cars:
            cars(s)[ids[k]].mark = NONE
        else:
            riders(s)[ids[k]].mark = NONE
    return columns


@compiled
def _go(s: Desk, car: int, rider: int, time: int) -> None:
    """Send a car, unless the rider, told of the wait by now, declines: the dispatcher does not know how long one would wait."""
    own = riders(s)[rider]
    count = idle_in(s)[cars(s)[car].zone]
    take_waiting(s, rider)
    if time - own.time + pickup_ms(s, cars(s)[car].zone, own.origin, count, time) > own.limit:
        close(s, rider, DECLINED)
        return
    leave_stand(s, car, time)
    fetch(s, car, rider, count, time)


@compiled
def _cars_for(s: Desk, rider: int, reach: int, factor: float, time: int, count: int) -> int:
    """Write the nearest cars that would be in time; return how far the lists are filled.

    In time: within the dispatcher's reach and before everybody's patience ends; cars in the rider's own zone always are.
    """
    origin = riders(s)[rider].origin
    column, cost = match_column(s), match_cost(s)
    full = count + s.candidates
    most = min(reach, s.patience - (time - riders(s)[rider].time))
    farthest = farthest_s(s, most, factor)
    for k in range(s.near_n):
        zone, way = near_into(s)[origin, k], near_into_s(s)[origin, k]
        if way > farthest and zone != origin:
            break
        there = idle_in(s)[zone]
        if there == 0:
            continue
        needed = door_ms(s, way * share_of_way(s, zone, origin, there), factor)
        if needed > most and zone != origin:
            break
        car = zones(s)[zone].idle_head
        while car != NONE and count < full:
            column[count], cost[count] = car, 0.001 * needed
            count += 1
            car = cars(s)[car].next
        if count == full:
            break
    return count


@compiled
def _riders_for(s: Desk, car: int, reach: int, factor: float, time: int, count: int) -> int:
    """Write the nearest riders whom a car would reach in time; return how far the lists are filled."""
    here = cars(s)[car].zone
    column, cost = match_column(s), match_cost(s)
    full = count + s.candidates
    most = min(reach, s.patience)
    farthest = farthest_s(s, most, factor)
    for k in range(s.near_n):
        zone, way = near(s)[here, k], near_s(s)[here, k]
        if way > farthest:
            break
        there = zones(s)[zone].waiting
        if there == 0:
            continue
        needed = door_ms(s, way * share_of_way(s, here, zone, there), factor)
        if needed > most:
            break
        rider = zones(s)[zone].waiting_head
        while rider != NONE and count < full:
            if time - riders(s)[rider].time + needed <= s.patience:
                column[count], cost[count] = rider, 0.001 * needed
                count += 1
            rider = riders(s)[rider].next
        if count == full:
            break
    return count
