"""What the geography step hands on: the zones of a city and the way between any two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Ints = NDArray[np.int64]

Band = Literal["peak", "offpeak", "night"]
BANDS: tuple[Band, ...] = ("peak", "offpeak", "night")


@dataclass(frozen=True, slots=True)
class Place:
    """A named point snapped to a zone; ``index`` is -1 when none lies within reach, ``gap_km`` how far it was moved."""

    name: str
    index: int
    gap_km: float
    permit: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """A crossing snapped to its two zones. ``used`` is false while it is closed or an end found no zone."""

    name: str
    start: int
    end: int
    km: float
    hours: float
    used: bool
    why_not: str = ""


@dataclass(frozen=True, eq=False)
class CityGeography:
    """The zones of one city, n of them, in the order of their H3 index.

    Attributes
    ----------
    crs
        The UTM zone in which lengths and areas are measured, as ``EPSG:32632``.
    cells
        H3 indices, resolution 8.
    lat, lon, x_km, y_km
        The zone's anchor, shapes (n,): centre of its largest piece of land, in degrees and in UTM kilometres.
    area_km2, land_share
        Land inside the outline, and its share of the hexagon, shapes (n,).
    population, jobs
        Residents (scaled to the newest total) and jobs, shapes (n,).
    links
        Pairs of zones joined by street or crossing, shape (m, 2), each pair once; what "connected" means for an area.
    distance_km
        Network distance, shape (n, n), float32; the diagonal holds the mean trip inside a zone.
    hours
        Driving time by speed band, each shape (n, n), float32.
    crossings, gateways, depots
        Named links and points, snapped to zones.
    district_land
        Land of each zone by district, km2, shape (districts, n).
    unreachable
        H3 indices of zones with land but no way to the largest connected part; they are not in ``cells``.
    notes
        Choices made on the way that a reader should know (districts left out, density filled in).
    """

    city: str
    crs: str
    cells: tuple[str, ...]
    lat: Array
    lon: Array
    x_km: Array
    y_km: Array
    area_km2: Array
    land_share: Array
    population: Array
    jobs: Array
    links: Ints
    distance_km: Single
    hours: Mapping[Band, Single]
    circuity: float
    speed_kmh: Mapping[Band, float]
    crossings: tuple[Access, ...]
    gateways: tuple[Place, ...]
    depots: tuple[Place, ...]
    unreachable: tuple[str, ...]
    district_land: Array
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of zones."""
        return len(self.cells)
