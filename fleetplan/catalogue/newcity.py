"""Start a city from a polygon file and, where there is one, an H3 population table: its folder and its deployments."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue import schema
from fleetplan.catalogue.load import default_catalogue_path
from fleetplan.catalogue.new_deployments import with_new_rows
from fleetplan.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_TEMPLATE: Final = Path(__file__).with_name("new_city.toml")
_JOBS_PER_RESIDENT: Final = 0.45
_TRIPS_PER_RESIDENT: Final = 0.04
_DEGREE_GRID: Final = 1e-6
_NAME_COLUMNS: Final = ("district", "name", "label")
_EMPTY_TABLES: Final[dict[str, Sequence[str]]] = {
    "hot_spots.csv": schema.HOT_SPOTS,
    "gateways.csv": schema.GATEWAYS,
    "crossings.csv": schema.CROSSINGS,
    "depots.csv": schema.DEPOTS,
}


@dataclass(frozen=True, slots=True)
class _Source:
    """The districts of a new city in lon-lat, with population and jobs, and the files they came from."""

    frame: gpd.GeoDataFrame
    origin: str
    year: int


def new_city(
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    out: Path | None = None,
    population_year: int = 2025,
) -> Path:
    """Write a folder for a city and a row for each stack in deployments.csv; return the folder.

    ``fleetplan cities check`` then lists what a person has to fill in.

    Parameters
    ----------
    districts_file
        Polygons in any format that GeoPandas reads, with a coordinate reference system. Columns ``district`` (or
        ``name``), ``population`` and ``jobs`` are taken where they stand.
    population_file
        CSV or Parquet with the columns ``h3`` and ``population``; a cell counts where its centre lies.
    out
        The catalogue to add the city to, by default that of ``default_catalogue_path``.

    Raises
    ------
    InputError
        When a file cannot be used as it stands, or the city is already there.
    """
    slug = _slug(name)
    catalogue = out or default_catalogue_path()
    folder = catalogue / slug
    if not slug or folder.exists():
        what = f"{folder} is already there" if slug else f"{name!r} holds no letter"
        raise _error(repr(name), what, "the name of a city that the catalogue does not have", "choose another name")
    frame = _read_districts(Path(districts_file))
    origin = Path(districts_file).name
    if population_file is not None:
        frame["population"] = _people_in(frame, _read_population(Path(population_file)))
        origin = f"{origin}; {Path(population_file).name}"
    source = _Source(_with_jobs(_with_people(frame, origin), origin), origin, population_year)
    texts = {folder / file: text for file, text in _texts(name, slug, source).items()}
    texts[catalogue / "deployments.csv"] = with_new_rows(catalogue, slug)
    folder.mkdir(parents=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="")
    return folder


def _texts(name: str, slug: str, source: _Source) -> dict[str, str]:
    return {
        "city.toml": _city_toml(name, slug, float(source.frame["population"].sum())),
        "districts.csv": _csv(schema.DISTRICTS, _district_rows(source)),
        "outlines.geojson": _outlines(name, source),
        "land.geojson": _land(name, source),
        **{file: _csv(columns, ()) for file, columns in _EMPTY_TABLES.items()},
    }


def _error(where: str, what: str, allowed: str, remedy: str) -> InputError:
    return InputError([Fault(where, what, allowed, remedy)])


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _read_districts(path: Path) -> gpd.GeoDataFrame:
    """Return sound polygons in lon-lat."""
    import geopandas as gpd  # noqa: PLC0415 - heavy, and needed here only

    try:
        frame = gpd.read_file(path)
    except Exception as error:  # GDAL's drivers raise what they please
        raise _error(str(path), f"the file cannot be read: {error}", "a polygon file", "check the path") from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise _error(str(path), "the file holds no shapes", "one polygon a district", "export the districts again")
    if frame.crs is None:
        remedy = "export it again with its projection (for a Shapefile, with the .prj file)"
        raise _error(str(path), "the file names no coordinate reference system", "any known CRS", remedy)
    faults = _shape_faults(path, frame)
    if faults:
        raise InputError(faults)
    return frame.to_crs(4326)


def _shape_faults(path: Path, frame: gpd.GeoDataFrame) -> list[Fault]:
    from shapely import is_valid_reason  # noqa: PLC0415 - heavy, and needed here only

    faults = []
    for number, shape in enumerate(frame.geometry, start=1):
        where = f"{path}: feature {number}"
        if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
            kind = "nothing" if shape is None else shape.geom_type
            faults.append(
                Fault(where, f"the shape is {kind}", "Polygon or MultiPolygon", "remove it, or draw its area")
            )
        elif not shape.is_valid or shape.is_empty:
            reason = is_valid_reason(shape)
            faults.append(
                Fault(where, f"the polygon is broken: {reason}", "a simple polygon", "untangle it at that point")
            )
    low_x, low_y, high_x, high_y = frame.total_bounds
    if (
        frame.crs is not None
        and frame.crs.is_geographic
        and not (low_x >= -180 and high_x <= 180 and abs(low_y) <= 90 >= high_y)
    ):
        what = f"the coordinates reach ({high_x:g}, {high_y:g}) but the file says {frame.crs.to_string()}"
        faults.append(
            Fault(str(path), what, "coordinates that fit the CRS", "name the CRS that the coordinates are in")
        )
    return faults


def _read_population(path: Path) -> pd.DataFrame:
    """Return a table of H3 cells with people, each cell once."""
    import h3  # noqa: PLC0415 - heavy, and needed here only
    import pandas as pd  # noqa: PLC0415 - heavy, and needed here only

    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"h3": str})
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise _error(str(path), f"the file cannot be read: {error}", "CSV or Parquet", "check the path") from error
    missing = [column for column in ("h3", "population") if column not in table.columns]
    if missing:
        raise _error(str(path), f"the columns {missing} are missing", "h3, population", "rename the columns")
    people = pd.to_numeric(table["population"], errors="coerce")
    faults = [
        (~table["h3"].astype(str).map(h3.is_valid_cell), "the h3 cell {!r} is not valid", "H3 indexes as text"),
        (table["h3"].duplicated(), "the h3 cell {!r} stands twice", "each cell once"),
        (~(people >= 0) | (people > 1e8), "the population of {!r} is not a number of people", "a number from 0"),
    ]
    found = [
        Fault(f"{path}: row {int(row) + 2}", what.format(table["h3"].iloc[int(row)]), allowed, "mend or remove the row")
        for bad, what, allowed in faults
        for row in bad.to_numpy().nonzero()[0]
    ]
    if found:
        raise InputError(found)
    return pd.DataFrame({"h3": table["h3"].astype(str), "population": people.astype(float)})


def _people_in(frame: gpd.GeoDataFrame, table: pd.DataFrame) -> NDArray[Any]:
    """Return the people of each district: those of the cells whose centre it holds, each cell once."""
    import h3  # noqa: PLC0415 - heavy, and needed here only
    import numpy as np  # noqa: PLC0415 - heavy, and needed here only
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    middles = np.array([h3.cell_to_latlng(cell) for cell in table["h3"]], dtype=float).reshape(-1, 2)
    tree = shapely.STRtree(frame.geometry.to_numpy())
    cells, owners = tree.query(shapely.points(middles[:, 1], middles[:, 0]), predicate="within")
    order = np.lexsort((owners, cells))
    cells, owners = cells[order], owners[order]
    cells, first = np.unique(cells, return_index=True)
    return np.bincount(owners[first], weights=table["population"].to_numpy()[cells], minlength=len(frame))


def _with_people(frame: gpd.GeoDataFrame, origin: str) -> gpd.GeoDataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy, and needed here only

    if "population" not in frame.columns:
        remedy = "give an H3 population table, or add the column"
        raise _error(origin, "there is no population", "a population column or an H3 population table", remedy)
    people = pd.to_numeric(frame["population"], errors="coerce")
    if not (people >= 0).all() or not 0 < people.sum() < 1e9:
        what = f"the populations {frame['population'].tolist()[:5]}... are not people"
        raise _error(
            origin, what, "a number from 0 for each district, not all 0", "check that both files lie in one place"
        )
    return frame.assign(population=people.astype(float))


def _with_jobs(frame: gpd.GeoDataFrame, origin: str) -> gpd.GeoDataFrame:
    """Return the frame with jobs; ``jobs_given`` says whether they are the file's own."""
    import pandas as pd  # noqa: PLC0415 - heavy, and needed here only

    given = "jobs" in frame.columns
    jobs = pd.to_numeric(frame["jobs"], errors="coerce") if given else frame["population"] * _JOBS_PER_RESIDENT
    if not (jobs >= 0).all():
        raise _error(origin, "the jobs column holds what is no number", "a number from 0 for each district", "mend it")
    return frame.assign(jobs=jobs, jobs_given=given)


def _district_rows(source: _Source) -> list[list[Any]]:
    frame = source.frame
    areas = frame.to_crs(frame.estimate_utm_crs()).area / 1e6
    jobs_note = (
        "" if frame["jobs_given"].all() else f"; jobs: template default, {_JOBS_PER_RESIDENT} a resident, replace"
    )
    rows = []
    for label, shape, people, jobs, area in zip(
        _labels(frame), frame.geometry, frame["population"], frame["jobs"], areas, strict=True
    ):
        middle = shape.representative_point()
        place = (round(middle.y, 5), round(middle.x, 5))
        text = f"{source.origin}{jobs_note}"
        rows.append([label, round(people, 1), source.year, round(area, 4), *place, round(jobs, 1), "", text, "assumed"])
    return rows


def _labels(frame: gpd.GeoDataFrame) -> list[str]:
    """Return the districts' names; numbers where the file has none, or not each its own."""
    by_word = {str(column).lower(): column for column in frame.columns}
    for word in _NAME_COLUMNS:
        if word in by_word:
            names = [str(name).strip() for name in frame[by_word[word]]]
            if all(names) and len(set(names)) == len(names):
                return names
    return [f"District {number}" for number in range(1, len(frame) + 1)]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _land(name: str, source: _Source) -> str:
    note = "the districts' own area stands in for land: cut sea, rivers and lakes out"
    properties = {
        "kind": "land",
        "name": f"{name} land",
        "note": note,
        "source": source.origin,
        "confidence": "assumed",
    }
    return _collection(_dissolved(source.frame), properties, f"shapes: {source.origin}")


def _outlines(name: str, source: _Source) -> str:
    """Return the dissolved outline; one hull round it where the city has several parts."""
    area = _dissolved(source.frame)
    properties = {"kind": "outline", "name": name, "source": source.origin, "confidence": "assumed"}
    if area.geom_type == "Polygon":
        return _collection(area, properties, "")
    note = "convex hull of a city of several parts; land.geojson keeps the parts"
    return _collection(area.convex_hull, {**properties, "note": note}, "")


def _dissolved(frame: gpd.GeoDataFrame) -> BaseGeometry:
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    snapped = shapely.set_precision(frame.geometry.to_numpy(), _DEGREE_GRID)
    return shapely.union_all(snapped, grid_size=_DEGREE_GRID)


def _collection(area: BaseGeometry, properties: dict[str, str], attribution: str) -> str:
    from shapely.geometry import mapping  # noqa: PLC0415 - heavy, and needed here only

    feature = {"type": "Feature", "properties": properties, "geometry": mapping(area)}
    head = {"type": "FeatureCollection", **({"attribution": attribution} if attribution else {})}
    return json.dumps({**head, "features": [feature]}, ensure_ascii=False) + "\n"


def _city_toml(name: str, slug: str, people: float) -> str:
    fills = {
        "@title@": " ".join(name.split()),
        "@slug@": json.dumps(slug),
        "@name@": json.dumps(" ".join(name.split()), ensure_ascii=False),
        "@trips@": str(max(1, round(people * _TRIPS_PER_RESIDENT))),
    }
    pattern = re.compile("|".join(map(re.escape, fills)))
    return pattern.sub(lambda match: fills[match.group()], _TEMPLATE.read_text(encoding="utf-8"))
