"""Where on earth a time zone is: from the table of principal places that comes with the time zone database (``zone.tab``)."""

from __future__ import annotations

import re
from functools import cache
from heapq import nsmallest
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

EARTH_KM: Final = 6371.0
FARTHEST_KM: Final = 2_600.0
"""How far a city may lie from its time zone's principal place: Boise is 1,100 km from Los Angeles, Perm 1,150 from Moscow."""

_WIDE: Final = {"Asia/Shanghai": 4_500.0}
"""China keeps one time from Shanghai to the Pamirs."""

_POINT: Final = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


class Zone(NamedTuple):
    """A time zone: its name, the two letters of its country, and where its principal place lies, in degrees."""

    name: str
    country: str
    lat: float
    lon: float

    @property
    def place(self) -> str:
        """The name of its principal place."""
        return self.name.rpartition("/")[2].replace("_", " ")


@cache
def zones() -> dict[str, Zone]:
    """Return every time zone with a place, by name.

    >>> zones()["Europe/Zurich"].country
    'CH'
    """
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    found = [Zone(row[2], row[0], *_degrees(row[1])) for row in rows]
    return {zone.name: zone for zone in found}


def nearest_zones(lat: float, lon: float, count: int = 3) -> list[Zone]:
    """Return the time zones whose principal places are nearest to a point, the nearest first.

    >>> [zone.place for zone in nearest_zones(48.14, 11.58)], nearest_zones(8.54, 47.38)[0].country
    (['Vaduz', 'Busingen', 'Zurich'], 'YE')
    """
    return nsmallest(count, zones().values(), key=lambda zone: km_between(zone.lat, zone.lon, lat, lon))


def too_far_km(name: str, lat: float, lon: float) -> float:
    """Return how many km a point lies from a zone's principal place, if that is farther than can be; else 0.

    >>> too_far_km("Europe/Zurich", 47.38, 8.54), round(too_far_km("Europe/Zurich", 8.54, 47.38), -3)
    (0.0, 6000.0)
    """
    zone = zones().get(name)
    away = 0.0 if zone is None else km_between(zone.lat, zone.lon, lat, lon)
    return away if away > _WIDE.get(name, FARTHEST_KM) else 0.0


def km_between(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the distance of two points on a sphere, in km."""
    a, b = radians(lat_a), radians(lat_b)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def _degrees(text: str) -> tuple[float, float]:
    """Return latitude and longitude of ``+DDMM+DDDMM`` or ``+DDMMSS+DDDMMSS``."""
    match = _POINT.fullmatch(text)
    if match is None:
        msg = f"no place of a time zone: {text!r}"
        raise ValueError(msg)
    north, lat, lat_min, lat_s, east, lon, lon_min, lon_s = match.groups()
    y = int(lat) + int(lat_min) / 60 + int(lat_s or 0) / 3600
    x = int(lon) + int(lon_min) / 60 + int(lon_s or 0) / 3600
    return (-y if north == "-" else y), (-x if east == "-" else x)
