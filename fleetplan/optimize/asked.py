"""How many riders the trips of a solution need by the sampled law, which lies below the planes that a search reads."""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.imposed import carried
from fleetplan.optimize.instance import Array, Flags
from fleetplan.service.types import ResponseSurface


def riders_by_the_law(f: Formulation, q: int, in_force: Flags, x: Array) -> Array:
    """Return the least riders at which fleets serve their trips by the law, shape (levels, periods); 0 where none ride.

    Where the law gives fewer trips however many ask, the most for which it was sampled.
    """
    own, share = f.columns.deployments[q], carried(f.instance, q)
    trips, fleet = x[own.trips], x[own.fleet]
    found = np.zeros(trips.shape)
    for g, t in np.argwhere(in_force & (trips > 0.0) & (share[None, :] > 0.0)).tolist():
        surface = f.instance.levels_of(q)[g].surface
        found[g, t] = least_riders(surface, float(fleet[g, t]), float(trips[g, t] / share[t]))
    return found


def least_riders(surface: ResponseSurface, vehicles: float, trips: float) -> float:
    """Return the least riders a day of whom so many vehicles serve so many trips, linear between samples."""
    axis = surface.sample_vehicles
    below = int(np.clip(np.searchsorted(axis, vehicles, side="right") - 1, 0, len(axis) - 2))
    part = np.clip((vehicles - axis[below]) / (axis[below + 1] - axis[below]), 0.0, 1.0)
    table = surface.sample_trips
    row = table[below] * (1.0 - part) + table[below + 1] * part
    return float(np.interp(trips, np.maximum.accumulate(row), surface.sample_demand))
