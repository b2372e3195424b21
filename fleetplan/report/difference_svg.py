"""A city's map of where the areas of two plans differ, as a picture that stands alone: for paper, and where nothing else draws.

Its colours are those of paper: it is read on white, whatever the page around it is.
"""

from __future__ import annotations

from markupsafe import Markup

from fleetplan.catalogue.types import City
from fleetplan.plans.types import CityRollout
from fleetplan.report.areas import rings
from fleetplan.report.map_svg import district_paths, frame, hexagon, land_in, map_labels, svg_path
from fleetplan.report.svg import join
from fleetplan.service.types import CityService

WATER, LAND, CANDIDATE, INK = "#e3e9f2", "#fbfbf7", "#dfe3e0", "#121a20"
FILLS = {"both": "#6fa8bd", "only_a": "url(#only-a)", "only_b": "#00936f"}
HATCH = Markup(
    '<pattern id="only-a" width="24" height="24" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="24" height="24" fill="#e9b668"/><rect width="9" height="24" fill="#8a4b00"/></pattern>'
)
LETTERS = 54.0
"""Height of a letter in map units."""


def kind_of(level: int, in_a: int, in_b: int) -> str:
    """Return which plan's area a ring of the ladder is in.

    >>> kind_of(1, 2, 3), kind_of(3, 2, 3), kind_of(2, 2, 0), kind_of(4, 2, 3)
    ('both', 'only_b', 'only_a', '')
    """
    if level <= min(in_a, in_b):
        return "both"
    return "only_a" if level <= in_a else "only_b" if level <= in_b else ""


def difference_svg(rollout: CityRollout, city: City, service: CityService, in_a: int, in_b: int) -> str:
    """Return the map as an SVG document; ``in_a`` and ``in_b`` are the widest levels open in both plans, 0 for none."""
    projection = frame(rollout, city, service)
    land = land_in(city, projection.bounds(margin=0.02), 3 / projection.per_degree)
    parts = [_shape(LAND, svg_path(land, projection))]
    for level, cells in enumerate(rings(service), start=1):
        fill = FILLS.get(kind_of(level, in_a, in_b), CANDIDATE)
        parts.append(_shape(fill, "".join(hexagon(cell, projection) for cell in cells)))
    districts = Markup('<g fill="none" stroke="#98a3a8" stroke-width="5">{}</g>')
    name = Markup('<text x="{:.0f}" y="{:.0f}">{}</text>')
    names = join(
        name.format(label.left / 100 * projection.width, label.top / 100 * projection.height, label.text)
        for label in map_labels(city, projection)
    )
    letters = Markup(
        '<g font-family="sans-serif" font-size="{}" fill="{}" stroke="#fff" stroke-width="14" paint-order="stroke">{}</g>'
    )
    picture = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}">'
        '<defs>{2}</defs><rect width="{0:.0f}" height="{1:.0f}" fill="{3}"/>{4}</svg>'
    )
    drawn = join([*parts, districts.format(district_paths(city, projection)), letters.format(LETTERS, INK, names)])
    return str(picture.format(projection.width, projection.height, HATCH, WATER, drawn))


def _shape(fill: str, path: str) -> Markup:
    return Markup('<path fill="{}" d="{}"/>').format(fill, path)
