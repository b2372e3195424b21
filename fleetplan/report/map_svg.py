"""A city's map as inline SVG: land, rings of the ladder, areas in force, crossings, depots and gateways.

Drawn from our own polygons, so that it shows from disk and on paper. Each shape stands once under ``<defs>``; the big
map and the small ones by year refer to it. Lengths on the map are units of a local equirectangular projection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import shorten

import h3
import numpy as np
from markupsafe import Markup
from shapely import clip_by_rect, make_valid, transform
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import City
from fleetplan.plans.types import CityRollout
from fleetplan.report.areas import cells_outline, rings
from fleetplan.report.svg import join
from fleetplan.service.types import CityService, LadderLevel

SPAN = 3000.0  # map units along the longer side: a zone is some 30 units wide
KM_PER_DEGREE = 111.195
SCALE_BARS = (1, 2, 5, 10, 20, 50)
LEAST_WATER_KM2 = 0.25  # smaller ponds and islets are not drawn
LEAST_AREA_KM2 = 1.5  # an area's outline leaves out smaller holes and splinters
CELL_KM = 0.92  # across an H3 cell of resolution 8, side to side
RIVER = 0.0035  # half the width, in degrees of latitude, of water that an area's outline does not follow
SHADES = 3
LONGEST_NAME = 28
MOST_DISTRICTS = 14  # named on a map
LETTER = 1.15  # width of a letter, per cent of the map
NUMBERED = re.compile(r"^\d+ ")  # an office's number before a district's name
Box = tuple[float, float, float, float]  # west, south, east, north in degrees
SHADE_QUANTILES = (0.6, 0.88)  # quiet, busy and busiest zones of the ladder by trips per km2


@dataclass(frozen=True, slots=True)
class Projection:
    """Lon-lat to map units: x grows east, y grows south, one unit is ``km`` kilometres."""

    west: float
    north: float
    stretch: float
    per_degree: float
    width: float
    height: float

    @property
    def km(self) -> float:
        """Kilometres per map unit."""
        return KM_PER_DEGREE / self.per_degree

    @property
    def km2(self) -> float:
        """Square kilometres per square degree."""
        return KM_PER_DEGREE**2 * self.stretch

    def bounds(self, margin: float = 0.0) -> Box:
        """Return west, south, east and north of the frame in degrees, widened by a margin."""
        east = self.west + self.width / self.per_degree / self.stretch
        south = self.north - self.height / self.per_degree
        return self.west - margin, south - margin, east + margin, self.north + margin

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the place of a point on the map."""
        return (lon - self.west) * self.stretch * self.per_degree, (self.north - lat) * self.per_degree


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway or hot spot with its kind as a CSS class; ``rank`` 1 is always named, 3 where there is room."""

    lon: float
    lat: float
    name: str
    css: str
    rank: int

    @property
    def short(self) -> str:
        """The name without brackets and alternatives."""
        return shorten(self.name.split(" (")[0].split(" / ")[0], LONGEST_NAME, placeholder="…")


@dataclass(frozen=True, slots=True)
class Label:
    """A name at a place, in per cent of the map; ``rank`` 1 is always shown, 2 gives way on a narrow page."""

    left: float
    top: float
    text: str
    css: str
    rank: int


@dataclass(frozen=True, slots=True)
class DepotMark:
    """A depot on the map with the index of the period from which it charges."""

    x: float
    y: float
    site: str
    live: int
    title: str


@dataclass(frozen=True)
class CityMap:
    """All pieces of one city's map, ready for the template."""

    slug: str
    width: float
    height: float
    defs: Markup
    furniture: Markup
    depots: list[DepotMark]
    labels: list[Label]
    scale_km: int
    scale_percent: float
    hair: float
    levels: list[int] = field(default_factory=list)
    shades: range = range(SHADES)


def city_map(rollout: CityRollout, city: City, service: CityService, periods: list[str]) -> CityMap:
    """Return the map of a city's rollout."""
    projection = frame(rollout, city, service)
    bar = max((b for b in SCALE_BARS if b / projection.km < 0.28 * projection.width), default=1)
    return CityMap(
        slug=rollout.city,
        width=round(projection.width),
        height=round(projection.height),
        defs=_defs(rollout, city, service, projection),
        furniture=join([district_paths(city, projection), crossing_paths(city, projection)]),
        depots=_depots(rollout, projection, periods),
        labels=map_labels(city, projection),
        scale_km=bar,
        scale_percent=round(100 * bar / projection.km / projection.width, 2),
        hair=round(CELL_KM * 0.06 / projection.km, 1),
        levels=list(range(1, len(service.levels) + 1)),
    )


def frame(rollout: CityRollout, city: City, service: CityService) -> Projection:
    """Frame the widest area and the depots with a margin, inside what is known of land and water."""
    cells = service.levels[-1].cells
    points = [h3.cell_to_latlng(c) for c in cells] + [(d.lat, d.lon) for d in rollout.depots]
    south, north = min(p[0] for p in points), max(p[0] for p in points)
    west, east = min(p[1] for p in points), max(p[1] for p in points)
    stretch = math.cos(math.radians((south + north) / 2))
    wide, high = (east - west) * stretch * 1.12 + 0.02, (north - south) * 1.12 + 0.02
    wide, high = max(wide, high * 1.15), max(high, wide / 1.6)
    land = city.land.bounds
    west, east = _within((west + east) / 2, wide / stretch, land[0], land[2], east - west)
    south, north = _within((south + north) / 2, high, land[1], land[3], north - south)
    wide, high = (east - west) * stretch, north - south
    scale = SPAN / max(wide, high)
    return Projection(west, north, stretch, scale, wide * scale, high * scale)


def km2_per_square_degree(latitude: float) -> float:
    """Return the square kilometres of a square degree at a latitude."""
    return KM_PER_DEGREE**2 * math.cos(math.radians(latitude))


def _within(middle: float, size: float, low: float, high: float, least: float) -> tuple[float, float]:
    """Return an interval of a size about a middle, moved and cut to lie in bounds, but never below its least size."""
    size = max(min(size, high - low), least * 1.03)
    start = min(max(middle - size / 2, low), max(high - size, low))
    if size > high - low:
        start = middle - size / 2
    return start, start + size


def _defs(rollout: CityRollout, city: City, service: CityService, projection: Projection) -> Markup:
    slug = rollout.city
    ground = land_in(city, projection.bounds(margin=0.02), 3 / projection.per_degree)
    land = svg_path(ground, projection)
    parts = [
        Markup('<path id="land-{0}" d="{1}"/><clipPath id="clip-{0}"><use href="#land-{0}"/></clipPath>').format(
            slug, land
        )
    ]
    shade = _shades(service)
    for level, cells in enumerate(rings(service), start=1):
        for k in range(SHADES):
            d = "".join(hexagon(cell, projection) for cell in cells if shade.get(cell, 0) == k)
            parts.append(Markup('<path id="ring-{}-{}-{}" d="{}"/>').format(slug, level, k, d))
    used = sorted({k for d in rollout.deployments for k in d.level if k})
    dry = rivers_bridged(ground, projection.km2)
    for level in used:
        outline = svg_path(area_on_land(service.levels[level - 1], dry, projection.km2), projection)
        parts.append(Markup('<path id="area-{}-{}" d="{}"/>').format(slug, level, outline))
    return join(parts)


def _shades(service: CityService) -> dict[str, int]:
    """Return a shade for each zone of the ladder: 0 quiet, 1 busy, 2 busiest, by trips per km2."""
    inside = set(service.levels[-1].cells)
    density = service.zones.demand_trips_per_day / np.maximum(service.zones.area_km2, 0.05)
    known = {c: float(d) for c, d in zip(service.zones.cells, density, strict=True) if c in inside}
    cuts = np.quantile(list(known.values()), SHADE_QUANTILES) if known else np.zeros(2)
    return {c: int(np.searchsorted(cuts, d, side="right")) for c, d in known.items()}


def land_in(city: City, box: Box, tolerance: float) -> MultiPolygon:
    """Clip a city's land to a box, simplify it by so many degrees and drop what is too small to see."""
    land = make_valid(clip_by_rect(city.land, *box).simplify(tolerance, preserve_topology=True))
    return without_small(land, LEAST_WATER_KM2 / km2_per_square_degree((box[1] + box[3]) / 2))


def area_on_land(level: LadderLevel, dry: BaseGeometry, km2: float) -> MultiPolygon:
    """Return a level's outline cut at the shore of land whose rivers are bridged (:func:`rivers_bridged`).

    ``km2`` are the square kilometres of a square degree.
    """
    return without_small(cells_outline(level.cells).intersection(dry), LEAST_AREA_KM2 / km2)


def rivers_bridged(land: BaseGeometry, km2: float) -> BaseGeometry:
    """Return land with its rivers closed, so that areas on both banks are one; ``km2`` as for :func:`area_on_land`."""
    stretch = km2 / KM_PER_DEGREE**2
    flat = transform(land, lambda xy: xy * (stretch, 1.0))
    closed = flat.buffer(RIVER, join_style="mitre").buffer(-RIVER, join_style="mitre")
    return transform(closed, lambda xy: xy / (stretch, 1.0))


def without_small(shape: BaseGeometry, smallest: float) -> MultiPolygon:
    """Drop islands and holes below a size in square degrees, so that shapes are not lost in ponds."""
    polygons = [p for p in getattr(shape, "geoms", [shape]) if isinstance(p, Polygon) and p.area > smallest]
    return MultiPolygon([Polygon(p.exterior, [h for h in p.interiors if Polygon(h).area > smallest]) for p in polygons])


def hexagon(cell: str, projection: Projection) -> str:
    """Return a zone as an SVG path in map units."""
    corners = [projection.xy(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
    return _ring(corners)


def svg_path(shape: BaseGeometry, projection: Projection) -> str:
    """Return a polygon, or several, as an SVG path in map units."""
    polygons = [g for g in getattr(shape, "geoms", [shape]) if isinstance(g, Polygon | MultiPolygon)]
    flat = [p for g in polygons for p in (g.geoms if isinstance(g, MultiPolygon) else [g])]
    rings_ = [ring for p in flat for ring in (p.exterior, *p.interiors)]
    return "".join(_ring([projection.xy(lon, lat) for lon, lat in ring.coords[:-1]]) for ring in rings_)


def _ring(points: Iterable[tuple[float, float]]) -> str:
    """Write a closed ring in whole units, as relative steps."""
    whole = [(round(x), round(y)) for x, y in points]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(whole)]
    moves = " ".join(f"{dx},{dy}" for dx, dy in steps if dx or dy)
    return f"M{whole[0][0]},{whole[0][1]}l{moves}z" if moves else ""


def crossing_paths(city: City, projection: Projection) -> Markup:
    """Return bridges, tunnels, ferries and freeway links that lie in the frame, closed ones marked so."""
    parts = []
    for c in city.crossings:
        (xa, ya), (xb, yb) = projection.xy(c.lon_a, c.lat_a), projection.xy(c.lon_b, c.lat_b)
        if not (_inside(xa, ya, projection) or _inside(xb, yb, projection)):
            continue
        css = "open" if c.open else "closed"
        title = f"{c.name}: {'open' if c.open else 'closed until ' + (c.permit or 'a permit') + ' is held'}"
        line = Markup('<path class="crossing {}" d="M{:.0f},{:.0f}L{:.0f},{:.0f}"><title>{}</title></path>')
        parts.append(line.format(css, xa, ya, xb, yb, title))
    return join(parts)


def _depots(rollout: CityRollout, projection: Projection, periods: list[str]) -> list[DepotMark]:
    marks = []
    for d in rollout.depots:
        x, y = projection.xy(d.lon, d.lat)
        live = next((t for t, p in enumerate(periods) if p >= d.live), len(periods))
        stalls = d.stalls[-1] + d.stalls_partner[-1]
        title = f"Depot {d.site}: ordered {d.ordered}, live {d.live}, {stalls} stalls at the end"
        marks.append(DepotMark(round(x), round(y), d.site, live, title))
    return marks


def ranked_places(city: City) -> list[Place]:
    """Return airports, stations and hot spots with short names, in the order in which they claim room on a map."""
    found = [Place(g.lon, g.lat, g.name, g.kind, 1 if g.kind == "airport" else 3) for g in city.gateways]
    spots = sorted(city.hot_spots, key=lambda s: (-s.weight, s.name))
    found += [Place(s.lon, s.lat, s.name, "spot", 2 if i < 3 else 3) for i, s in enumerate(spots)]
    return sorted(found, key=lambda p: p.rank)


def place_labels(city: City, projection: Projection) -> list[Label]:
    """Name the gateways and the strongest hot spots, leaving out what would lie upon another name."""
    placed: list[Label] = []
    for place in ranked_places(city):
        x, y = projection.xy(place.lon, place.lat)
        left, top = 100 * x / projection.width, 100 * y / projection.height
        if 1 < left < 80 and 3 < top < 94 and all(_apart(left, top, place.short, other) for other in placed):
            placed.append(Label(round(left, 2), round(top, 2), place.short, place.css, place.rank))
        if len(placed) >= 12:
            break
    return placed


def map_labels(city: City, projection: Projection) -> list[Label]:
    """Name gateways and hot spots, then about their centres the districts that there is room for, the most peopled first."""
    placed = place_labels(city, projection)
    most = len(placed) + MOST_DISTRICTS
    for district in sorted(city.districts, key=lambda d: (-d.population, d.name)):
        x, y = projection.xy(district.lon, district.lat)
        text = district_name(district.name)
        left, top = 100 * x / projection.width - LETTER * len(text) / 2, 100 * y / projection.height
        inside = left > 1 and left + LETTER * len(text) < 99 and 3 < top < 94
        if inside and len(placed) < most and all(_apart(left, top, text, other) for other in placed):
            placed.append(Label(round(left, 2), round(top, 2), text, "district", 3))
    return placed


def district_name(name: str) -> str:
    """Return what a map calls a district: without an office's number and brackets; of a long list the first.

    >>> district_name("01 Altstadt-Lehel"), district_name("Beach Cities (Redondo, Hermosa)")
    ('Altstadt-Lehel', 'Beach Cities')
    >>> district_name("Brentwood & Pacific Palisades & Bel Air")
    'Brentwood'
    """
    text = NUMBERED.sub("", name).split(" (")[0]
    return text if len(text) <= LONGEST_NAME else text.split(",")[0].split(" & ")[0]


def district_paths(city: City, projection: Projection) -> Markup:
    """Return the borders of the districts that a published source draws, as far as they lie in the frame."""
    inside, coarse = projection.bounds(margin=0.02), 3 / projection.per_degree
    shown = {name: clip_by_rect(area.simplify(coarse), *inside) for name, area in sorted(city.district_areas.items())}
    path = Markup('<path class="district" d="{}"><title>{}</title></path>')
    return join([path.format(svg_path(area, projection), name) for name, area in shown.items() if not area.is_empty])


def _apart(left: float, top: float, text: str, other: Label) -> bool:
    """Return whether two labels, some 1.15 per cent a letter wide and 4.5 per cent high, are clear of each other."""
    right, other_right = left + LETTER * len(text) + 3, other.left + LETTER * len(other.text) + 3
    return abs(top - other.top) > 4.5 or right < other.left or other_right < left


def _inside(x: float, y: float, projection: Projection) -> bool:
    return 0 <= x <= projection.width and 0 <= y <= projection.height
