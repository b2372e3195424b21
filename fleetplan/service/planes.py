"""The planes of a response surface over the fleets and riders within reach: closer to the law than those over all of it.

They depend on the surface alone, so they are made with it and kept with it; a surface without them makes them when asked.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from fleetplan.service.hull import concave_planes
from fleetplan.service.types import ResponseSurface

Array = NDArray[np.float64]

FEWEST_SAMPLES = 4
SLACK_TRIPS = 0.5  # a plane that is never within this of the lowest one adds nothing
ROUNDING = 1e-9  # of a reach: a sample so little below it counts as reached
FLEET_STEP = 10  # fleets sampled that planes are made for are counted in tens
NOISE = (1e-4, 1e-5, 1e-2)  # trips per vehicle-day, share of demand, trips a day


@functools.lru_cache(maxsize=4096)
def local_planes(surface: ResponseSurface, fleets: int, demands: int) -> Array:
    """Return planes over part of the sampled domain: the first ``fleets`` fleets and ``demands`` demands.

    Within it they lie between the law and the surface's own planes: a smaller domain bends less, so its hull is closer.
    """
    whole = fleets >= len(surface.sample_vehicles) and demands >= len(surface.sample_demand)
    if whole or min(fleets, demands) < FEWEST_SAMPLES:
        return clean_planes(surface.planes)
    axes = surface.sample_vehicles[1:fleets], surface.sample_demand[1:demands]
    nearer, _ = concave_planes(*axes, surface.sample_trips[1:fleets, 1:demands])
    planes = clean_planes(np.concatenate([nearer, surface.planes]))
    v, d = (a.ravel() for a in np.meshgrid(*axes, indexing="ij"))
    heights = planes[:, :2] @ np.stack([v, d]) + planes[:, 2:]
    lowest = heights.min(axis=0)
    return np.asarray(planes[(heights <= lowest + SLACK_TRIPS).any(axis=1)])


@functools.lru_cache(maxsize=256)
def _planes_from_none(surface: ResponseSurface, fleets: int, demands: int) -> Array:
    if min(fleets, demands) < FEWEST_SAMPLES:
        return clean_planes(np.maximum(surface.planes, 0.0))
    axes = surface.sample_vehicles[:fleets], surface.sample_demand[:demands]
    planes, _ = concave_planes(*axes, surface.sample_trips[:fleets, :demands])
    return clean_planes(planes)


def planes_within(surface: ResponseSurface, fleet: float, demand: float, *, from_none: bool = False) -> Array:
    """Return the planes that hold for fleets and demands up to the given ones.

    From the smallest that are sampled on: continued to few vehicles or few riders in a wide area they lie below no trips at all.
    Those ``from_none`` on lie somewhat higher, and nowhere below no trips.
    """
    v = _up_to(surface.sample_vehicles, fleet)
    d = _up_to(surface.sample_demand, demand)
    fleets = min(-(-v // FLEET_STEP) * FLEET_STEP, len(surface.sample_vehicles))
    domain = fleets, min(max(d, FEWEST_SAMPLES), len(surface.sample_demand))
    if from_none:
        return _planes_from_none(surface, *domain)
    kept = surface.nearer.get(domain)
    return local_planes(surface, *domain) if kept is None else kept


def _up_to(axis: Array, reach: float) -> int:
    """Return how many samples count for a reach: those up to the first that is no smaller, but for rounding."""
    return int(np.searchsorted(axis, reach * (1.0 - ROUNDING))) + 1


def nearer_planes(surface: ResponseSurface) -> dict[tuple[int, int], Array]:
    """Return the local planes of every domain that :func:`planes_within` may ask for."""
    steps = range(FLEET_STEP, len(surface.sample_vehicles) + FLEET_STEP, FLEET_STEP)
    fleets = [min(step, len(surface.sample_vehicles)) for step in steps]
    demands = range(FEWEST_SAMPLES, len(surface.sample_demand) + 1)
    return {(v, d): local_planes(surface, v, d) for v in fleets for d in demands}


def clean_planes(planes: Array) -> Array:
    """Return planes without the hull's rounding noise, which solvers trip over; never lower than they were, within a trip."""
    return np.where(np.abs(planes) < np.array(NOISE), 0.0, planes)
