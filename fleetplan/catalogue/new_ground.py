"""The ground of a new city: its outline, its districts as they are drawn, and what is known of land.

Nothing is known of water but what the districts leave out inside the city's outline. Outside it no sea is drawn and no shore: a
frame of plain ground, which says so, rather than an island.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue.field_polygons import DEGREE_GRID, fault

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

WIDEST_HULL: Final = 4.0
FRAME_DEGREES: Final = 0.15
"""So far the ground goes on around a city, in degrees: some 15 km, where depots and airports may lie."""


def city_outlines(name: str, frame: gpd.GeoDataFrame, origin: str) -> str:
    """Return outlines.geojson: the districts together; one hull round them where the city has several parts near each other.

    Raises
    ------
    InputError
        When most of the hull is not the city's.
    """
    area = _dissolved(frame)
    properties = {"kind": "outline", "name": name, "source": origin, "confidence": "assumed"}
    if area.geom_type == "Polygon":
        return _collection([_feature(area, properties)], "")
    if (times := area.convex_hull.area / area.area) > WIDEST_HULL:
        what = f"the hull round the city's parts covers {times:.1f} times their area: most of it is sea or other towns"
        remedy = "leave out parts that lie far off, or make a city of each"
        raise fault(origin, what, f"at most {WIDEST_HULL:g} times", remedy)
    note = "convex hull of a city of several parts; land.geojson keeps the parts"
    return _collection([_feature(area.convex_hull, {**properties, "note": note})], "")


def known_land(name: str, frame: gpd.GeoDataFrame, origin: str) -> str:
    """Return land.geojson: inside the outline the districts, outside it a frame of plain ground."""
    from shapely.geometry import Polygon, box  # noqa: PLC0415 - heavy, and needed here only

    area = _dissolved(frame)
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


def _dissolved(frame: gpd.GeoDataFrame) -> BaseGeometry:
    import shapely  # noqa: PLC0415 - as above

    snapped = shapely.set_precision(frame.geometry.to_numpy(), DEGREE_GRID)
    return shapely.union_all(snapped, grid_size=DEGREE_GRID)


def _feature(area: BaseGeometry, properties: dict[str, str]) -> dict[str, Any]:
    from shapely.geometry import mapping  # noqa: PLC0415 - as above

    return {"type": "Feature", "properties": properties, "geometry": mapping(area)}


def _collection(features: Sequence[dict[str, Any]], attribution: str) -> str:
    head = {"type": "FeatureCollection", **({"attribution": attribution} if attribution else {})}
    return json.dumps({**head, "features": list(features)}, ensure_ascii=False) + "\n"
