"""Residents and jobs of districts, spread over the zones so that every district keeps its total.

A district that is drawn has the land of its polygon. Of the others only centres and areas are at hand: what is left of
the zones is given to them so that the area-weighted squared distance to their centres is least and no district takes
more land than it has: a transport problem, solved as a min-cost flow. Its dual is the Voronoi diagram weighted so that
areas come out right (a power diagram; Aurenhammer, Hoffmann & Aronov 1998, *Minkowski-type theorems and least-squares
clustering*). A zone may be shared between districts.

Land that no district can take, because their areas do not tile the outline or lie too far, is *uncovered*: it gets the
area-weighted mean density of the districts nearest to it. Where every district is drawn, land outside them is known to
be outside: nobody of the table lives there. Inside a district people follow land area, weighted by nearness to hot spots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import District, HotSpot
from fleetplan.errors import SolverError
from fleetplan.geography.cells import LandCells
from fleetplan.geography.projection import Projection

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

OUTSIDE_KM = 3.0
"""A district whose centre lies farther than this outside the outline takes no part."""
REACH_RADII, REACH_EXTRA_KM = 2.5, 1.0
"""A district reaches zones within so many of its radii (area = pi r^2), and a little more."""
NEAREST = 12
PULL_KM = {"population": 1.5, "jobs": 0.9}
PULL = {"population": 0.10, "jobs": 1.0}
"""Weight of a place = 1 + pull x sum of hot-spot weights x exp(-(distance / pull_km)^2): jobs cluster, homes hardly."""
UNIT_KM2 = 0.001


@dataclass(frozen=True, eq=False)
class People:
    """Residents and jobs by zone, shapes (n,), and the land of each zone by district in km2, shape (districts, n).

    ``filled_population`` and ``filled_jobs`` are the part that stands in for land no district covers.
    """

    population: Array
    jobs: Array
    district_land: Array
    filled_population: float
    filled_jobs: float
    notes: tuple[str, ...]


def spread_people(
    districts: Sequence[District],
    hot_spots: Sequence[HotSpot],
    land: LandCells,
    *,
    outline: BaseGeometry,
    projection: Projection,
    scale: float,
    drawn: Mapping[str, BaseGeometry] | None = None,
) -> People:
    """Return residents (times ``scale``) and jobs of each zone; district totals are kept exactly.

    ``outline`` and the polygons of districts by name, ``drawn``, in UTM km.
    """
    centres = projection.points([d.lat for d in districts], [d.lon for d in districts])
    inside = shapely.distance(outline, shapely.points(centres)) <= OUTSIDE_KM
    areas = np.array([d.area_km2 for d in districts])
    owned = _drawn_land([(drawn or {}).get(d.name) for d in districts], land)
    guessed = inside & np.array([d.name not in (drawn or {}) for d in districts])
    if guessed.any():
        owned += _land_of_districts(centres, np.where(guessed, areas, 0.0), land, land.area_km2 - owned.sum(axis=0))
    spread = {}
    filled = {}
    for kind in PULL:
        totals = np.array([float(getattr(d, kind)) for d in districts])
        spread[kind] = totals @ _shares(owned * _pull(kind, hot_spots, land, projection))
        filled[kind] = _fill(totals, areas, centres, owned, land) if guessed.any() else np.zeros(len(land.cells))
    return People(
        population=scale * (spread["population"] + filled["population"]),
        jobs=spread["jobs"] + filled["jobs"],
        district_land=owned,
        filled_population=float(scale * filled["population"].sum()),
        filled_jobs=float(filled["jobs"].sum()),
        notes=tuple(_notes(districts, owned, land, scale * filled["population"].sum(), filled["jobs"].sum())),
    )


def _drawn_land(areas: Sequence[BaseGeometry | None], land: LandCells) -> Array:
    """Return the land (km2) of each zone within each drawn district, shape (districts, n); overlaps are shared."""
    tree = shapely.STRtree(land.pieces)
    owned = np.zeros((len(areas), len(land.cells)))
    for row, area in enumerate(areas):
        if area is not None:
            zones = tree.query(area, predicate="intersects")
            owned[row, zones] = shapely.area(shapely.intersection(land.pieces[zones], area))
    return np.asarray(owned * np.minimum(1.0, land.area_km2 / np.maximum(owned.sum(axis=0), UNIT_KM2)))


def _land_of_districts(centres: Array, areas: Array, land: LandCells, free_km2: Array) -> Array:
    """Return the land (km2) that each district takes of what is free in each zone, shape (districts, n)."""
    distance = np.hypot(*(land.anchor[:, None, :] - centres[None, :, :]).transpose(2, 0, 1))
    reach = REACH_RADII * np.sqrt(areas / np.pi) + REACH_EXTRA_KM
    allowed = (distance <= reach) & (areas > 0)
    rank = np.argsort(np.argsort(np.where(allowed, distance, np.inf), axis=1, kind="stable"), axis=1, kind="stable")
    zone, district = np.nonzero(allowed & (rank < NEAREST))
    count, bins = len(land.cells), len(areas)
    supply = np.maximum(np.round(free_km2 / UNIT_KM2), 0).astype(np.int64)
    room = np.round(areas / UNIT_KM2).astype(np.int64)
    cost = np.round(1000 * distance[zone, district] ** 2).astype(np.int64)
    sink, spare = count + bins, np.int64(10 * (cost.max() + 1))
    flow = min_cost_flow.SimpleMinCostFlow()
    taken = flow.add_arcs_with_capacity_and_unit_cost(zone, count + district, supply[zone], cost)
    flow.add_arcs_with_capacity_and_unit_cost(
        count + np.arange(bins), np.full(bins, sink), room, np.zeros(bins, np.int64)
    )
    flow.add_arcs_with_capacity_and_unit_cost(np.arange(count), np.full(count, sink), supply, np.full(count, spare))
    flow.set_nodes_supplies(np.arange(count), supply)
    flow.set_node_supply(sink, -int(supply.sum()))
    if flow.solve() != flow.OPTIMAL:
        message = "districts could not be laid over the zones"
        raise SolverError(message)
    owned = np.zeros((bins, count))
    owned[district, zone] = flow.flows(taken) * UNIT_KM2
    return _give_everyone_a_zone(owned, distance, areas)


def _give_everyone_a_zone(owned: Array, distance: Array, areas: Array) -> Array:
    """Give a district that was left without land (crowded out by rounding or water) a share of its nearest zone."""
    for district in np.flatnonzero((owned.sum(axis=1) <= 0) & (areas > 0)):
        owned[district, distance[:, district].argmin()] = UNIT_KM2
    return owned


def _pull(kind: str, hot_spots: Sequence[HotSpot], land: LandCells, projection: Projection) -> Array:
    if not hot_spots:
        return np.ones(len(land.cells))
    centres = projection.points([h.lat for h in hot_spots], [h.lon for h in hot_spots])
    square = ((land.anchor[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    strength = np.array([h.weight for h in hot_spots])
    return np.asarray(1.0 + PULL[kind] * (np.exp(-square / PULL_KM[kind] ** 2) @ strength))


def _shares(weight: Array) -> Array:
    sums = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weight, sums, out=np.zeros_like(weight), where=sums > 0))


def _uncovered(owned: Array, land: LandCells) -> Array:
    """Return the land of each zone that no district took, km2, shape (n,); rounding does not count."""
    free = land.area_km2 - owned.sum(axis=0)
    return np.where(free > 2 * UNIT_KM2, free, 0.0)


def _fill(totals: Array, areas: Array, centres: Array, owned: Array, land: LandCells) -> Array:
    """Return people on uncovered land at the mean density of the districts nearest to it."""
    free = _uncovered(owned, land)
    at = np.flatnonzero(free)
    taking_part = np.flatnonzero(owned.sum(axis=1) > 0)
    if not len(at):
        return np.zeros(len(free))
    square = ((land.anchor[at, None, :] - centres[None, taking_part, :]) ** 2).sum(axis=2)
    ring = taking_part[np.unique(square.argmin(axis=1))]
    density = float(totals[ring].sum() / areas[ring].sum())
    filled: Array = density * free
    return filled


def _notes(districts: Sequence[District], owned: Array, land: LandCells, residents: float, jobs: float) -> list[str]:
    left_out = [d.name for d, row in zip(districts, owned, strict=True) if row.sum() <= 0]
    free = _uncovered(owned, land).sum()
    notes = [f"districts outside the outline, left out: {', '.join(left_out)}"] if left_out else []
    if free > 0 and not residents + jobs:
        notes.append(f"{free:.0f} km2 outside the districts, all of which are drawn, count as empty")
    elif free > 0:
        notes.append(
            f"{free:.0f} km2 that no district covers hold {residents:,.0f} residents and {jobs:,.0f} jobs, at the mean "
            "density of the districts beside them"
        )
    return notes
