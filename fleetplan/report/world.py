"""The world as far as a plan's cities lie: land, and a marker and a label for each city, in the Equal Earth projection.

Land is Natural Earth's (public domain). The projection is that of B. Šavrič, T. Patterson and B. Jenny, "The Equal Earth map
projection", International Journal of Geographical Information Science 33(3), 2019, equations 1 and 2: areas keep their
proportions, and continents look as people know them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from shapely import MultiPolygon, Polygon, box, transform
from shapely.geometry import shape

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = math.sqrt(3) / 2

WIDTH = 1000
CREDIT = "Land: Natural Earth"
_LEAST_SPAN = (
    0.8  # of the projection's plane: about 45 degrees; land is drawn too coarsely to be looked at more closely
)
_WIDEST, _TALLEST = 2.8, 1.9  # width to height
_MARGIN = 0.08
_LARGEST, _SMALLEST = 17.0, 4.5
_LINE, _CHARACTER = 14.5, 6.7  # a label's line height and the width of its mean character, in units of the map
_REACH = (0.0, 14.0, 28.0, 44.0)
_SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A city to be shown: where it lies, how large its marker is (0: nothing opens), the class of its tone, its label."""

    key: str
    lat: float
    lon: float
    size: float
    tone: str
    label: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map; ``leader`` is the line to a label that had to stand apart."""

    place: Place
    x: float
    y: float
    r: float
    label_x: float
    label_y: float
    anchor: str
    leader: str


@dataclass(frozen=True, slots=True)
class WorldMap:
    """A map of land and spots in units of its view box."""

    width: int
    height: int
    land: str
    spots: list[Spot]


def equal_earth(lon: float, lat: float) -> Point:
    """Return a place in the plane of the Equal Earth projection, north up.

    >>> x, y = equal_earth(180.0, 0.0)
    >>> round(x, 4), round(y, 4)
    (2.7066, 0.0)
    """
    t = math.asin(_M * math.sin(math.radians(lat)))
    t2 = t * t
    t6 = t2 * t2 * t2
    slope = _A1 + 3 * _A2 * t2 + t6 * (7 * _A3 + 9 * _A4 * t2)
    x = math.radians(lon) * math.cos(t) / (_M * slope)
    return x, t * (_A1 + _A2 * t2 + t6 * (_A3 + _A4 * t2))


def world_map(places: Sequence[Place]) -> WorldMap:
    """Return the map that holds every place, with labels that keep clear of one another."""
    points = [equal_earth(p.lon, p.lat) for p in places]
    left, bottom, right, top = frame = _frame(points)
    scale = WIDTH / (right - left)
    height = round((top - bottom) * scale)
    at = [((x - left) * scale, (top - y) * scale) for x, y in points]
    largest = max((p.size for p in places), default=0.0) or 1.0
    radii = [max(_SMALLEST, _LARGEST * math.sqrt(p.size / largest)) for p in places]
    return WorldMap(WIDTH, height, _land(frame), _labelled(places, at, radii, height))


def _frame(points: Sequence[Point]) -> Box:
    """Return the part of the plane that is shown: every point, with room for labels, neither flat nor tall."""
    xs, ys = [x for x, _ in points] or [-2.0, 2.0], [y for _, y in points] or [-0.5, 1.2]
    width = max((max(xs) - min(xs)) * (1 + 2 * _MARGIN), _LEAST_SPAN)
    width = max(width, (max(ys) - min(ys)) * (1 + 4 * _MARGIN) * _TALLEST)
    height = min(max((max(ys) - min(ys)) * (1 + 5 * _MARGIN), width / _WIDEST), width / _TALLEST)
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return tuple(round(v, 4) for v in (x - width / 2, y - height / 2, x + width / 2, y + height / 2))  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _land(frame: Box) -> str:
    """Return the land of a part of the plane as an SVG path."""
    left, _, right, top = frame
    scale = WIDTH / (right - left)
    seen = _world().intersection(box(*frame))
    rings = [r for part in _polygons(seen) for r in (part.exterior, *part.interiors)]
    paths = (" ".join(f"{(x - left) * scale:.1f},{(top - y) * scale:.1f}" for x, y in r.coords[:-1]) for r in rings)
    return "".join(f"M{path}Z" for path in paths)


@cache
def _world() -> MultiPolygon:
    text = (resources.files("fleetplan.report") / "data" / "world.geojson").read_text(encoding="utf-8")
    whole = MultiPolygon([p for f in json.loads(text)["features"] for p in _polygons(shape(f["geometry"]))])
    plane: MultiPolygon = transform(whole, lambda lonlat: [equal_earth(*point) for point in lonlat])
    return plane.buffer(0)


def _polygons(geometry: object) -> Iterator[Polygon]:
    if isinstance(geometry, Polygon) and not geometry.is_empty:
        yield geometry
    for part in getattr(geometry, "geoms", ()):
        yield from _polygons(part)


def _labelled(places: Sequence[Place], at: Sequence[Point], radii: Sequence[float], height: int) -> list[Spot]:
    """Place labels one after another, those of the largest markers first, each where it covers least."""
    markers = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(at, radii, strict=True)]
    taken: list[Box] = []
    spots: dict[int, Spot] = {}
    for i in sorted(range(len(places)), key=lambda i: -places[i].size):
        others = [m for j, m in enumerate(markers) if j != i]
        best = min(_candidates(places[i], at[i], radii[i]), key=lambda c: _cost(c, others, taken, height))
        taken.append(best.area)
        spots[i] = _spot(places[i], at[i], radii[i], best)
    return [spots[i] for i in range(len(places))]


@dataclass(frozen=True, slots=True)
class _Candidate:
    area: Box
    anchor: str
    rank: int
    apart: bool


def _candidates(place: Place, at: Point, r: float) -> Iterable[_Candidate]:
    width, height = _CHARACTER * max(map(len, place.label)), 2 * _LINE
    for rank, (reach, (dx, dy)) in enumerate((reach, side) for reach in _REACH for side in _SIDES):
        away = r + 6 + reach
        x, y = at[0] + dx * away, at[1] + dy * (away + height / 2)
        left = x if dx > 0 else x - width if dx < 0 else x - width / 2
        anchor = "start" if dx > 0 else "end" if dx < 0 else "middle"
        yield _Candidate((left, y - height / 2, left + width, y + height / 2), anchor, rank, reach > 0)


def _cost(candidate: _Candidate, markers: Sequence[Box], taken: Sequence[Box], height: int) -> tuple[float, int]:
    x0, y0, x1, y1 = candidate.area
    outside = max(0.0, 4 - x0) + max(0.0, x1 - WIDTH + 4) + max(0.0, 4 - y0) + max(0.0, y1 - height + 4)
    covered = sum(_overlap(candidate.area, other) for other in (*markers, *taken))
    return round(covered + 100 * outside, 1), candidate.rank


def _overlap(a: Box, b: Box) -> float:
    pad = 3.0
    wide = min(a[2], b[2]) - max(a[0], b[0]) + pad
    tall = min(a[3], b[3]) - max(a[1], b[1]) + pad
    return max(0.0, wide) * max(0.0, tall)


def _spot(place: Place, at: Point, r: float, chosen: _Candidate) -> Spot:
    x0, y0, x1, y1 = chosen.area
    x = {"start": x0, "end": x1, "middle": (x0 + x1) / 2}[chosen.anchor]
    leader = ""
    if chosen.apart:
        to = (min(max(at[0], x0), x1), min(max(at[1], y0), y1))
        leader = f"M{at[0]:.1f},{at[1]:.1f}L{to[0]:.1f},{to[1]:.1f}"
    label_x, label_y = round(x, 1), round(y0 + _LINE - 3, 1)
    return Spot(place, round(at[0], 1), round(at[1], 1), round(r, 1), label_x, label_y, chosen.anchor, leader)
