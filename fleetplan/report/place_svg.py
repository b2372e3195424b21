"""A city as the catalogue knows it, as inline SVG: land, outline and launch areas, hot spots, crossings, candidate depots.

Nothing of it needs zones or response curves, so it is drawn at once. Names and depots stand beside the drawing, in per cent of
it, so that they keep their size on a narrow page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import City, DepotSite, Outline
from fleetplan.report.map_svg import (
    SCALE_BARS,
    SPAN,
    Label,
    Projection,
    crossing_paths,
    district_paths,
    land_in,
    map_labels,
    rivers_bridged,
    svg_path,
)
from fleetplan.report.svg import join
from fleetplan.words.values import count, several

MARGIN = 0.06
LEAST_RADIUS, RADIUS_PER_WEIGHT = 6, 4


@dataclass(frozen=True, slots=True)
class SiteMark:
    """A candidate depot in per cent of the map; ``power`` is ``spare`` or ``new``."""

    left: float
    top: float
    power: str
    title: str


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """All pieces of a city's picture, ready for the template."""

    width: int
    height: int
    svg: Markup
    labels: list[Label]
    depots: list[SiteMark]
    scale_km: int
    scale_percent: float
    has_cells: bool


def catalogue_map(city: City) -> PlaceMap:
    """Return a picture of a city."""
    projection = _frame(city)
    width, height = round(projection.width), round(projection.height)
    bar = max((b for b in SCALE_BARS if b / projection.km < 0.28 * projection.width), default=1)
    return PlaceMap(
        width=width,
        height=height,
        svg=_drawing(city, projection, width, height),
        labels=map_labels(city, projection),
        depots=[_depot(depot, projection) for depot in city.depots],
        scale_km=bar,
        scale_percent=round(100 * bar / projection.km / projection.width, 2),
        has_cells=any(area.kind == "cell" for area in city.outlines),
    )


def _frame(city: City) -> Projection:
    """Frame outlines and depots with a margin, inside what is known of land and water."""
    boxes = [outline.polygon.bounds for outline in city.outlines] or [city.land.bounds]
    boxes += [(depot.lon, depot.lat, depot.lon, depot.lat) for depot in city.depots]
    west, south = min(b[0] for b in boxes), min(b[1] for b in boxes)
    east, north = max(b[2] for b in boxes), max(b[3] for b in boxes)
    stretch = math.cos(math.radians((south + north) / 2))
    edge = MARGIN * max((east - west) * stretch, north - south)
    known = city.land.bounds
    west, east = max(west - edge / stretch, min(known[0], west)), min(east + edge / stretch, max(known[2], east))
    south, north = max(south - edge, min(known[1], south)), min(north + edge, max(known[3], north))
    wide, high = (east - west) * stretch, north - south
    scale = SPAN / max(wide, high)
    return Projection(west, north, stretch, scale, wide * scale, high * scale)


def _drawing(city: City, projection: Projection, width: int, height: int) -> Markup:
    land = land_in(city, projection.bounds(margin=0.02), 3 / projection.per_degree)
    dry = rivers_bridged(land, projection.km2)
    order = {"outline": 0, "launch": 1, "cell": 2, "closed": 3}
    areas = sorted(city.outlines, key=lambda area: (order[area.kind], -area.order))
    head = Markup('<svg class="map place-map" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">')
    return join(
        [
            head.format(width, height, _said(city)),
            Markup('<rect class="water" width="{}" height="{}"/>').format(width, height),
            Markup('<path class="land" d="{}"/>').format(svg_path(land, projection)),
            *(_area(area, dry, projection) for area in areas),
            district_paths(city, projection),
            crossing_paths(city, projection),
            *(_spot(spot.name, spot.lon, spot.lat, spot.weight, projection) for spot in city.hot_spots),
            Markup("</svg>"),
        ]
    )


def _said(city: City) -> str:
    """Return what the picture shows, for those who cannot see it."""
    areas = sum(area.kind == "launch" for area in city.outlines)
    return (
        f"Map of {city.name}: the outline, {several(areas, 'launch area')}, {several(len(city.hot_spots), 'hot spot')}, "
        f"{several(len(city.gateways), 'airport or station', 'airports and stations')}, "
        f"{several(len(city.crossings), 'crossing')}, {several(len(city.depots), 'candidate depot')}"
    )


def _area(area: Outline, land: BaseGeometry, projection: Projection) -> Markup:
    whole = svg_path(area.polygon, projection)
    path = Markup('<path class="{}" d="{}"><title>{}</title></path>')
    if area.kind != "launch":
        return path.format("pilot" if area.kind == "cell" else area.kind, whole, area.name)
    ground = svg_path(area.polygon.intersection(land), projection)
    return path.format(f"launch l{min(area.order, 3)}", ground, area.name) + path.format("edge", whole, area.name)


def _spot(name: str, lon: float, lat: float, weight: float, projection: Projection) -> Markup:
    x, y = projection.xy(lon, lat)
    dot = Markup('<circle class="spot" cx="{:.0f}" cy="{:.0f}" r="{:.0f}"><title>{}</title></circle>')
    return dot.format(x, y, LEAST_RADIUS + RADIUS_PER_WEIGHT * weight, name)


def _depot(depot: DepotSite, projection: Projection) -> SiteMark:
    x, y = projection.xy(depot.lon, depot.lat)
    power = "spare power" if depot.power == "spare" else "new power"
    title = f"{depot.name}: {count(depot.stalls)} stalls at most, {power}, {depot.lead_months} months from order"
    left, top = round(100 * x / projection.width, 2), round(100 * y / projection.height, 2)
    return SiteMark(left, top, depot.power, title)
