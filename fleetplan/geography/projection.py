"""Metres from degrees: every length and area is measured in the city's own UTM zone."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

Array = NDArray[np.float64]


def utm_code(lat: float, lon: float) -> int:
    """Return the EPSG code of the UTM zone of a point, north (326xx) or south (327xx).

    >>> utm_code(47.4, 8.5), utm_code(-33.9, 151.2)
    (32632, 32756)
    """
    zone = int((lon + 180.0) // 6.0) + 1
    return (32600 if lat >= 0 else 32700) + zone


class Projection:
    """Degrees (lon, lat) to kilometres (x, y) in one UTM zone, and back."""

    def __init__(self, lat: float, lon: float) -> None:
        self.code = utm_code(lat, lon)
        self._forward = Transformer.from_crs(4326, self.code, always_xy=True)

    @property
    def crs(self) -> str:
        """Return the name of the zone, ``EPSG:32632``."""
        return f"EPSG:{self.code}"

    def points(self, lat: Any, lon: Any) -> Array:
        """Return UTM kilometres, shape (n, 2), of points in degrees."""
        x, y = self._forward.transform(np.asarray(lon, float), np.asarray(lat, float))
        return np.stack([np.atleast_1d(x), np.atleast_1d(y)], axis=-1) / 1000.0

    def degrees(self, xy: Array) -> tuple[Array, Array]:
        """Return (lat, lon) of points in UTM kilometres, shape (n, 2)."""
        lon, lat = self._forward.transform(xy[:, 0] * 1000.0, xy[:, 1] * 1000.0, direction="INVERSE")
        return np.asarray(lat), np.asarray(lon)

    def shapes(self, geometry: Any) -> Any:
        """Return geometries (or an array of them) in UTM kilometres."""
        return shapely.transform(geometry, lambda lonlat: self.points(lonlat[:, 1], lonlat[:, 0]))
