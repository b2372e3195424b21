"""What a request says of markets and regulators, as figures that rules read: duties, rivals, hours of the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fleetplan.months import Grid, month_number
from fleetplan.request.constraints import (
    Constraint,
)
from fleetplan.request.imposed import RivalLaunch, ServiceHours, Tariff

if TYPE_CHECKING:
    from fleetplan.catalogue.types import City
    from fleetplan.optimize.instance import Array, Instance


def duty_factor(stack: str, month: int, constraints: Iterable[Constraint]) -> float:
    """Return what a stack's price is multiplied with where it is bought in an absolute month: one tariff on top of another."""
    factor = 1.0
    for c in constraints:
        if isinstance(c, Tariff) and c.stack == stack:
            inside = month_number(c.start) <= month and (c.end is None or month <= month_number(c.end))
            factor *= 1.0 + c.duty * inside
    return factor


def left_by_rivals(grid: Grid, city: str, constraints: Sequence[Constraint]) -> Array:
    """Return by period the share of a city's riders that rivals who launch leave, the mean over its months."""
    out = np.ones(len(grid))
    for c in constraints:
        if isinstance(c, RivalLaunch) and c.city == city:
            opened = month_number(c.start)
            for t in range(len(grid)):
                taken = [_taken(c, month - opened) for month in grid.months_in(t)]
                out[t] *= 1.0 - float(np.mean(taken))
    return out


def _taken(c: RivalLaunch, age: int) -> float:
    if age < 0:
        return 0.0
    return c.share * min(1.0, (age + 1) / max(1, c.months))


def hour_shares(city: City) -> Array:
    """Return the share of a mean day's trips in each hour, shape (24,): weekdays and weekends by the days of the week."""
    days = np.asarray(city.series("profile.day_of_week"))
    weekday, weekend = np.asarray(city.series("profile.weekday")), np.asarray(city.series("profile.weekend"))
    return np.asarray(weekday * days[:5].sum() + weekend * days[5:].sum())


def carried(i: Instance, q: int) -> Array:
    """Return by period the share of a day's trips that fall into the hours in which a deployment serves, shape (periods,)."""
    out = np.ones(i.periods)
    for c in i.scope.constraints:
        if isinstance(c, ServiceHours) and q in i.matching(c.city, c.stack):
            shares = hour_shares(i.scope.catalogue.cities[c.city])
            inside = i.grid.window(c.start, c.end)
            out[inside.start : inside.stop] = np.minimum(out[inside.start : inside.stop], shares[list(c.hours)].sum())
    return out
