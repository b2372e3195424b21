"""A city as the catalogue knows it, as inline SVG: land, outlines, hot spots, gateways, crossings, candidate depots."""

from __future__ import annotations

import math

from markupsafe import Markup

from fleetplan.catalogue.types import City
from fleetplan.report.map_svg import SPAN, Projection, crossing_paths, land_in, svg_path
from fleetplan.report.svg import join

MARGIN = 0.06
LEAST_RADIUS, RADIUS_PER_WEIGHT = 10, 7


def catalogue_map(city: City) -> Markup:
    """Return a picture of a city; nothing of it needs zones or response curves."""
    projection = _frame(city)
    land = land_in(city, projection.bounds(margin=0.02), 3 / projection.per_degree)
    width, height = round(projection.width), round(projection.height)
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="Map of {}">').format(width, height, city.name),
        Markup('<rect class="water" width="{}" height="{}"/>').format(width, height),
        Markup('<path class="land" d="{}"/>').format(svg_path(land, projection)),
        *(_outline(city, index, projection) for index in range(len(city.outlines))),
        crossing_paths(city, projection),
        *_sites(city, projection),
        Markup("</svg>"),
    ]
    return join(parts)


def _frame(city: City) -> Projection:
    boxes = [outline.polygon.bounds for outline in city.outlines] or [city.land.bounds]
    west, south = min(b[0] for b in boxes), min(b[1] for b in boxes)
    east, north = max(b[2] for b in boxes), max(b[3] for b in boxes)
    stretch = math.cos(math.radians((south + north) / 2))
    edge = MARGIN * max((east - west) * stretch, north - south)
    wide, high = (east - west) * stretch + 2 * edge, north - south + 2 * edge
    scale = SPAN / max(wide, high)
    return Projection(west - edge / stretch, north + edge, stretch, scale, wide * scale, high * scale)


def _outline(city: City, index: int, projection: Projection) -> Markup:
    outline = city.outlines[index]
    css = "outline" if outline.kind == "outline" else "launch"
    path = svg_path(outline.polygon, projection)
    return Markup('<path class="{}" d="{}"><title>{}</title></path>').format(css, path, outline.name)


def _sites(city: City, projection: Projection) -> list[Markup]:
    parts = []
    for spot in city.hot_spots:
        x, y = projection.xy(spot.lon, spot.lat)
        radius = LEAST_RADIUS + RADIUS_PER_WEIGHT * spot.weight
        dot = Markup('<circle class="spot" cx="{:.0f}" cy="{:.0f}" r="{:.0f}"><title>{}</title></circle>')
        parts.append(dot.format(x, y, radius, spot.name))
    for depot in city.depots:
        x, y = projection.xy(depot.lon, depot.lat)
        box = Markup(
            '<rect class="depotsite" x="{:.0f}" y="{:.0f}" width="44" height="44"><title>{}, {} stalls</title></rect>'
        )
        parts.append(box.format(x - 22, y - 22, depot.name, depot.stalls))
    for gateway in city.gateways:
        x, y = projection.xy(gateway.lon, gateway.lat)
        mark = Markup('<circle class="gateway" cx="{:.0f}" cy="{:.0f}" r="{}"/><text x="{:.0f}" y="{:.0f}">{}</text>')
        radius = 34 if gateway.kind == "airport" else 24
        shown = gateway.name.split(" (")[0] if gateway.kind == "airport" else ""
        parts.append(mark.format(x, y, radius, x + 46, y + 22, shown))
    return parts
