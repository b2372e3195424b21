"""The event loop: whatever comes next in time happens next."""

from __future__ import annotations

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.dispatch import ask, batch
from fleetplan.simulate.layout import BATCHED, CHARGING, IDLE, MOVING, OFF, QUEUE, TO_DEPOT, Records
from fleetplan.simulate.moves import arrive, first_energy, free, give_up, unplug
from fleetplan.simulate.repositioning import reposition
from fleetplan.simulate.shifts import change_shift
from fleetplan.simulate.stands import close_way, pass_on, stand
from fleetplan.simulate.tally import drain, first_at, next_failure, pop, share_out, spend
from fleetplan.simulate.views import Desk, cars, queue_ms, riders, shift


@compiled
def run(desk: Records) -> None:
    """Run from the first millisecond to the horizon.

    At the same moment cars become free first, then shifts change, cars are repositioned, riders ask, batches are assigned.
    """
    s = desk[0]
    horizon = s.horizon
    _begin(s)
    next_shift = s.bin
    next_epoch = s.epoch if s.epoch > 0 else horizon
    next_batch = s.batch if s.mode == BATCHED else horizon
    rider = 0
    while True:
        asked = riders(s)[rider].time if rider < s.riders_n else horizon
        freed = first_at(s) if s.events > 0 else horizon
        time = min(asked, freed, next_shift, next_epoch, next_batch)
        if time >= horizon:
            break
        if freed == time:
            happen(s, pop(s), time)
        elif next_shift == time:
            _next_row(s, time)
            next_shift += s.bin
        elif next_epoch == time:
            reposition(s, time)
            next_epoch += s.epoch
        elif asked == time:
            ask(s, rider, time)
            rider += 1
        else:
            batch(s, time)
            next_batch += s.batch
    _end(s, horizon)


@compiled
def _next_row(s: Desk, time: int) -> None:
    """Begin the next bin: shifts, speeds and the dispatcher's reach may change."""
    row = s.row + 1
    s.row, s.row_starts, s.row_ends = row, time, time + s.bin
    if shift(s)[row] != shift(s)[row - 1] or s.on_shift != shift(s)[row]:
        change_shift(s, shift(s)[row], time)


@compiled
def happen(s: Desk, car: int, time: int) -> None:
    """Let a car go on: into the next zone on its way to a stand, with what it came to a depot for; else it is free."""
    state = cars(s)[car].state
    if state == MOVING:
        if pass_on(s, car, time):
            free(s, car, time)
    elif state == TO_DEPOT:
        arrive(s, car, time)
    elif state == CHARGING:
        unplug(s, car, time)
    else:
        free(s, car, time)


@compiled
def _begin(s: Desk) -> None:
    s.row_ends = s.bin
    for car in range(s.cars_n):
        own = cars(s)[car]
        own.energy = first_energy(s, car)
        own.fails_at = next_failure(s, car, 0)
        if car < shift(s)[0]:
            stand(s, car, 0)
            s.on_shift += 1
        else:
            own.state = OFF


@compiled
def _end(s: Desk, horizon: int) -> None:
    """Close the books at the horizon: states under way are counted up to it, riders out of patience leave."""
    give_up(s, horizon)
    for car in range(s.cars_n):
        own = cars(s)[car]
        if own.state in (IDLE, OFF, QUEUE):
            spend(s, own.state, own.since, horizon)
            if own.state == QUEUE:
                share_out(s, queue_ms(s), own.depot, own.since, horizon)
            if own.state == IDLE:
                drain(s, car, horizon, 0.0)
        elif own.state == MOVING:
            close_way(s, car, horizon)
