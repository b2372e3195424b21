"""Ends of trips on the zones of a city: coordinates and H3 cells lie in one, zones of a file lie over several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

import h3
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fleetplan.geography.cells import RESOLUTION
from fleetplan.geography.types import CityGeography
from fleetplan.trips.times import blank

Ints = NDArray[np.int64]

MISSING, UNREADABLE, OUTSIDE, UNKNOWN = -1, -2, -3, -4
"""What stands in place of a place's number where an end has none."""

NEAR_KM = 1.0
"""A point on a shore, whose hexagon has too little land to be a zone, belongs to a zone so near."""

KM_PER_DEGREE = 111.195


class Places(ABC):
    """Numbers the places that ends of trips lie at; each place is spread over zones of the city."""

    def __init__(self, geography: CityGeography) -> None:
        self.geography = geography
        self.zone = {cell: i for i, cell in enumerate(geography.cells)}
        self.names: list[str] = []
        self.spread: list[dict[str, float]] = []
        self.unknown: Counter[str] = Counter()
        self._number: dict[str, int] = {}

    @abstractmethod
    def numbers(self, frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
        """Return the number of each row's place, or why it has none."""

    def table(self) -> pd.DataFrame:
        """Return the share of each place in each zone: place, h3, share."""
        rows = [
            (name, cell, share)
            for name, own in zip(self.names, self.spread, strict=True)
            for cell, share in own.items()
        ]
        return pd.DataFrame(rows, columns=["place", "h3", "share"])

    def _place(self, name: str, spread: dict[str, float]) -> int:
        if name not in self._number:
            self._number[name] = len(self.names)
            self.names.append(name)
            self.spread.append(spread)
        return self._number[name]

    def _in_zone(self, cell: str) -> int:
        return self._place(cell, {cell: 1.0})


class Coordinates(Places):
    """Latitude and longitude in degrees."""

    def __init__(self, geography: CityGeography) -> None:
        super().__init__(geography)
        self._stretch = float(np.cos(np.radians(geography.lat.mean())))
        self._tree = cKDTree(self._km(geography.lat, geography.lon))

    def _km(self, lat: Any, lon: Any) -> NDArray[np.float64]:
        return np.stack([np.asarray(lat, float), np.asarray(lon, float) * self._stretch], axis=-1) * KM_PER_DEGREE

    def numbers(self, frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
        """Return the number of each row's place, or why it has none."""
        missing = np.any([blank(frame[name]) for name in columns], axis=0)
        lat, lon = (pd.to_numeric(frame[name], errors="coerce").to_numpy(float) for name in columns)
        with np.errstate(invalid="ignore"):
            readable = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
        points, row = np.unique(np.stack([lat[readable], lon[readable]], axis=-1), axis=0, return_inverse=True)
        found = np.where(missing, MISSING, UNREADABLE).astype(np.int64)
        found[readable] = (
            np.array([self._at(*point) for point in points], np.int64)[row.reshape(-1)] if len(points) else 0
        )
        return found

    def _at(self, lat: float, lon: float) -> int:
        cell = str(h3.latlng_to_cell(lat, lon, RESOLUTION))
        if cell not in self.zone:
            away, nearest = self._tree.query(self._km(lat, lon))
            if away > NEAR_KM:
                return OUTSIDE
            cell = self.geography.cells[int(nearest)]
        return self._in_zone(cell)


class Cells(Places):
    """H3 cells: finer ones lie in a zone, coarser ones are spread over theirs by residents and jobs."""

    def __init__(self, geography: CityGeography) -> None:
        super().__init__(geography)
        self._known: dict[str, int] = {}

    def numbers(self, frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
        """Return the number of each row's place, or why it has none."""
        given = frame[columns[0]]
        texts, row = np.unique(given.astype(str).str.strip().str.lower().to_numpy(str), return_inverse=True)
        found = np.array([self._known.setdefault(t, self._at(t)) for t in texts.tolist()], np.int64)[row]
        return np.where(blank(given), MISSING, found)

    def _at(self, text: str) -> int:
        if not h3.is_valid_cell(text):
            return UNREADABLE
        resolution = h3.get_resolution(text)
        if resolution >= RESOLUTION:
            cell = str(h3.cell_to_parent(text, RESOLUTION))
            return self._in_zone(cell) if cell in self.zone else OUTSIDE
        inside = [str(cell) for cell in h3.cell_to_children(text, RESOLUTION) if str(cell) in self.zone]
        return self._place(text, weighted(self.geography, dict.fromkeys(inside, 1.0))) if inside else OUTSIDE


class Zones(Places):
    """Zones of a file by their ids, spread over the hexagons that they cover by residents and jobs.

    Parameters
    ----------
    ids, shapes
        Ids as texts and polygons in lon-lat; an id may have several polygons.
    """

    def __init__(self, geography: CityGeography, ids: Sequence[str], shapes: Sequence[Any]) -> None:
        super().__init__(geography)
        hexagons = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]) for cell in geography.cells]
        tree = shapely.STRtree(hexagons)
        parts: dict[str, dict[str, float]] = {}
        for name, shape in zip(ids, shapes, strict=True):
            covered = parts.setdefault(zone_id(name), {})
            for k in tree.query(shape, predicate="intersects").tolist():
                part = shapely.intersection(hexagons[k], shape).area / hexagons[k].area
                if part > 0:
                    covered[geography.cells[k]] = covered.get(geography.cells[k], 0.0) + part
        self.parts = parts
        self._known = {
            name: self._place(name, weighted(geography, own)) if own else OUTSIDE for name, own in parts.items()
        }

    def numbers(self, frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
        """Return the number of each row's place, or why it has none; ids that the file does not have are counted."""
        given = frame[columns[0]]
        texts, row, count = np.unique(given.astype(str).to_numpy(str), return_inverse=True, return_counts=True)
        ids = [zone_id(text) for text in texts.tolist()]
        found = np.array([self._known.get(name, UNKNOWN) for name in ids], np.int64)
        missing = blank(pd.Series(texts))
        self.unknown.update({ids[k]: int(count[k]) for k in np.flatnonzero((found == UNKNOWN) & ~missing).tolist()})
        return np.where(blank(given), MISSING, found[row])


def zone_id(given: object) -> str:
    """Return a zone's id as text; a whole number written with a point is that number.

    >>> zone_id(236), zone_id("236.0"), zone_id(" 008 ")
    ('236', '236', '008')
    """
    text = str(given).strip()
    whole, point, rest = text.partition(".")
    return whole if point and rest.strip("0") == "" and whole.lstrip("-").isdigit() else text


def weighted(geography: CityGeography, parts: dict[str, float]) -> dict[str, float]:
    """Return the share of each hexagon in a place that covers a part of it: by residents and jobs there, else by land."""
    number = {cell: i for i, cell in enumerate(geography.cells)}
    at = [number[cell] for cell in parts]
    part = np.array(list(parts.values()))
    mass = part * (geography.population[at] + geography.jobs[at])
    if mass.sum() <= 0:
        mass = part * geography.area_km2[at]
    shares = mass / mass.sum()
    return {cell: float(share) for cell, share in zip(parts, shares, strict=True) if share > 0}
