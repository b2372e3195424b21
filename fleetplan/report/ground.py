"""A city on the ground over the months of a plan, as compact as a map in the page needs it.

Shapes are whole numbers: each ring is ``[x, y, dx, dy, dx, dy, ...]`` in units of ``1 / scale`` degrees from ``origin``
(longitude, latitude). ``static/lib/ground.js`` reads them back, ``static/lib/map.js`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h3
import numpy as np
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import Catalogue, City, Crossing
from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report.charts import palette
from fleetplan.report.map_svg import (
    LEAST_WATER_KM2,
    Box,
    area_on_land,
    frame,
    km2_per_square_degree,
    land_in,
    ranked_places,
    rivers_bridged,
    without_small,
)
from fleetplan.service.types import CityService
from fleetplan.words.permits import crossing_words, gateway_words

SCALE = 100_000  # about a metre
TOLERANCE = 0.0002  # of the shore, in degrees
BREAK_QUANTILES = (0.5, 0.75, 0.9, 0.97)
LEAST_KM2 = 0.05  # of a zone, when trips per km2 are told
KM_PER_DEGREE = 111.195
Ring = list[int]


@dataclass(frozen=True, slots=True)
class Grid:
    """Degrees to whole numbers."""

    west: float
    south: float

    def ring(self, points: Iterable[tuple[float, ...]]) -> Ring:
        """Write a ring as its first point and the steps from there; the last point, equal to the first, is left out."""
        whole = [(round((p[0] - self.west) * SCALE), round((p[1] - self.south) * SCALE)) for p in points]
        steps = [n for a, b in pairwise(whole) for n in (b[0] - a[0], b[1] - a[1])]
        return [*whole[0], *steps]

    def polygons(self, shape: BaseGeometry) -> list[list[Ring]]:
        """Write the polygons of a shape, each a list of rings with the outer one first."""
        parts = [p for p in getattr(shape, "geoms", [shape]) if isinstance(p, Polygon) and not p.is_empty]
        return [[self.ring(r.coords[:-1]) for r in (p.exterior, *p.interiors)] for p in parts]


def ground(plan: Plan, rollout: CityRollout, city: City, service: CityService, catalogue: Catalogue) -> dict[str, Any]:
    """Return everything that a map of one city's rollout shows, by period where it changes."""
    view = frame(rollout, city, service).bounds()
    reach = _joined(view, city.land.bounds)
    grid = Grid(reach[0], reach[1])
    land = land_in(city, reach, TOLERANCE)
    km2 = km2_per_square_degree((reach[1] + reach[3]) / 2)
    return {
        "city": rollout.city,
        "name": rollout.name,
        "attribution": city.land_attribution,
        "periods": plan.periods,
        "months": plan.period_months,
        "end": month_text(month_number(plan.periods[-1]) + plan.period_months[-1]),
        "origin": [grid.west, grid.south],
        "scale": SCALE,
        "view": _rounded(view),
        "reach": _rounded(reach),
        "water": grid.polygons(without_small(_water(reach, land), LEAST_WATER_KM2 / km2)),
        "zones": _zones(city, service, grid),
        "breaks": breaks(service),
        "levels": _levels(rollout, service, land, km2, grid),
        "stacks": _stacks(plan, rollout),
        "depots": _depots(plan, rollout),
        "crossings": [_crossing(c, rollout, catalogue) for c in city.crossings if _in_box(c.lon_a, c.lat_a, reach)],
        "places": _places(city, rollout, catalogue, reach),
    }


def breaks(service: CityService) -> list[float]:
    """Return the round trip densities (trips a day per km2) at which a zone's shade changes."""
    inside = service.zones.level >= 0
    density = service.zones.demand_trips_per_day[inside] / np.maximum(service.zones.area_km2[inside], LEAST_KM2)
    found = [round_figure(float(q)) for q in np.quantile(density, BREAK_QUANTILES)] if density.size else []
    return sorted(set(found))


def round_figure(value: float) -> float:
    """Return the nearest of 1, 1.5, 2, 3, 5 and 7 times a power of ten.

    >>> round_figure(268.0), round_figure(41.0), round_figure(0.0)
    (300.0, 50.0, 0.0)
    """
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((m * power for m in (1, 1.5, 2, 3, 5, 7, 10)), key=lambda r: abs(np.log(r / value))))


def _water(reach: Box, land: MultiPolygon) -> BaseGeometry:
    return box(*reach).difference(land)


def _zones(city: City, service: CityService, grid: Grid) -> dict[str, Any]:
    zones = service.zones
    names, near, away = _nearest(city, service)
    return {
        "cell": list(zones.cells),
        "ring": [grid.ring([(lon, lat) for lat, lon in h3.cell_to_boundary(c)]) for c in zones.cells],
        "trips": [round(float(x)) for x in zones.demand_trips_per_day],
        "people": [round(float(x)) for x in zones.population],
        "km2": [round(float(x), 2) for x in zones.area_km2],
        "level": [int(x) + 1 for x in zones.level],
        "names": names,
        "near": near,
        "away": away,
    }


def _nearest(city: City, service: CityService) -> tuple[list[str], list[int], list[float]]:
    """Return names of places, and for each zone the nearest of them and how many km it is away."""
    named = [(p.lon, p.lat, p.short) for p in ranked_places(city)]
    named += [(d.lon, d.lat, d.name) for d in city.districts]
    if not named:
        return [], [], []
    zones = service.zones
    lon, lat = np.array([p[0] for p in named]), np.array([p[1] for p in named])
    stretch = float(np.cos(np.radians(lat.mean())))
    apart = np.hypot((zones.lon[:, None] - lon) * stretch, zones.lat[:, None] - lat) * KM_PER_DEGREE
    nearest = apart.argmin(axis=1)
    used = np.unique(nearest)
    place = {int(n): i for i, n in enumerate(used)}
    away = np.round(apart[np.arange(len(nearest)), nearest], 1)
    return [named[n][2] for n in used], [place[int(n)] for n in nearest], [float(x) for x in away]


def _levels(
    rollout: CityRollout, service: CityService, land: MultiPolygon, km2: float, grid: Grid
) -> list[dict[str, Any]]:
    told, dry = {k.level: k for k in rollout.levels}, rivers_bridged(land, km2)
    return [
        {
            "level": level,
            "name": k.name,
            "km2": round(k.area_km2, 1),
            "people": round(k.population),
            "trips": round(told[level].addressable_trips_per_day) if level in told else None,
            "rings": grid.polygons(area_on_land(k, dry, km2)),
        }
        for level, k in enumerate(service.levels, start=1)
    ]


def _stacks(plan: Plan, rollout: CityRollout) -> list[dict[str, Any]]:
    colours = palette(plan)
    return [
        {
            "stack": d.stack,
            "partner": d.partner,
            "css": colours.get(d.stack, "s0"),
            "launch": d.launch,
            "level": d.level,
            "mode": d.mode,
            "vehicles": d.vehicles,
            "trips": [round(x) for x in d.trips_per_day],
            "wait": _tenths(d.wait_min, 1),
            "deadhead": _tenths(d.deadhead_share, 3),
        }
        for d in rollout.deployments
    ]


def _tenths(values: Sequence[float | None], digits: int) -> list[float | None]:
    return [None if v is None else round(v, digits) for v in values]


def _depots(plan: Plan, rollout: CityRollout) -> list[dict[str, Any]]:
    return [
        {
            "site": d.site,
            "at": [d.lon, d.lat],
            "ordered": d.ordered,
            "live": d.live,
            "from": next((t for t, p in enumerate(plan.periods) if p >= d.live), len(plan.periods)),
            "stalls": [a + b for a, b in zip(d.stalls, d.stalls_partner, strict=True)],
        }
        for d in rollout.depots
    ]


def _crossing(c: Crossing, rollout: CityRollout, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "name": c.name,
        "kind": c.kind,
        "over": c.barrier,
        "open": c.open,
        "a": [c.lon_a, c.lat_a],
        "b": [c.lon_b, c.lat_b],
        "words": crossing_words(c, rollout, catalogue),
    }


def _places(city: City, rollout: CityRollout, catalogue: Catalogue, reach: Box) -> list[dict[str, Any]]:
    gateways = {g.name: g for g in city.gateways}
    found = []
    for place in ranked_places(city):
        if not _in_box(place.lon, place.lat, reach):
            continue
        gateway = gateways.get(place.name) if place.css != "spot" else None
        words = gateway_words(gateway, rollout, catalogue) if gateway else ""
        at = [place.lon, place.lat]
        found.append(
            {"name": place.name, "short": place.short, "kind": place.css, "rank": place.rank, "at": at, "words": words}
        )
    return found


def _in_box(lon: float, lat: float, reach: Box) -> bool:
    return reach[0] <= lon <= reach[2] and reach[1] <= lat <= reach[3]


def _joined(a: Box, b: tuple[float, ...]) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _rounded(area: Box) -> list[float]:
    return [round(x, 5) for x in area]
