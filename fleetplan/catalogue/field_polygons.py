"""Read district polygons from the field: any format, layer, projection and encoding, or a sentence about what is in the way.

Nothing is guessed: where a file can be read in two ways, or says what no city can be, it is refused with what to do about it.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetplan.errors import Fault, InputError, near_misses

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

DEGREE_GRID: Final = 1e-6
"""Outlines are written to this grid of degrees, a tenth of a metre; what vanishes on it is no district."""

MOST_DISTRICT_KM2: Final = 10_000.0
MOST_SPAN_KM: Final = 400.0
KM_PER_DEGREE: Final = 111.2
HALF_ROUND: Final = 180.0
MOST_PEOPLE_KM2: Final = 150_000.0
"""People on a km² of a district: the densest quarters of the world hold some 130,000."""

OVERLAP_SHARE: Final = 0.02
"""Part of the smaller of two districts that both may hold: borders drawn by different hands."""

LONGEST_NAME: Final = 80
MOST_FAULTS: Final = 20
NAME_COLUMNS: Final = ("district", "name", "label")
"""Columns that hold the names of districts, the first of them that is there."""

_SPREADSHEET: Final = ("=", "+", "-", "@")
_POLYGONS: Final = ("Polygon", "MultiPolygon")
_SHAPEFILES: Final = (".shp", ".dbf", ".shx")


def fault(where: str, what: str, allowed: str, remedy: str) -> InputError:
    """Return one fault as an error."""
    return InputError([Fault(where, what, allowed, remedy)])


def shortened(faults: Sequence[Fault], where: str) -> list[Fault]:
    """Return the first faults of a file, and how many more there are."""
    if len(faults) <= MOST_FAULTS:
        return list(faults)
    rest = len(faults) - MOST_FAULTS
    return [
        *faults[:MOST_FAULTS],
        Fault(where, f"{rest:,} more of these follow", "", "mend the first ones, then look again"),
    ]


def read_polygons(path: Path, layer: str | None = None) -> gpd.GeoDataFrame:
    """Return a file's districts as sound, flat polygons in lon-lat.

    Parameters
    ----------
    layer
        The layer to take; needed where a file has several with shapes.

    Raises
    ------
    InputError
        When it cannot be read, when it can be read in several ways, or with every shape that is no district.
    """
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    _refuse_topology(path)
    frame = _frame(path, _layer(path, layer))
    if frame.crs is None:
        remedy = "export it again with its projection (for a Shapefile, with the .prj file)"
        raise fault(str(path), "the file names no coordinate reference system", "any known CRS", remedy)
    if faults := [*_shape_faults(path, frame), *_range_faults(path, frame)]:
        raise InputError(shortened(faults, str(path)))
    frame = frame.to_crs(4326)
    frame = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=4326)
    if faults := _place_faults(path, frame) or _overlap_faults(path, frame):
        raise InputError(shortened(faults, str(path)))
    return frame


# --- the file -----------------------------------------------------------------------------------------------------------------


def _refuse_topology(path: Path) -> None:
    """Refuse TopoJSON, which GDAL reads without its place on earth."""
    try:
        with path.open("rb") as file:
            head = file.read(2_000).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise fault(
            str(path), f"the file cannot be read: {error.strerror}", "a polygon file", "check the path"
        ) from error
    if path.suffix.lower() == ".topojson" or re.search(r'"type"\s*:\s*"Topology"', head):
        raise fault(str(path), "the file is TopoJSON, which is not read here", "GeoJSON", "export it as GeoJSON")


def _layer(path: Path, wanted: str | None) -> str | None:
    """Return the layer to read; tables without shapes (styles, attributes) are no choice."""
    import pyogrio  # noqa: PLC0415 - heavy, and needed here only

    try:
        layers = {str(name): kind for name, kind in pyogrio.list_layers(path)}
    except Exception as error:  # GDAL's drivers raise what they please
        raise _unreadable(path, error) from error
    shapes = {name: str(kind) for name, kind in layers.items() if kind is not None}
    told = ", ".join(f"{name} ({kind})" for name, kind in shapes.items())
    if wanted is not None and wanted not in shapes:
        what = f"there is no layer {wanted!r} with shapes in it"
        raise fault(str(path), what, told or "a file with shapes", near_misses(wanted, shapes) or "name one of them")
    if wanted is None and len(shapes) > 1:
        polygons = [name for name, kind in shapes.items() if "Polygon" in kind]
        remedy = (
            f"name one of them, for example --layer {json.dumps((polygons or list(shapes))[0], ensure_ascii=False)}"
        )
        raise fault(str(path), f"the file has {len(shapes)} layers: {told}", "one layer of districts", remedy)
    return wanted or next(iter(shapes), None)


def _frame(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd  # noqa: PLC0415 - heavy, and needed here only

    try:
        frame = gpd.read_file(path) if layer is None else gpd.read_file(path, layer=layer)
    except Exception as error:  # GDAL's drivers raise what they please
        raise _unreadable(path, error) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise fault(str(path), "the file holds no shapes", "one polygon a district", "export the districts again")
    return frame


def _unreadable(path: Path, error: Exception) -> InputError:
    if isinstance(error, UnicodeDecodeError):
        named = path.with_suffix(".cpg")
        shapefile = path.suffix.lower() in _SHAPEFILES
        said = f"{named.name} names" if shapefile and named.exists() else "it says"
        remedy = "export it again in UTF-8"
        if shapefile:
            remedy = f"write the true encoding into {named.name} (often ISO-8859-1), or export it again in UTF-8"
        return fault(str(path), f"its texts are not in the encoding that {said}", "texts in the encoding named", remedy)
    lines = str(error).splitlines() or [type(error).__name__]
    return fault(
        str(path), f"the file cannot be read: {lines[0][:200]}", "a polygon file", "check the path and the format"
    )


# --- the shapes ---------------------------------------------------------------------------------------------------------------


def _shape_faults(path: Path, frame: gpd.GeoDataFrame) -> Iterator[Fault]:
    from shapely import is_valid_reason  # noqa: PLC0415 - heavy, and needed here only

    for number, shape in enumerate(frame.geometry, start=1):
        where = f"{path}: feature {number}"
        if shape is None or shape.geom_type not in _POLYGONS:
            kind = "nothing" if shape is None else shape.geom_type
            yield Fault(where, f"the shape is {kind}", "Polygon or MultiPolygon", "remove it, or draw its area")
        elif not shape.is_valid or shape.is_empty:
            what = f"the polygon is broken: {is_valid_reason(shape) if not shape.is_empty else 'it is empty'}"
            yield Fault(where, what, "a simple polygon", "untangle it at that point")


def _range_faults(path: Path, frame: gpd.GeoDataFrame) -> Iterator[Fault]:
    low_x, low_y, high_x, high_y = frame.total_bounds
    if not frame.crs.is_geographic or (low_x >= -180 and high_x <= 180 and low_y >= -90 and high_y <= 90):
        return
    what = f"the coordinates reach ({high_x:g}, {high_y:g}) but the file says {frame.crs.to_string()}"
    yield Fault(str(path), what, "coordinates that fit the CRS", "name the CRS that the coordinates are in")


def _place_faults(path: Path, frame: gpd.GeoDataFrame) -> list[Fault]:
    """Return what keeps shapes on the globe from being the districts of one city."""
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    low_x, _, high_x, _ = frame.total_bounds
    if high_x - low_x > HALF_ROUND:
        what = f"the districts reach from {low_x:.2f} to {high_x:.2f} degrees east"
        remedy = "leave out what lies beyond the line of date, or far-off islands"
        return [Fault(str(path), what, "the districts of one city, on one side of the line of date", remedy)]
    gone = shapely.is_empty(shapely.set_precision(frame.geometry.to_numpy(), DEGREE_GRID))
    faults = [
        Fault(f"{path}: feature {number + 1}", "is thinner than a tenth of a metre", "an area", "remove it")
        for number in gone.nonzero()[0]
    ]
    for number, area in enumerate(areas_km2(frame), start=1):
        if area > MOST_DISTRICT_KM2:
            what = f"covers {area:,.0f} km²: that is no district, or its coordinates are in another unit"
            allowed = f"at most {MOST_DISTRICT_KM2:,.0f} km² a district"
            faults.append(Fault(f"{path}: feature {number}", what, allowed, "check the coordinate reference system"))
    return faults or _far_apart(path, frame)


def _far_apart(path: Path, frame: gpd.GeoDataFrame) -> list[Fault]:
    low_x, low_y, high_x, high_y = frame.total_bounds
    across = (high_x - low_x) * math.cos(math.radians((low_y + high_y) / 2))
    span = KM_PER_DEGREE * max(across, high_y - low_y)
    if span <= MOST_SPAN_KM:
        return []
    what = f"the districts lie up to {span:,.0f} km apart"
    return [Fault(str(path), what, f"a city within {MOST_SPAN_KM:g} km", "leave out districts that are far off")]


def areas_km2(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the area of each shape in km², on the ellipsoid, wherever it lies."""
    import numpy as np  # noqa: PLC0415 - heavy, and needed here only
    from pyproj import Geod  # noqa: PLC0415 - heavy, and needed here only

    earth = Geod(ellps="WGS84")
    return np.array([abs(earth.geometry_area_perimeter(shape)[0]) / 1e6 for shape in frame.geometry])


def _overlap_faults(path: Path, frame: gpd.GeoDataFrame) -> list[Fault]:
    """Return pairs of districts that hold the same ground: their people would count twice."""
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    shapes = frame.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    faults = []
    for i, k in zip(one, other, strict=True):
        if i < k:
            common = shapely.intersection(shapes[i], shapes[k]).area
            share = common / min(shapes[i].area, shapes[k].area)
            if share > OVERLAP_SHARE:
                what = f"covers {share:.0%} of the smaller of itself and feature {k + 1}: who lives there would count twice"
                remedy = "cut one of the two, or keep only one level of districts"
                faults.append(Fault(f"{path}: feature {i + 1}", what, "districts side by side", remedy))
    return faults


# --- names --------------------------------------------------------------------------------------------------------------------


def names_of(path: Path, frame: gpd.GeoDataFrame, wanted: str | None = None) -> tuple[list[str], list[str]]:
    """Return each district's name, and what a person should be told about them.

    Parameters
    ----------
    wanted
        The column of the names; where nobody says, one of those that are called as such columns are.

    Raises
    ------
    InputError
        When there is no such column, and with every name that is none, stands twice, or hurts a table that it is written to.
    """
    column = column_of(frame, NAME_COLUMNS if wanted is None else (wanted.strip().lower(),))
    numbered = [f"District {number}" for number in range(1, len(frame) + 1)]
    if column is None and wanted is not None:
        columns = [str(column) for column in frame.columns if column != frame.geometry.name]
        remedy = near_misses(wanted, columns) or "name one of them"
        raise fault(str(path), f"there is no column {wanted!r} of names", ", ".join(columns), remedy)
    if column is None:
        told = f"no column {' or '.join(NAME_COLUMNS)}: the districts are called District 1 and so on"
        like = _like_names(path, frame)
        return numbered, [f"{told}; {' or '.join(like)} could be their names" if like else told]
    names = [_name(value) for value in frame[column]]
    if not any(names):
        return numbered, [f"the column {column} is empty: the districts are called District 1 and so on"]
    if faults := list(_name_faults(path, names)):
        raise InputError(shortened(faults, str(path)))
    return names, []


def column_of(frame: Any, words: Sequence[str]) -> Any:
    """Return the first column with one of these names, whatever its letters' case; None where there is none."""
    by_word = {str(column).strip().lower(): column for column in frame.columns}
    return next((by_word[word] for word in words if word in by_word), None)


def _like_names(path: Path, frame: gpd.GeoDataFrame) -> list[str]:
    """Return the columns that could hold names: a text without digits in every row, each once."""
    found = []
    for column in frame.columns:
        values = [] if column == frame.geometry.name else list(frame[column])
        names = [_name(value) for value in values if isinstance(value, str)]
        if len(names) == len(frame) and not any(re.search(r"\d", name) for name in names):
            found += [str(column)] if not list(_name_faults(path, names)) else []
    return found


def _name(value: Any) -> str:
    """Return a cell as a name; empty where it stands for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = unicodedata.normalize("NFC", str(value)).strip()
    return "" if text.lower() in {"nan", "none", "null", "<na>"} else text


def _name_faults(path: Path, names: Sequence[str]) -> Iterator[Fault]:
    count = Counter(name.casefold() for name in names if name)
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        where = f"{path}: feature {number}"
        if not name:
            yield Fault(where, "has no name", "a name for every district, or for none", "write its name")
        elif any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in name):
            what = f"its name holds a line break, a tab or a control character: {name[:40]!r}"
            yield Fault(where, what, "a name on one line", "take the character out")
        elif len(name) > LONGEST_NAME:
            what = f"its name has {len(name)} characters: {name[:30]}…"
            yield Fault(where, what, f"at most {LONGEST_NAME}", "write a shorter name")
        elif name.startswith(_SPREADSHEET):
            what = f"its name begins like a formula, which spreadsheets would run: {name[:40]}"
            yield Fault(where, what, "a name that begins with a letter or digit", "take the sign out")
        elif mend := _misread(name):
            remedy = f"name the true encoding and export again; it should read {mend}"
            yield Fault(where, f"its name {name!r} was read in the wrong encoding", "a name as people write it", remedy)
        elif count[name.casefold()] > 1 and first.setdefault(name.casefold(), number) != number:
            what = f"is called {name!r} like feature {first[name.casefold()]}"
            remedy = (
                "dissolve parts of one district into one feature (its people counted once), or give it its own name"
            )
            yield Fault(where, what, "each name once", remedy)


def _misread(name: str) -> str:
    """Return a name as it was meant, where UTF-8 was read as Latin-1.

    >>> _misread("ZÃ¼rich"), _misread("Zürich")
    ('Zürich', '')
    """
    try:
        meant = name.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""
    return meant if meant != name else ""
