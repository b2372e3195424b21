"""The ground of a new city: its outline, its districts as they are drawn, and what is known of land.

Nothing is known of water but what the districts leave out inside the city's outline. Outside it no sea is drawn and no shore: a
frame of plain ground, which says so, rather than an island. A seam that borders drawn by different hands leave between two
districts is closed: taken for water, it would cut streets.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue.field_polygons import DEGREE_GRID, KM_PER_DEGREE, fault

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

WIDEST_HULL: Final = 4.0
FRAME_DEGREES: Final = 0.15
"""So far the ground goes on around a city, in degrees: some 15 km, where depots and airports may lie."""

SEAM_M: Final = 50.0
"""Gaps between two districts are seams up to this width; a wider one is ground that the file leaves out."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the districts cover together, on the grid of outlines, and how many seams between them were closed for it."""

    area: BaseGeometry
    seams: int

    @property
    def notes(self) -> list[str]:
        """What a person should be told of it."""
        if not self.seams:
            return []
        count = f"{self.seams} seams" if self.seams > 1 else "a seam"
        return [f"{count} between districts, up to {SEAM_M:g} m wide, closed: taken for water, they would cut streets"]


def ground_of(frame: gpd.GeoDataFrame) -> Ground:
    """Return the ground of districts in lon-lat."""
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    snapped = shapely.set_precision(frame.geometry.to_numpy(), DEGREE_GRID)
    area = shapely.union_all(snapped, grid_size=DEGREE_GRID)
    tree = shapely.STRtree(snapped)
    gaps = shapely.get_parts(shapely.difference(_closed(area), area, grid_size=DEGREE_GRID))
    seams = [gap for gap in gaps if len(tree.query(gap, predicate="dwithin", distance=2 * DEGREE_GRID)) > 1]
    return Ground(shapely.union_all([area, *seams], grid_size=DEGREE_GRID) if seams else area, len(seams))


def _closed(area: BaseGeometry) -> BaseGeometry:
    """Return an area with its narrow gaps filled, and with holes that are narrow on the whole."""
    from shapely import Polygon, get_parts, union_all  # noqa: PLC0415 - as above
    from shapely.affinity import scale  # noqa: PLC0415 - as above

    wide, seam = cos(radians(area.centroid.y)), SEAM_M / 1000 / KM_PER_DEGREE
    flat = scale(area, xfact=wide, origin=(0, 0))
    holes = [Polygon(ring) for part in get_parts(flat) for ring in part.interiors]
    narrow = [hole for hole in holes if 2 * hole.area / hole.length <= seam]
    filled = flat.buffer(seam / 2, join_style="mitre").buffer(-seam / 2, join_style="mitre")
    return scale(union_all([filled, *narrow]), xfact=1 / wide, origin=(0, 0))


def city_outlines(name: str, area: BaseGeometry, origin: str) -> str:
    """Return outlines.geojson: the districts together; one hull round them where the city has several parts near each other.

    Raises
    ------
    InputError
        When most of the hull is not the city's.
    """
    properties = {"kind": "outline", "name": name, "source": origin, "confidence": "assumed"}
    if area.geom_type == "Polygon":
        return _collection([_feature(area, properties)], "")
    if (times := area.convex_hull.area / area.area) > WIDEST_HULL:
        what = f"the hull round the city's parts covers {times:.1f} times their area: most of it is sea or other towns"
        remedy = "leave out parts that lie far off, or make a city of each"
        raise fault(origin, what, f"at most {WIDEST_HULL:g} times", remedy)
    note = "convex hull of a city of several parts; land.geojson keeps the parts"
    return _collection([_feature(area.convex_hull, {**properties, "note": note})], "")


def known_land(name: str, area: BaseGeometry, origin: str) -> str:
    """Return land.geojson: inside the outline the districts, outside it a frame of plain ground."""
    from shapely.geometry import Polygon, box  # noqa: PLC0415 - heavy, and needed here only

    whole = Polygon(area.exterior) if area.geom_type == "Polygon" else area.convex_hull
    west, south, east, north = whole.bounds
    around = box(west - FRAME_DEGREES, south - FRAME_DEGREES, east + FRAME_DEGREES, north + FRAME_DEGREES)
    land = around.difference(whole.difference(area))
    note = "inside the outline the districts' own area stands in for land; outside it water is not known and all is drawn as land"
    properties = {
        "kind": "land",
        "name": f"{name} land",
        "note": note,
        "source": origin,
        "confidence": "assumed",
    }
    return _collection(
        [_feature(land, properties)], f"districts of {origin}; water outside them is not known and not drawn"
    )


def drawn_districts(frame: gpd.GeoDataFrame, names: Sequence[str], origin: str) -> str:
    """Return districts.geojson: every district as it is drawn, so that its people and jobs keep to it."""
    import shapely  # noqa: PLC0415 - as above

    shapes = shapely.set_precision(frame.geometry.to_numpy(), DEGREE_GRID)
    features = [
        _feature(shape, {"district": name, "source": origin, "confidence": "assumed"})
        for shape, name in zip(shapes, names, strict=True)
    ]
    return _collection(features, f"districts of {origin}")


def _feature(area: BaseGeometry, properties: dict[str, str]) -> dict[str, Any]:
    from shapely.geometry import mapping  # noqa: PLC0415 - as above

    return {"type": "Feature", "properties": properties, "geometry": mapping(area)}


def _collection(features: Sequence[dict[str, Any]], attribution: str) -> str:
    head = {"type": "FeatureCollection", **({"attribution": attribution} if attribution else {})}
    return json.dumps({**head, "features": list(features)}, ensure_ascii=False) + "\n"
