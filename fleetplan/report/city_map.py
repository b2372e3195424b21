# ruff: noqa: PLC0415
"""A picture of one city: demand by zone, the ladder's outlines, water, crossings, depots, gateways and hot spots.

matplotlib is imported when a picture is drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from fleetplan.catalogue.types import Catalogue, City
from fleetplan.geography.projection import Projection
from fleetplan.service import CityService, city_service
from fleetplan.service.areas import level_geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WATER, LAND, INK = "#cfe3ee", "#f3f1ea", "#2b2b2b"
LEVEL_COLOURS = ("#b2182b", "#e08214", "#35978f", "#4d4d4d", "#762a83", "#c51b7d", "#1b7837")
LABELLED_SPOTS = 7


def draw_city(catalogue: Catalogue, slug: str, path: Path) -> Path:
    """Draw a city's zones, service areas and places to a PNG file and return its path."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")

    city = catalogue.cities[slug]
    service = city_service(catalogue, slug)
    zones = service.zones
    projection = Projection(float(zones.lat.mean()), float(zones.lon.mean()))
    frame = level_geometry(service, city, clip_to_land=True)
    shapes = projection.shapes(frame.geometry.to_numpy())
    low_x, low_y, high_x, high_y = shapely.total_bounds(shapes)
    wide = (high_x - low_x) / (high_y - low_y)
    figure, axes = plt.subplots(figsize=(min(14.0, 8.6 * wide + 3.4), 9.4), layout="constrained")
    _base(axes, city, projection)
    _zones(axes, shapes, frame["demand_trips_per_day"].to_numpy() / np.maximum(zones.area_km2, 0.05))
    _ladder(axes, service, shapes)
    _crossings(axes, city, projection)
    _places(axes, city, projection)
    margin = 0.04 * max(high_x - low_x, high_y - low_y)
    axes.set_xlim(low_x - margin, high_x + margin)
    axes.set_ylim(low_y - margin, high_y + margin)
    _scale_bar(axes, high_x - low_x)
    axes.set_aspect("equal")
    axes.set_axis_off()
    trips = service.levels[-1].surface.demand_trips_per_day
    axes.set_title(
        f"{city.name}: {len(zones.cells):,} zones, {zones.population.sum() / 1e6:.2f} million people, "
        f"{trips:,.0f} addressable trips a day",
        loc="left",
        fontsize=13,
        color=INK,
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8.5, labelspacing=0.7)
    axes.annotate(city.land_attribution, (0.0, -0.015), xycoords="axes fraction", fontsize=7, color="#666666")
    figure.savefig(path, dpi=130, facecolor="white", bbox_inches="tight")
    plt.close(figure)
    return path


def _base(axes: Axes, city: City, projection: Projection) -> None:
    axes.set_facecolor(WATER)
    axes.add_patch(_rectangle(axes))
    _fill(axes, projection.shapes(city.land), LAND, zorder=0)


def _rectangle(axes: Axes) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((0, 0), 1, 1, transform=axes.transAxes, facecolor=WATER, zorder=-5)


def _zones(axes: Axes, shapes: Any, density: Any) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm

    parts, values = shapely.get_parts(shapes, return_index=True)
    polygons = [shapely.get_coordinates(p.exterior) for p in parts if p.geom_type == "Polygon"]
    shown = density[[v for p, v in zip(parts, values, strict=True) if p.geom_type == "Polygon"]]
    low, high = np.percentile(density[density > 0], [5, 99.5])
    collection = PolyCollection(polygons, cmap="YlOrRd", norm=LogNorm(low, high, clip=True), alpha=0.9, zorder=1)
    collection.set_array(shown)
    collection.set_edgecolor("face")
    collection.set_linewidth(0.2)
    axes.add_collection(collection)
    inset = axes.inset_axes((1.03, 0.02, 0.025, 0.36))
    bar = plt.colorbar(collection, cax=inset)
    bar.set_label("addressable trips a day per km2", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _ladder(axes: Axes, service: CityService, shapes: Any) -> None:
    captured = service.levels[-1].surface.demand_trips_per_day
    for level in service.levels:
        inside = (service.zones.level >= 0) & (service.zones.level <= level.index)
        union = shapely.union_all(shapely.buffer(shapes[inside], 0.03))
        colour = LEVEL_COLOURS[level.index % len(LEVEL_COLOURS)]
        share = level.surface.demand_trips_per_day / captured
        label = f"{level.index + 1} {_short(level.name)}: {level.area_km2:,.0f} km2, {share:.0%} of trips"
        width = 2.4 if level.index < 3 else 1.2
        for number, part in enumerate(shapely.get_parts(union)):
            xy = shapely.get_coordinates(part.exterior)
            axes.plot(*xy.T, color=colour, lw=width, zorder=3, label=label if number == 0 else None)


def _short(name: str) -> str:
    return name if len(name) < 26 else name[:23] + "..."


def _crossings(axes: Axes, city: City, projection: Projection) -> None:
    styles = {
        True: ("#1a5fb4", "-", "crossing, open"),
        False: ("#1a5fb4", ":", "crossing, closed or waiting for a permit"),
    }
    seen: set[bool] = set()
    for crossing in city.crossings:
        colour, line, label = styles[crossing.open]
        xy = projection.points([crossing.lat_a, crossing.lat_b], [crossing.lon_a, crossing.lon_b])
        axes.plot(*xy.T, color=colour, ls=line, lw=2.6, zorder=4, label=None if crossing.open in seen else label)
        seen.add(crossing.open)


def _places(axes: Axes, city: City, projection: Projection) -> None:
    kinds: tuple[tuple[Any, str, str, int, str], ...] = (
        (city.depots, "s", "#1b7837", 34, "depot site"),
        ([g for g in city.gateways if g.kind == "airport"], "^", "#54278f", 80, "airport"),
        ([g for g in city.gateways if g.kind == "station"], "D", "#08519c", 28, "station"),
        (city.hot_spots, "o", "#111111", 12, "hot spot"),
    )
    for sites, marker, colour, size, label in kinds:
        if sites:
            xy = projection.points([s.lat for s in sites], [s.lon for s in sites])
            axes.scatter(
                xy[:, 0],
                xy[:, 1],
                marker=marker,
                s=size,
                c=colour,
                edgecolors="white",
                linewidths=0.7,
                zorder=5,
                label=label,
            )
    named = [*sorted(city.hot_spots, key=lambda h: (-h.weight, h.name))[:LABELLED_SPOTS]]
    named_sites: list[Any] = [*named, *(g for g in city.gateways if g.kind == "airport")]
    _labels(axes, [(s.name, projection.points(s.lat, s.lon)[0]) for s in named_sites])


def _labels(axes: Axes, named: list[tuple[str, Any]]) -> None:
    """Write names beside their points, leaving out those that would run into one already written."""
    from matplotlib import patheffects

    written: list[Any] = []
    reach = float(np.ptp([xy[0] for _, xy in named])) if named else 1.0
    for name, xy in named:
        if any(abs(xy[1] - other[1]) < 0.035 * reach and abs(xy[0] - other[0]) < 0.35 * reach for other in written):
            continue
        written.append(xy)
        text = axes.annotate(name, xy, xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK, zorder=6)
        text.set_clip_on(True)
        text.set_path_effects([patheffects.withStroke(linewidth=2.2, foreground="white")])


def _scale_bar(axes: Axes, wide_km: float) -> None:
    length = max(step for step in (1, 2, 5, 10, 20, 50) if step <= 0.3 * wide_km)
    low_x, _ = axes.get_xlim()
    low_y, high_y = axes.get_ylim()
    x, y = low_x + 0.02 * wide_km, low_y + 0.03 * (high_y - low_y)
    axes.plot([x, x + length], [y, y], color=INK, lw=3, solid_capstyle="butt", zorder=7)
    axes.annotate(
        f"{length} km", (x + length / 2, y), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9
    )


def _fill(axes: Axes, geometry: Any, colour: str, *, zorder: int) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    for part in shapely.get_parts(geometry):
        rings = [part.exterior, *part.interiors]
        outline = Outline.make_compound_path(*(Outline(shapely.get_coordinates(ring)) for ring in rings))
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor="none", zorder=zorder))
