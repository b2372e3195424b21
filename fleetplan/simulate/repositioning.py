"""Where idle cars go: the fluid LP on regions, solved anew at every epoch with what stands and comes at that moment.

A region should have the cars that its riders will ask for within the time looked ahead, and of the cars to spare the share
that makes pickups shortest (in proportion to demand^(2/3) x area^(1/3), by Lagrange from the square-root law). Cars that will be
free there in time count. Regions with whole cars too many and too few are joined by the cheapest transport (Pavone, Smith,
Frazzoli & Rus 2012, IJRR 31:839-854, in whole cars), and the cars nearest to where they are wanted go.
"""

from __future__ import annotations

from fleetplan.simulate.assignment import TransportRoom, transport_into
from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import CHARGE, IDLE, MOVING, NONE, RIDING
from fleetplan.simulate.moves import go_to_depot
from fleetplan.simulate.stands import go_to_stand, leave_stand
from fleetplan.simulate.tally import bin_of
from fleetplan.simulate.views import (
    Desk,
    cars,
    depots,
    idle_in,
    idle_list,
    landed,
    landing,
    rate,
    region_cost,
    region_first,
    region_floats,
    region_flow,
    region_ints,
    region_seconds,
    region_zone,
    seconds,
    stand_share,
    zones,
)


@compiled
def reposition(s: Desk, time: int) -> None:
    """Move idle cars to the regions that lack some, and let those that nobody needs soon charge."""
    row = bin_of(s, time)
    cars_ahead, needed = _count(s, time), 0.0
    for r in range(s.regions_n):
        needed += rate(s)[row, r] * s.ahead
    if s.capacity > 0.0 and s.depots_n > 0:
        cars_ahead -= _top_up(s, int(cars_ahead - 1.3 * needed), time)
    if s.level != 0 and s.regions_n > 1 and needed > 0.0:
        _level(s, row, cars_ahead, needed, time)


@compiled
def _count(s: Desk, time: int) -> int:
    """Count by region the cars that stand and those that will be free there in time; return how many they are."""
    table = region_ints(s)
    table[0, :] = 0
    table[1, :] = 0
    until = time + s.ahead
    total = 0
    for car in range(s.cars_n):
        own = cars(s)[car]
        region = zones(s)[own.zone].region
        if own.state == IDLE:
            table[0, region] += 1
            total += 1
        elif own.state == MOVING:
            table[1, zones(s)[own.target].region] += 1
            total += 1
        elif own.state == RIDING and own.free_at <= until:
            table[1, region] += 1
            total += 1
    return total


@compiled
def _level(s: Desk, row: int, cars_ahead: int, needed: float, time: int) -> None:
    """Send cars from regions with whole cars too many to regions with whole cars too few."""
    table = region_ints(s)
    standing, coming, source, sink, left, wanted = table[0], table[1], table[4], table[5], table[6], table[7]
    spare = cars_ahead - needed
    sources, sinks = 0, 0
    for r in range(s.regions_n):
        own = rate(s)[row, r] * s.ahead
        target = own + stand_share(s)[row, r] * spare if spare >= 0.0 else own * cars_ahead / needed
        gap = standing[r] + coming[r] - target
        if gap >= 1.0 and standing[r] > 0:
            source[sources] = r
            left[sources] = min(int(gap), standing[r])
            sources += 1
        elif gap <= -1.0:
            sink[sinks] = r
            wanted[sinks] = int(-gap)
            sinks += 1
    if sources > 0 and sinks > 0:
        _move(s, sources, sinks, time)


@compiled
def _move(s: Desk, sources: int, sinks: int, time: int) -> None:
    """Move as many cars as both sides allow in the least time: rows of the transport are the side that has less."""
    table, floats = region_ints(s), region_floats(s)
    source, sink, left, wanted = table[4], table[5], table[6], table[7]
    offered, asked = 0, 0
    for i in range(sources):
        offered += left[i]
    for j in range(sinks):
        asked += wanted[j]
    turned = offered > asked
    rows, columns = (sinks, sources) if turned else (sources, sinks)
    flow, cost = region_flow(s), region_cost(s)
    for i in range(sources):
        for j in range(sinks):
            row, column = (j, i) if turned else (i, j)
            flow[column, row] = 0
            cost[row, column] = region_seconds(s)[source[i], sink[j]]
    room = TransportRoom(floats[0], floats[1], floats[2], floats[3], table[8], table[9], table[10], table[11])
    if turned:
        transport_into(wanted[:rows], left[:columns], cost, flow, room)
    else:
        transport_into(left[:rows], wanted[:columns], cost, flow, room)
    for i in range(sources):
        for j in range(sinks):
            row, column = (j, i) if turned else (i, j)
            for _ in range(flow[column, row]):
                _send(s, source[i], sink[j], time)


@compiled
def _send(s: Desk, source: int, sink: int, time: int) -> None:
    """Send the car of a region that is nearest to where one is wanted in another."""
    turn = landed(s)[sink]
    landed(s)[sink] = turn + 1
    target = landing(s)[sink, turn % s.landings_n]
    best, best_s = NONE, 1e18
    for place in range(region_first(s)[source], region_first(s)[source + 1]):
        zone = region_zone(s)[place]
        if idle_in(s)[zone] > 0 and seconds(s)[zone, target] < best_s:
            car = zones(s)[zone].idle_head
            while car != NONE and cars(s)[car].state != IDLE:
                car = cars(s)[car].next
            if car != NONE:
                best, best_s = car, seconds(s)[zone, target]
    if best != NONE:
        go_to_stand(s, best, target, time)


@compiled
def _top_up(s: Desk, most: int, time: int) -> int:
    """Send cars to charge that nobody needs soon, emptiest first, as many as there are plugs free; return how many."""
    plugs = 0
    for d in range(s.depots_n):
        plugs += max(depots(s)[d].plugs - depots(s)[d].busy - depots(s)[d].queued - depots(s)[d].coming, 0)
    sent = 0
    while sent < min(most, plugs):
        best, least = NONE, s.top_up_below * s.capacity
        for slot in range(s.idle):
            car = idle_list(s)[slot]
            energy = cars(s)[car].energy - (time - cars(s)[car].energy_at) * s.kwh_per_ms
            if energy < least and cars(s)[car].state == IDLE:
                best, least = car, energy
        if best == NONE:
            break
        region_ints(s)[0, zones(s)[cars(s)[best].zone].region] -= 1
        leave_stand(s, best, time)
        go_to_depot(s, best, CHARGE, time)
        sent += 1
    return sent
