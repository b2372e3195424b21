"""Hexagons on land inside the outline, each with its land area and its anchor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h3
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fleetplan.errors import CatalogueError, Fault
from fleetplan.geography.projection import Projection

Array = NDArray[np.float64]

RESOLUTION = 8
SMALLEST_LAND_SHARE = 0.15
"""A hexagon with less land than this inside the outline is dropped (its people stay: districts keep their totals)."""


@dataclass(frozen=True, eq=False)
class LandCells:
    """Hexagons with land: areas in km2, shares and the land itself, shapes (n,); anchors, shape (n, 2); in UTM km."""

    cells: tuple[str, ...]
    area_km2: Array
    land_share: Array
    anchor: Array
    pieces: NDArray[Any]


def land_cells(*, outline: BaseGeometry, land: BaseGeometry, projection: Projection) -> LandCells:
    """Return the hexagons of an outline that hold enough land, sorted by H3 index.

    Parameters
    ----------
    outline, land
        Polygons in lon-lat degrees.
    """
    found = np.array(sorted(_covering(outline)))
    hexagons = projection.shapes(_polygons(found))
    region = projection.shapes(shapely.intersection(outline, land))
    pieces = _clip(hexagons, region)
    area = shapely.area(pieces)
    share = area / shapely.area(hexagons)
    kept = share >= SMALLEST_LAND_SHARE
    if not kept.any():
        raise CatalogueError([Fault("outlines.geojson", "the outline holds no land", "an outline that touches land")])
    cells, pieces, area, share = found[kept], pieces[kept], area[kept], share[kept]
    return LandCells(
        cells=tuple(str(cell) for cell in cells),
        area_km2=area,
        land_share=np.minimum(share, 1.0),
        anchor=_anchors(pieces),
        pieces=pieces,
    )


def _covering(outline: BaseGeometry) -> set[str]:
    found: set[str] = set()
    for polygon in getattr(outline, "geoms", [outline]):
        shape = h3.geo_to_h3shape(polygon)
        found |= set(h3.h3shape_to_cells_experimental(shape, RESOLUTION, contain="overlap"))
    return found


def _polygons(cells: NDArray[Any]) -> NDArray[Any]:
    """Return the hexagons as polygons in lon-lat degrees."""
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(str(cell))] for cell in cells]
    return np.array([shapely.Polygon(ring) for ring in rings], dtype=object)


def _clip(polygons: NDArray[Any], region: BaseGeometry) -> NDArray[Any]:
    """Return the part of each polygon inside the region; only those on its edge are cut."""
    shapely.prepare(region)
    pieces = polygons.copy()
    inside = shapely.contains_properly(region, polygons)
    edge = ~inside & shapely.intersects(region, polygons)
    pieces[~inside & ~edge] = shapely.Polygon()
    pieces[edge] = shapely.intersection(polygons[edge], region)
    return pieces


def _anchors(pieces: NDArray[Any]) -> Array:
    """Return a point on land for each piece: the centre of its largest part where that lies on it."""
    points = np.empty((len(pieces), 2))
    for row, piece in enumerate(pieces):
        parts = [part for part in getattr(piece, "geoms", [piece]) if part.area > 0]
        largest = max(parts, key=lambda part: part.area)
        centre = largest.centroid
        point = centre if largest.contains(centre) else largest.representative_point()
        points[row] = point.x, point.y
    return points
