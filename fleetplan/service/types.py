"""What the service step hands on: ladder levels and their response surfaces.

A surface answers, for one service area: with ``V`` vehicles assigned and ``D`` addressable trips a day, how many trips
a day are served? The optimizer reads it as planes,

    trips <= alpha_k * V + beta_k * D + gamma_k        for every k, while the area is open,

the upper concave hull of the sampled law over D in [demand_min, demand_max] and V in [0, vehicles_max]; ``hull_gap``
says how far hull and law are apart at most (as a share of the largest trips). Reports read the law itself through
``evaluate``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ServiceQuality:
    """How a fleet serves an area on a mean day; arrays broadcast from (vehicles, demand)."""

    trips_per_day: Array
    wait_min: Array
    deadhead_share: Array
    km_per_day: Array


@dataclass(frozen=True, eq=False)
class ResponseSurface:
    """The response of one ladder level of one city.

    Attributes
    ----------
    planes
        Shape (k, 3): alpha (trips/vehicle-day), beta (share of demand), gamma (trips/day).
    km_per_trip, km_per_vehicle_day
        Least-squares split of driven km: ``km = km_per_trip * trips + km_per_vehicle_day * V``.
    km_per_vehicle_day_most
        What a vehicle can drive in a mean day at the streets' speed within its service hours.
    demand_trips_per_day
        Addressable trips a mean day with both ends inside the area, at full adoption, season factor 1, at the reference wait.
    hull_gap
        Largest distance between planes and law, as a share of the largest trips served.
    sample_vehicles, sample_demand
        Grid axes, shapes (n,), (m,).
    sample_trips, sample_wait_min, sample_deadhead_share, sample_km
        The law on the grid, shapes (n, m).
    nearer
        Planes over parts of the domain by (fleets, demands) sampled in it: see :mod:`fleetplan.service.planes`.
    """

    city: str
    level: int
    planes: Array
    km_per_trip: float
    km_per_vehicle_day: float
    demand_trips_per_day: float
    demand_min: float
    demand_max: float
    vehicles_max: float
    hull_gap: float
    sample_vehicles: Array
    sample_demand: Array
    sample_trips: Array
    sample_wait_min: Array
    sample_deadhead_share: Array
    sample_km: Array
    nearer: Mapping[tuple[int, int], Array] = field(default_factory=dict, repr=False)
    km_per_vehicle_day_most: float = math.inf

    def evaluate(self, vehicles: Array | float, demand: Array | float) -> ServiceQuality:
        """Read the sampled law at given fleets and demands (bilinear between samples, clamped at the edges)."""
        v, d = np.broadcast_arrays(np.asarray(vehicles, float), np.asarray(demand, float))
        rows, row_share = _between(self.sample_vehicles, v)
        columns, column_share = _between(self.sample_demand, d)

        def read(table: Array) -> Array:
            low = table[rows, columns] * (1 - row_share) * (1 - column_share)
            low += table[rows, columns + 1] * (1 - row_share) * column_share
            high = table[rows + 1, columns] * row_share * (1 - column_share)
            return np.asarray(low + high + table[rows + 1, columns + 1] * row_share * column_share)

        return ServiceQuality(
            trips_per_day=np.minimum(read(self.sample_trips), d),
            wait_min=read(self.sample_wait_min),
            deadhead_share=read(self.sample_deadhead_share),
            km_per_day=read(self.sample_km),
        )


def _between(axis: Array, points: Array) -> tuple[NDArray[np.intp], Array]:
    """Return for each point the sample below it and how far it lies on the way to the next, 0 to 1."""
    inside = np.clip(points, axis[0], axis[-1])
    below = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    return below, (inside - axis[below]) / (axis[below + 1] - axis[below])


@dataclass(frozen=True, eq=False)
class AreaDemand:
    """Demand and constants of one service area by hour: arrays (48,), 24 weekday hours, then 24 weekend hours.

    Attributes
    ----------
    trips_per_hour
        At full adoption, both ends inside.
    ride_h, ride_km
        Mean loaded time and distance of a trip.
    empty_km
        Least rebalancing distance per trip.
    effective_km2
        ``(sum s^(2/3) A^(1/3))^3``: the area that pickups feel when idle cars stand where demand is.
    search_h_per_km
        k = circuity / (2 speed): pickup time is k x sqrt(area / idle cars).
    speed_kmh
        Street speed.
    trips_per_day
        A mean day's trips (weekdays 5/7, weekend days 2/7).
    """

    trips_per_hour: Array
    ride_h: Array
    ride_km: Array
    empty_km: Array
    effective_km2: Array
    search_h_per_km: Array
    speed_kmh: Array
    trips_per_day: float


@dataclass(frozen=True, eq=False)
class LadderLevel:
    """A candidate service area: a nested, connected set of H3 cells.

    ``requires`` names the permits that must be held for it: of airports inside, and of crossings that its ways go over. ``hours``
    are what its surface was made from (None in levels that were kept before they were kept with it).
    """

    city: str
    index: int
    name: str
    cells: tuple[str, ...]
    area_km2: float
    population: float
    requires: tuple[str, ...]
    mean_trip_km: float
    mean_airport_share: float
    surface: ResponseSurface
    hours: AreaDemand | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Zones:
    """The zones of a city as maps show them, shapes (n,).

    ``demand_trips_per_day`` counts half of each trip at either end, at full adoption; ``level`` is the ladder level at
    which a zone enters, -1 if never.
    """

    cells: tuple[str, ...]
    lat: Array
    lon: Array
    area_km2: Array
    population: Array
    jobs: Array
    demand_trips_per_day: Array
    level: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CityService:
    """All that the optimizer and the reports need of a city's streets: its ladder, small to large."""

    city: str
    levels: tuple[LadderLevel, ...]
    depot_km_by_level: Array  # shape (levels, depots): mean km from a depot to the area's demand, one way
    zones: Zones
