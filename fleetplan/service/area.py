"""One service area: what of the city's demand it captures, hour by hour, and the constants of its pickup law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.demand.types import DAY_TYPES, PERIODS, CityDemand, band_of, period_of
from fleetplan.geography.types import CityGeography
from fleetplan.service.rebalancing import empty_km_per_trip
from fleetplan.service.types import AreaDemand

__all__ = ["AreaDemand", "area_demand", "effective_area"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Singles = NDArray[np.float32]

LARGE_AREA = 700
"""Areas of more zones solve their rebalancing on groups of zones (H3 resolution 7): a tenth of the time."""


DAY_WEIGHT: Array = np.repeat([5.0 / 7.0, 2.0 / 7.0], 24)
"""Weight of each of the 48 hours in a mean day."""


def effective_area(demand: Array, area_km2: Array) -> float:
    """Return A_eff = (sum s^(2/3) A^(1/3))^3 in km2 for shares s of demand (fleet-sizing science, section 2a).

    >>> float(round(effective_area(np.array([1.0, 1.0]), np.array([2.0, 2.0])), 9))
    4.0
    """
    share = demand / demand.sum()
    return float((np.cbrt(share) ** 2 @ np.cbrt(area_km2)) ** 3)


def area_demand(cells: Ints, geography: CityGeography, demand: CityDemand, group: Ints) -> AreaDemand:
    """Return the demand of a service area.

    Parameters
    ----------
    cells
        Sorted zone numbers of the area.
    group
        Group of every zone of the city, shape (n,): connected sets used for the rebalancing of large areas.
    """
    area = geography.area_km2[cells]
    links, km, part = _inner_links(cells, geography, group)
    between = _Between(cells)
    distance, hours = between.of(geography.distance_km), between.of(geography.hours["offpeak"])
    room = np.empty_like(distance)
    by_period = {}
    for period in PERIODS:
        trips = between.of(demand.pattern[period], room)
        captured = float(trips.sum(dtype=np.float64))
        if (
            captured <= 0
        ):  # counted trips may have none here in a period: what an hour without riders is like moves nothing
            trips = np.ones_like(trips)
        held = captured or float(trips.size)
        origin, destination = trips.sum(axis=1, dtype=np.float64), trips.sum(axis=0, dtype=np.float64)
        by_period[period] = (
            captured,
            _sum_product(trips, distance) / held,
            _sum_product(trips, hours) / held,
            empty_km_per_trip(_sum_by(origin, part), _sum_by(destination, part), links, km),
            effective_area(origin, area),
        )
    rows = []
    for row, day_type in enumerate(DAY_TYPES):
        for hour in range(24):
            speed = geography.speed_kmh[band_of(day_type, hour)]
            captured, ride_km, ride_h, empty, effective = by_period[period_of(day_type, hour)]
            slower = geography.speed_kmh["offpeak"] / speed
            search = 0.5 * geography.circuity / speed
            trips_per_hour = demand.hourly[row, hour] * captured
            rows.append((trips_per_hour, ride_h * slower, ride_km, empty, effective, search, speed))
    trips_per_hour, ride_h, ride_km, empty_km, effective_km2, search, speed_kmh = np.array(rows).T
    return AreaDemand(
        trips_per_hour=trips_per_hour,
        ride_h=ride_h,
        ride_km=ride_km,
        empty_km=empty_km,
        effective_km2=effective_km2,
        search_h_per_km=search,
        speed_kmh=speed_kmh,
        trips_per_day=float(trips_per_hour @ DAY_WEIGHT),
    )


class _Between:
    """Reads the part of tables of zones (n, n) that lies between the zones of an area, with one room for all of their rows."""

    def __init__(self, cells: Ints) -> None:
        self.cells = cells
        self.rows: Singles | None = None

    def of(self, table: Singles, room: Singles | None = None) -> Singles:
        """Return ``table[np.ix_(cells, cells)]``, in ``room`` where it is given: whole rows are taken first, twice as fast."""
        if len(self.cells) == len(table):
            return table
        if self.rows is None:
            self.rows = np.empty((len(self.cells), len(table)), table.dtype)
        np.take(table, self.cells, axis=0, out=self.rows, mode="clip")
        return np.take(self.rows, self.cells, axis=1, out=room, mode="clip")


def _inner_links(cells: Ints, geography: CityGeography, group: Ints) -> tuple[Ints, Array, Ints]:
    """Return the links of the rebalancing network, their km, and the node of each zone of the area."""
    number = np.full(len(geography), -1)
    number[cells] = np.arange(len(cells))
    if len(cells) <= LARGE_AREA:
        links = number[geography.links]
        inside = (links >= 0).all(axis=1)
        pairs = geography.links[inside]
        return links[inside], geography.distance_km[pairs[:, 0], pairs[:, 1]].astype(float), np.arange(len(cells))
    labels, part = np.unique(group[cells], return_inverse=True)
    node = np.full(len(geography), -1)
    node[cells] = part
    links = node[geography.links]
    across = (links >= 0).all(axis=1) & (links[:, 0] != links[:, 1])
    pairs = np.unique(np.sort(links[across], axis=1), axis=0)
    centre = _central_zone(cells, part, len(labels), geography)
    return pairs, geography.distance_km[centre[pairs[:, 0]], centre[pairs[:, 1]]].astype(float), part


def _central_zone(cells: Ints, part: Ints, count: int, geography: CityGeography) -> Ints:
    """Return the zone of each group that lies nearest the group's middle."""
    xy = np.stack([geography.x_km[cells], geography.y_km[cells]], axis=1)
    size = np.bincount(part, minlength=count)
    middle = np.stack([np.bincount(part, xy[:, axis], count) / size for axis in (0, 1)], axis=1)
    off = np.hypot(*(xy - middle[part]).T)
    order = np.lexsort((off, part))
    first = np.searchsorted(part[order], np.arange(count))
    return np.asarray(cells[order[first]])


def _sum_product(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.einsum("ij,ij->i", one, other).sum(dtype=np.float64))


def _sum_by(values: Array, part: Ints) -> Array:
    return np.bincount(part, values).astype(float)
