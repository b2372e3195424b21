"""The network between zones: street links, crossings, what is connected, and the way and time between any two zones.

A zone is linked with its six neighbours and, to keep straight lines straight, with the six zones at the next ring's
edge midpoints (on six links alone a hexagon grid lengthens ways by 10 % in the mean, on twelve by 2 %). A link's
length is the distance between anchors times circuity. It is cut when the straight line between the anchors runs over
water for more than ``WIDEST_WATER_KM``; named crossings join the banks again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import h3
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.types import Crossing
from fleetplan.geography.projection import Projection
from fleetplan.geography.types import Access

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Single = NDArray[np.float32]

WIDEST_WATER_KM = 0.12
"""Water narrower than this has bridges enough not to matter (the land data are good to 100 m)."""
SNAP_KM = 5.0
"""A named point farther than this from any zone's anchor is not in the city."""
TILE_KM = 4.0
FREEWAY_LINK_KM = 1.5
"""An open crossing longer than this is driven at freeway speed."""
FERRY_KMH, FERRY_WAIT_H = 15.0, 0.2
INTRAZONE = 0.52
"""Mean distance of two points in a compact zone over the square root of its area (Larson & Odoni 1981)."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Street speed of the reference band and freeway speed, km/h, and circuity (network over crow distance)."""

    street_kmh: float
    freeway_kmh: float
    circuity: float


@dataclass(frozen=True, eq=False)
class Links:
    """Links between zones: pairs (m, 2), km and hours at reference speed (m,); ``near`` marks first neighbours."""

    pairs: Ints
    km: Array
    hours: Array
    near: NDArray[np.bool_]


def street_links(cells: Sequence[str], anchor: Array, land: BaseGeometry, speeds: Speeds) -> Links:
    """Return the links between zones that stay on land; ``land`` and ``anchor`` in UTM km."""
    pairs, near = _candidate_pairs(cells)
    lines = shapely.linestrings(anchor[pairs])
    dry = shapely.length(lines) - _length_on_land(lines, land) <= WIDEST_WATER_KM
    pairs, near = pairs[dry], near[dry]
    km = shapely.length(lines)[dry] * speeds.circuity
    return Links(pairs=pairs, km=km, hours=km / speeds.street_kmh, near=near)


def crossing_links(
    crossings: Sequence[Crossing], anchor: Array, projection: Projection, speeds: Speeds, permits: Collection[str]
) -> tuple[Access, ...]:
    """Return each crossing snapped to the zones nearest its ends, each end on its own side of the middle.

    A crossing counts when it is open, or when the permit that opens it is among ``permits``.
    """
    return tuple(_snap(crossing, anchor, projection, speeds, permits) for crossing in crossings)


def join(links: Links, accesses: Sequence[Access]) -> Links:
    """Return street links and used crossings together."""
    used = [a for a in accesses if a.used]
    if not used:
        return links
    return Links(
        pairs=np.concatenate([links.pairs, [(a.start, a.end) for a in used]]),
        km=np.concatenate([links.km, [a.km for a in used]]),
        hours=np.concatenate([links.hours, [a.hours for a in used]]),
        near=np.concatenate([links.near, np.ones(len(used), bool)]),
    )


def main_component(count: int, links: Links, weight: Array) -> NDArray[np.bool_]:
    """Return which of ``count`` zones lie in the connected part with the most ``weight`` (residents and jobs)."""
    near = links.pairs[links.near]
    graph = csr_matrix((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(count, count))
    parts, label = connected_components(graph, directed=False)
    heaviest = int(np.bincount(label, weight, parts).argmax())
    return np.asarray(label == heaviest)


def without(links: Links, closed: NDArray[np.bool_]) -> Links:
    """Return the links that neither begin nor end in a closed zone."""
    if not closed.any():
        return links
    there = ~closed[links.pairs].any(axis=1)
    return Links(links.pairs[there], links.km[there], links.hours[there], links.near[there])


def restrict(links: Links, kept: NDArray[np.bool_]) -> Links:
    """Return the links among the kept zones, renumbered."""
    number = np.cumsum(kept) - 1
    inside = kept[links.pairs].all(axis=1)
    return Links(number[links.pairs[inside]], links.km[inside], links.hours[inside], links.near[inside])


def matrices(count: int, links: Links, area_km2: Array, speeds: Speeds) -> tuple[Single, Single]:
    """Return network km and hours at reference speed between all zones, each (n, n), by Dijkstra from every zone.

    Where no link is faster than the street the two are proportional and one search serves both.
    """
    km = _shortest(count, links.pairs, links.km)
    streets = np.allclose(links.hours * speeds.street_kmh, links.km)
    hours = km / np.float32(speeds.street_kmh) if streets else _shortest(count, links.pairs, links.hours)
    inside = INTRAZONE * np.sqrt(area_km2) * speeds.circuity
    np.fill_diagonal(km, inside)
    np.fill_diagonal(hours, inside / speeds.street_kmh)
    return km, hours


def nearest(point: Array, anchor: Array) -> tuple[int, float]:
    """Return the zone nearest a point (UTM km) and its distance; zone -1 beyond the snapping reach."""
    return _nearest_of(point, anchor, np.ones(len(anchor), bool))


def _nearest_of(point: Array, anchor: Array, allowed: NDArray[np.bool_]) -> tuple[int, float]:
    """Return the nearest zone among the allowed ones: those on the point's own side of the crossing's middle."""
    if not allowed.any():
        return -1, float("inf")
    distance = np.where(allowed, np.hypot(*(anchor - point).T), np.inf)
    index = int(distance.argmin())
    gap = float(distance[index])
    return (index if gap <= SNAP_KM else -1), gap


def _candidate_pairs(cells: Sequence[str]) -> tuple[Ints, NDArray[np.bool_]]:
    number = {cell: i for i, cell in enumerate(cells)}
    rows: list[tuple[int, int, bool]] = []
    for cell, i in number.items():
        ring1 = h3.grid_ring(cell, 1)
        touching: dict[str, int] = {}
        for other in ring1:
            for beyond in h3.grid_ring(other, 1):
                touching[beyond] = touching.get(beyond, 0) + 1
        diagonal = [c for c, times in touching.items() if times == 2 and c not in ring1]
        rows += [(i, number[c], True) for c in ring1 if c in number and number[c] > i]
        rows += [(i, number[c], False) for c in diagonal if c in number and number[c] > i]
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
    return table[:, :2], table[:, 2].astype(bool)


def _length_on_land(lines: NDArray[Any], land: BaseGeometry) -> Array:
    """Return the length of each line on land; the land is cut into tiles first, so that each test is small."""
    tiles = _tiles(land, shapely.total_bounds(lines))
    tree = shapely.STRtree(tiles)
    line, tile = tree.query(lines, predicate="intersects")
    pieces = shapely.length(shapely.intersection(lines[line], tiles[tile]))
    return np.bincount(line, pieces, len(lines)).astype(float)


def _tiles(land: BaseGeometry, bounds: Array) -> NDArray[Any]:
    xs = np.arange(bounds[0] - 1.0, bounds[2] + 1.0 + TILE_KM, TILE_KM)
    ys = np.arange(bounds[1] - 1.0, bounds[3] + 1.0 + TILE_KM, TILE_KM)
    strips = [shapely.make_valid(shapely.clip_by_rect(land, x, ys[0], x + TILE_KM, ys[-1])) for x in xs[:-1]]
    tiles = [
        shapely.make_valid(shapely.clip_by_rect(strip, x, y, x + TILE_KM, y + TILE_KM))
        for strip, x in zip(strips, xs[:-1], strict=True)
        for y in ys[:-1]
    ]
    return np.array([tile for tile in tiles if not tile.is_empty], dtype=object)


def _snap(
    crossing: Crossing, anchor: Array, projection: Projection, speeds: Speeds, permits: Collection[str]
) -> Access:
    ends = projection.points([crossing.lat_a, crossing.lat_b], [crossing.lon_a, crossing.lon_b])
    beyond = (anchor - ends.mean(axis=0)) @ (ends[1] - ends[0]) > 0
    (start, gap_a), (end, gap_b) = _nearest_of(ends[0], anchor, ~beyond), _nearest_of(ends[1], anchor, beyond)
    span = float(np.hypot(*(ends[1] - ends[0])))
    approach = (gap_a + gap_b) * speeds.circuity
    km = span + approach
    hours = approach / speeds.street_kmh + _span_hours(crossing.kind, span, speeds)
    opened = crossing.open or bool(crossing.permit and crossing.permit in permits)
    why_not = ""
    if start < 0 or end < 0:
        why_not = "an end lies outside the outline"
    elif not opened:
        why_not = f"closed until {crossing.permit} is held" if crossing.permit else "closed"
    return Access(crossing.name, start, end, km, hours, not why_not, why_not)


def _span_hours(kind: str, span: float, speeds: Speeds) -> float:
    if kind == "ferry":
        return FERRY_WAIT_H + span / FERRY_KMH
    fast = speeds.freeway_kmh if span >= FREEWAY_LINK_KM else speeds.street_kmh
    return span * (1.0 if span >= FREEWAY_LINK_KM else speeds.circuity) / fast


def _shortest(count: int, pairs: Ints, weight: Array) -> Single:
    order = np.lexsort((weight, pairs[:, 1], pairs[:, 0]))
    pairs, weight = np.sort(pairs, axis=1)[order], weight[order]
    _, first = np.unique(pairs[:, 0] * count + pairs[:, 1], return_index=True)
    low, high, weight = pairs[first, 0], pairs[first, 1], weight[first]
    rows, columns = np.concatenate([low, high]), np.concatenate([high, low])
    graph = csr_matrix((np.concatenate([weight, weight]), (rows, columns)), shape=(count, count))
    return np.asarray(dijkstra(graph), dtype=np.float32)
