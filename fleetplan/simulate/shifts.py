"""The fleet by hour: cars go off shift and come back."""

from __future__ import annotations

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import NONE, OFF, PARK
from fleetplan.simulate.moves import free, go_to_depot
from fleetplan.simulate.stands import leave_stand
from fleetplan.simulate.tally import spend
from fleetplan.simulate.views import Desk, cars, idle_list


@compiled
def change_shift(s: Desk, wanted: int, time: int) -> None:
    """Bring the cars on shift to a number: those that stand leave at once, emptiest first, the others when they are free."""
    while s.on_shift - s.leaving > wanted and s.idle > 0:
        car = emptiest(s)
        leave_stand(s, car, time)
        s.on_shift -= 1
        go_to_depot(s, car, PARK, time)
    s.leaving = max(s.on_shift - wanted, 0)
    while s.on_shift < wanted:
        car = fullest_parked(s)
        if car == NONE:
            return
        spend(s, OFF, cars(s)[car].since, time)
        cars(s)[car].energy_at = time
        s.on_shift += 1
        free(s, car, time)


@compiled
def emptiest(s: Desk) -> int:
    """Return the car with the least energy among those that stand, -1 if none does."""
    best, least = NONE, 1e18
    for slot in range(s.idle):
        car = idle_list(s)[slot]
        if cars(s)[car].energy < least or (cars(s)[car].energy == least and car < best):
            best, least = int(car), cars(s)[car].energy
    return best


@compiled
def fullest_parked(s: Desk) -> int:
    """Return the car with the most energy among those off shift and not at a plug, -1 if there is none."""
    best, most = NONE, -1e18
    for car in range(s.cars_n):
        if cars(s)[car].state == OFF and cars(s)[car].energy > most:
            best, most = car, cars(s)[car].energy
    return best
