"""Read polygons: closed, free of self-crossings, in lon-lat degrees. Nothing is repaired."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import shapely
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.files import Files
from fleetplan.catalogue.tables import FaultLog, Table, provenance
from fleetplan.catalogue.types import Outline

_KM_PER_DEGREE: Final = 111.2
_LON_LAT_NAMES: Final = ("CRS84", "EPSG:4326", "EPSG::4326")
_KINDS: Final[tuple[Literal["outline", "launch", "cell", "closed"], ...]] = ("outline", "launch", "cell", "closed")
_COLLECTION_KEYS: Final = frozenset({"type", "name", "crs", "bbox", "attribution", "properties", "features"})


@dataclass(frozen=True, slots=True)
class _Feature:
    where: str
    properties: Table
    geometry: BaseGeometry | None


def read_outlines(files: Files, path: str) -> tuple[Outline, ...]:
    """Return the outline, then the launch areas by order, the pilot cells, the closed areas of an ``outlines.geojson``."""
    data, where = files.features(path), files.where(path)
    read = [_outline(feature) for feature in _features(data, where, files.faults, ("Polygon",))]
    outlines = [outline for outline in read if outline is not None]
    _check_outlines(where, outlines, files.faults)
    return tuple(sorted(outlines, key=lambda outline: (_KINDS.index(outline.kind), outline.order)))


def read_land(files: Files, path: str) -> tuple[BaseGeometry, str]:
    """Return the land of a city and the attribution that its maps must show."""
    polygons: list[BaseGeometry] = []
    data, where = files.features(path), files.where(path)
    for feature in _features(data, where, files.faults, ("Polygon", "MultiPolygon")):
        provenance(feature.properties)
        for key in ("kind", "name", "facts", "note"):
            feature.properties.note(key)
        feature.properties.close()
        if feature.geometry is not None:
            polygons.append(feature.geometry)
    return (shapely.union_all(polygons) if polygons else MultiPolygon()), _attribution(data, where, files.faults)


def read_district_areas(files: Files, path: str, names: Collection[str]) -> dict[str, BaseGeometry]:
    """Return the polygons of districts by name from a file that a city may leave out."""
    if not files.has(path):
        return {}
    found: dict[str, BaseGeometry] = {}
    data, where = files.features(path), files.where(path)
    for feature in _features(data, where, files.faults, ("Polygon", "MultiPolygon")):
        name = feature.properties.text("district")
        provenance(feature.properties)
        feature.properties.note("note")
        feature.properties.close()
        if name not in names:
            remedy = "write the name as in districts.csv"
            files.faults.add(
                feature.where, f"{name!r} is no district", allowed="a name of districts.csv", remedy=remedy
            )
        elif name in found:
            files.faults.add(feature.where, f"{name!r} is drawn twice", allowed="each once", remedy="join its parts")
        elif feature.geometry is not None:
            found[name] = feature.geometry
    _attribution(data, where, files.faults)
    return found


def km_from(area: BaseGeometry, lon: float, lat: float) -> float:
    """Return how far a point lies outside an area, in km, exact to a per cent at the size of a city.

    >>> round(km_from(shapely.box(8, 47, 9, 48), 8.5, 48.1), 1)
    11.1
    """
    scale = math.cos(math.radians(lat)) * _KM_PER_DEGREE
    flat = shapely.transform(area, lambda xy: xy * (scale, _KM_PER_DEGREE))
    return float(shapely.distance(flat, shapely.Point(lon * scale, lat * _KM_PER_DEGREE)))


def is_farther_than(km: float, area: BaseGeometry, lon: float, lat: float) -> bool:
    """Return whether a point lies farther outside an area than so many km.

    A degree of longitude is never longer than one of latitude, so a distance in degrees settles most points at once.

    >>> is_farther_than(60, shapely.box(8, 47, 9, 48), 8.5, 48.1), is_farther_than(10, shapely.box(8, 47, 9, 48), 8.5, 48.1)
    (False, True)
    """
    degrees = float(shapely.distance(area, shapely.Point(lon, lat)))
    return degrees * _KM_PER_DEGREE > km and km_from(area, lon, lat) > km


def _outline(feature: _Feature) -> Outline | None:
    table = feature.properties
    kind = table.choice("kind", _KINDS)
    order = table.whole("order", 1, 99) if kind == "launch" else int(table.optional_number("order", 0, 99) or 0)
    name = table.text("name")
    source, confidence = provenance(table)
    for key in ("facts", "note"):
        table.note(key)
    table.close()
    if not isinstance(feature.geometry, Polygon):
        return None
    return Outline(name, kind, order, feature.geometry, source, confidence)


def _check_outlines(where: str, outlines: list[Outline], faults: FaultLog) -> None:
    count = sum(outline.kind == "outline" for outline in outlines)
    if count != 1:
        faults.add(where, f"{count} features have kind = outline", allowed="exactly one", remedy="keep the widest one")
    orders = sorted(outline.order for outline in outlines if outline.kind == "launch")
    if orders != list(range(1, len(orders) + 1)):
        allowed = f"1 to {len(orders)}, each once"
        faults.add(where, f"the launch areas have the orders {orders}", allowed=allowed, remedy="number them by size")
    names = [outline.name for outline in outlines]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(where, f"{name!r} names two features", allowed="each name once", remedy="rename one")


def _attribution(data: Mapping[str, Any] | None, where: str, faults: FaultLog) -> str:
    given = "" if data is None else data.get("attribution", "")
    if data is not None and not (isinstance(given, str) and given.strip()):
        allowed = "text, for example (c) OpenStreetMap contributors"
        faults.add(where, "the attribution is missing", allowed=allowed, remedy="add attribution")
    return str(given)


def _features(
    data: Mapping[str, Any] | None, where: str, faults: FaultLog, kinds: tuple[str, ...]
) -> Iterator[_Feature]:
    if data is None:
        return
    _check_collection(where, data, faults)
    for number, feature in enumerate(data["features"], start=1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or not isinstance(properties, dict):
            faults.add(f"{where}: feature {number}", "it has no properties", allowed="a Feature with properties")
            continue
        label = f"feature {number} ({properties.get('name', 'unnamed')})"
        geometry = _geometry(feature.get("geometry"), f"{where}: {label}", kinds, faults)
        yield _Feature(f"{where}: {label}", Table(properties, where, faults, label), geometry)


def _check_collection(where: str, data: Mapping[str, Any], faults: FaultLog) -> None:
    for key in sorted(set(data) - _COLLECTION_KEYS):
        faults.add(
            where, f"the member {key!r} is unknown", allowed=", ".join(sorted(_COLLECTION_KEYS)), remedy="remove it"
        )
    crs = data.get("crs")
    if crs is not None and not any(name in str(crs) for name in _LON_LAT_NAMES):
        faults.add(
            where,
            f"the crs {crs!r} is not lon-lat degrees",
            allowed="no crs member, CRS84 or EPSG:4326",
            remedy="reproject the file to EPSG:4326",
        )


def _geometry(data: object, where: str, kinds: tuple[str, ...], faults: FaultLog) -> BaseGeometry | None:
    """Return a sound polygon, or nothing after noting what is wrong with it."""
    words = " or ".join(kinds)
    if not isinstance(data, dict) or data.get("type") not in kinds:
        kind = data.get("type") if isinstance(data, dict) else data
        faults.add(where, f"the geometry is {kind!r}", allowed=words, remedy="draw it as one area")
        return None
    try:
        open_rings = sum(ring[0] != ring[-1] for ring in _rings(data))
        geometry = shape(data)
    except (ValueError, TypeError, IndexError, KeyError, shapely.errors.ShapelyError) as error:
        faults.add(where, f"the coordinates are not a polygon: {error}", allowed=words, remedy="draw it again")
        return None
    if open_rings:
        faults.add(where, "the polygon is not closed", allowed="rings whose last point is the first", remedy="close it")
    return geometry if _is_sound(geometry, where, faults) and not open_rings else None


def _rings(data: Mapping[str, Any]) -> Iterator[list[Any]]:
    polygons = [data["coordinates"]] if data["type"] == "Polygon" else data["coordinates"]
    for polygon in polygons:
        yield from polygon


def _is_sound(geometry: BaseGeometry, where: str, faults: FaultLog) -> bool:
    points = shapely.get_coordinates(geometry)
    in_degrees = (abs(points) <= (180, 90)).all(axis=1)
    if not in_degrees.all():
        lon, lat = points[in_degrees.argmin()]
        faults.add(
            where,
            f"the point ({lon:g}, {lat:g}) is not in lon-lat degrees",
            allowed="lon -180 to 180, lat -90 to 90 (EPSG:4326)",
            remedy="reproject the file to EPSG:4326, longitude first",
        )
        return False
    if geometry.is_empty or not geometry.is_valid:
        reason = "Empty" if geometry.is_empty else shapely.is_valid_reason(geometry)
        faults.add(
            where, f"the polygon is broken: {reason}", allowed="a simple polygon", remedy="untangle it at that point"
        )
        return False
    return True
