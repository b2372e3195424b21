# ruff: noqa: PLC0415
"""A city's ground as a picture: land and water, the areas that open, depots, names. matplotlib is imported when one is drawn."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import City
from fleetplan.plans.types import CityRollout
from fleetplan.report.map_svg import (
    SCALE_BARS,
    Projection,
    area_on_land,
    frame,
    land_in,
    place_labels,
    rivers_bridged,
)
from fleetplan.service.types import CityService

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WATER, LAND, COAST = "#e3ebf0", "#fafaf7", "#c6d0d6"
INK = "#16202a"
FIRST, LAST = 0.28, 0.72  # how strong the widest and the first area are drawn
LONG_SIDE_IN, DPI = 7.0, 170


def ground_png(rollout: CityRollout, city: City, service: CityService, colours: dict[str, str]) -> bytes:
    """Return the city's map at the end of a plan as PNG: each deployment's areas, the first the strongest.

    ``colours`` are ``#rrggbb`` by stack.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    view = frame(rollout, city, service)
    scale = LONG_SIDE_IN / max(view.width, view.height)
    figure = Figure(figsize=(view.width * scale, view.height * scale), dpi=DPI, facecolor=WATER)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, view.width)
    axes.set_ylim(view.height, 0)
    land = land_in(city, view.bounds(margin=0.02), 3 / view.per_degree)
    _fill(axes, view, land, LAND, 1.0, COAST)
    _areas(axes, view, rollout, service, land, colours)
    _places(axes, view, rollout, city)
    _scale_bar(axes, view)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _areas(
    axes: Axes,
    view: Projection,
    rollout: CityRollout,
    service: CityService,
    land: MultiPolygon,
    colours: dict[str, str],
) -> None:
    dry = rivers_bridged(land, view.km2)
    for d in rollout.deployments:
        opened = sorted({k for k in d.level if k}, reverse=True)
        for k, level in enumerate(opened):
            strength = FIRST + (LAST - FIRST) * k / max(len(opened) - 1, 1)
            shape = area_on_land(service.levels[level - 1], dry, view.km2)
            _fill(axes, view, shape, colours[d.stack], strength, colours[d.stack])


def _fill(axes: Axes, view: Projection, shape: BaseGeometry, fill: str, strength: float, edge: str) -> None:
    """Fill polygons, their holes left open."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for polygon in getattr(shape, "geoms", [shape]):
        rings = [[view.xy(lon, lat) for lon, lat in ring.coords] for ring in (polygon.exterior, *polygon.interiors)]
        path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        axes.add_patch(PathPatch(path, facecolor=fill, edgecolor="none", alpha=strength))
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=edge, linewidth=0.8))


def _places(axes: Axes, view: Projection, rollout: CityRollout, city: City) -> None:
    for depot in rollout.depots:
        axes.plot(*view.xy(depot.lon, depot.lat), marker="s", markersize=7, color=INK, markeredgecolor="white")
    for label in place_labels(city, view):
        x, y = view.width * label.left / 100, view.height * label.top / 100
        axes.plot(x, y, marker="o", markersize=2.5, color=INK)
        axes.text(x + view.width * 0.008, y, label.text, va="center", fontsize=9, color=INK)


def _scale_bar(axes: Axes, view: Projection) -> None:
    km = max((b for b in SCALE_BARS if b / view.km < 0.28 * view.width), default=1)
    left, top = 0.03 * view.width, 0.955 * view.height
    axes.plot([left, left + km / view.km], [top, top], color=INK, linewidth=1.5)
    axes.text(left, top - 0.012 * view.height, f"{km} km", fontsize=9, color=INK, va="bottom")
