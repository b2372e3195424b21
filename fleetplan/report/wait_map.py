"""How long riders wait by zone, as inline SVG: hexagons over the land, the longer the wait the darker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import h3
import numpy as np
from markupsafe import Markup

from fleetplan.catalogue.types import City
from fleetplan.replays.types import ZoneTold
from fleetplan.report.map_svg import SPAN, Projection, land_in, svg_path
from fleetplan.report.svg import join
from fleetplan.words.values import decimal

STEPS_MIN = (3.0, 5.0, 7.0, 10.0)
"""Waits at which a zone's shade changes; zones in which nobody rode are empty."""
MARGIN = 0.012
WORST = 8
LEAST_RIDERS = 5.0
"""Riders a day from which a zone is named among those that wait longest."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A class of waits: its CSS class and what it is called."""

    css: str
    name: str


@dataclass(frozen=True, slots=True)
class WorstZone:
    """One of the zones that wait longest, by the place that is nearest."""

    near: str
    wait_min: float
    riders_per_day: float
    served_share: float


@dataclass(frozen=True, slots=True)
class WaitMap:
    """A map of waits with its shades and the zones that wait longest."""

    svg: Markup
    width: int
    height: int
    shades: tuple[Shade, ...]
    worst: tuple[WorstZone, ...]


def wait_map(city: City, zones: Sequence[ZoneTold]) -> WaitMap:
    """Return a map of the waits in a city's zones."""
    projection = _frame(zones)
    land = svg_path(land_in(city, projection.bounds(margin=0.02), 3 / projection.per_degree), projection)
    names = _names()
    by_shade: dict[int, list[str]] = {}
    for zone in zones:
        ring = [projection.xy(lon, lat) for lat, lon in h3.cell_to_boundary(zone.cell)]
        text = "L".join(f"{x:.0f},{y:.0f}" for x, y in ring)
        by_shade.setdefault(shade_of(zone.wait_min), []).append(f"M{text}Z")
    parts = [Markup('<path class="land" d="{}"/>').format(land)]
    for k, paths in sorted(by_shade.items()):
        name = names[k] if k >= 0 else "nobody rode"
        css = f"w{k}" if k >= 0 else "w-none"
        parts.append(Markup('<path class="wait {}" d="{}"><title>{}</title></path>').format(css, "".join(paths), name))
    head = Markup('<svg class="waits" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="Mean wait by zone of {}">')
    svg = head.format(projection.width, projection.height, city.name) + join(parts) + Markup("</svg>")
    shades = tuple(Shade(f"w{k}", name) for k, name in enumerate(names))
    return WaitMap(svg, round(projection.width), round(projection.height), shades, tuple(_worst(city, zones)))


def _frame(zones: Sequence[ZoneTold]) -> Projection:
    """Frame the zones with a margin."""
    points = np.array([h3.cell_to_latlng(zone.cell) for zone in zones])
    (south, west), (north, east) = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    stretch = float(np.cos(np.radians((south + north) / 2)))
    wide, high = (east - west) * stretch, north - south
    scale = SPAN / max(wide, high)
    return Projection(float(west), float(north), stretch, float(scale), float(wide * scale), float(high * scale))


def shade_of(wait_min: float | None) -> int:
    """Return the class of a wait, -1 for none.

    >>> shade_of(2.0), shade_of(5.0), shade_of(30.0), shade_of(None)
    (0, 2, 4, -1)
    """
    return -1 if wait_min is None else sum(wait_min >= step for step in STEPS_MIN)


def _names() -> tuple[str, ...]:
    steps = [decimal(step, 0) for step in STEPS_MIN]
    between = [f"{low} to {high} min" for low, high in pairwise(steps)]
    return (f"under {steps[0]} min", *between, f"{steps[-1]} min and more")


def _worst(city: City, zones: Sequence[ZoneTold]) -> list[WorstZone]:
    known = [z for z in zones if z.wait_min is not None and z.riders_per_day >= LEAST_RIDERS]
    worst = sorted(known, key=lambda z: -(z.wait_min or 0.0))[:WORST]
    return [
        WorstZone(_near(city, zone.cell), zone.wait_min or 0.0, zone.riders_per_day, zone.served_share)
        for zone in worst
    ]


def _near(city: City, cell: str) -> str:
    lat, lon = h3.cell_to_latlng(cell)
    places = [(p.lat, p.lon, p.name) for group in (city.districts, city.hot_spots, city.gateways) for p in group]
    return min(places, key=lambda p: h3.great_circle_distance((lat, lon), (p[0], p[1]), unit="km"))[2]
