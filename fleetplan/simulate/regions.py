"""Regions for repositioning: how they are cut, what riders they will have, where a car goes that is sent there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetplan.simulate.layout import MS, Array, Ints, Shorts
from fleetplan.simulate.travel import Travel, regions_of

MOST_REGIONS = 150
CARS_PER_REGION = 6
LANDINGS = 64
SMALLEST = 1e-12
FAR_S = 1e9


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of a scenario.

    Attributes
    ----------
    of_zone
        The region of each zone, shape (n,).
    first, zone
        The zones of region r are ``zone[first[r]:first[r + 1]]``, shapes (r + 1,) and (n,).
    seconds
        Times between their centres, shape (r, r).
    rate, stand_share
        Requests per ms, and share of the spare cars, by row of the expected demand and region, shape (k, r).
    landing
        Zones to go to, turn by turn, shape (r, 64).
    """

    of_zone: Ints
    first: Shorts
    zone: Shorts
    seconds: Array
    rate: Array
    stand_share: Array
    landing: Shorts

    def __len__(self) -> int:
        """Return the number of regions."""
        return len(self.seconds)


def regions_for(cars: int, asked: int) -> int:
    """Return how many regions a fleet has: as many as asked for, or one to about six cars, 150 at most."""
    return asked or max(1, min(MOST_REGIONS, round(cars / CARS_PER_REGION)))


def cut(travel: Travel, demand: Array, area_km2: Array | None, count: int) -> Regions:
    """Return the regions of a place.

    Parameters
    ----------
    demand
        Requests per second by row and zone, shape (k, n).
    area_km2
        Land of each zone; None: all alike.
    """
    weight = demand.sum(axis=0)
    wanted = count if weight.sum() > 0 else 1
    region, centre = regions_of(travel.seconds, weight, min(wanted, len(travel)))
    area = np.ones(len(travel)) if area_km2 is None else area_km2
    rate = _by_region(demand / MS, region, len(centre))
    spread = _by_region(np.cbrt(demand) ** 2 * np.cbrt(area), region, len(centre))
    return Regions(
        of_zone=region,
        first=np.searchsorted(np.sort(region), np.arange(len(centre) + 1)).astype(np.int32),
        zone=np.argsort(region, kind="stable").astype(np.int32),
        seconds=np.minimum(np.ascontiguousarray(travel.seconds[np.ix_(centre, centre)], np.float64), FAR_S),
        rate=rate,
        stand_share=spread / np.maximum(spread.sum(axis=1, keepdims=True), SMALLEST),
        landing=np.stack([_landing(np.flatnonzero(region == r), weight) for r in range(len(centre))]),
    )


def _by_region(table: Array, region: Ints, count: int) -> Array:
    order = np.argsort(region, kind="stable")
    first = np.searchsorted(region[order], np.arange(count))
    return np.ascontiguousarray(np.add.reduceat(table[:, order], first, axis=1))


def _landing(zones: Ints, weight: Array) -> Shorts:
    """Return where to stand in a region, turn by turn: each zone as often as its share of requests, well mixed."""
    share = np.cumsum(weight[zones])
    if share[-1] <= 0:
        return np.full(LANDINGS, zones[0], np.int32)
    turns = (0.5 + np.arange(LANDINGS) * 0.6180339887498949) % 1.0
    return np.asarray(zones[np.searchsorted(share / share[-1], turns, side="right").clip(0, len(zones) - 1)], np.int32)
