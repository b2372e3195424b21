"""Start a city from a polygon file and, where there is one, an H3 population table: its folder and its deployments."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue import schema
from fleetplan.catalogue.field_people import check_people, numbers_of, people_in, people_of, read_cells
from fleetplan.catalogue.field_polygons import DEGREE_GRID, areas_km2, column_of, fault, names_of, read_polygons
from fleetplan.catalogue.load import default_catalogue_path
from fleetplan.catalogue.new_deployments import with_new_rows
from fleetplan.catalogue.places import nearest_zone

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

_TEMPLATE: Final = Path(__file__).with_name("new_city.toml")
_JOBS_PER_RESIDENT: Final = 0.45
_TRIPS_PER_RESIDENT: Final = 0.04
_WIDEST_HULL: Final = 4.0
_EMPTY_TABLES: Final[dict[str, Sequence[str]]] = {
    "hot_spots.csv": schema.HOT_SPOTS,
    "gateways.csv": schema.GATEWAYS,
    "crossings.csv": schema.CROSSINGS,
    "depots.csv": schema.DEPOTS,
}


@dataclass(frozen=True, slots=True)
class _Source:
    """The districts of a new city in lon-lat with what stands in their table, and the files they came from."""

    frame: gpd.GeoDataFrame
    names: Sequence[str]
    people: Sequence[float]
    jobs: Sequence[float] | None
    origin: str
    year: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A city's new folder, and what a person should know about the files that it was made of, a sentence each."""

    folder: Path
    notes: tuple[str, ...]


def new_city(
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    out: Path | None = None,
    population_year: int = 2025,
) -> Path:
    """Write a folder for a city and a row for each stack in deployments.csv; return the folder: see :func:`begin_city`."""
    return begin_city(name, districts_file, population_file, out=out, population_year=population_year).folder


def begin_city(
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    layer: str | None = None,
    out: Path | None = None,
    population_year: int = 2025,
) -> Begun:
    """Write a folder for a city and a row for each stack in deployments.csv; return it with what should be known.

    ``fleetplan cities check`` then lists what a person has to fill in.

    Parameters
    ----------
    districts_file
        Polygons in any format that GeoPandas reads, with a coordinate reference system. Columns ``district`` (or
        ``name``), ``population`` and ``jobs`` are taken where they stand.
    population_file
        CSV or Parquet with the columns ``h3`` and ``population``; a cell counts where its centre lies.
    layer
        The layer of districts, where the file has several.
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
        raise fault(repr(name), what, "the name of a city that the catalogue does not have", "choose another name")
    source, notes = _source(Path(districts_file), population_file and Path(population_file), layer, population_year)
    texts = {folder / file: text for file, text in _texts(name, slug, source).items()}
    deployments = with_new_rows(catalogue, slug)
    try:
        _write(folder, texts)
        (catalogue / "deployments.csv").write_text(deployments, encoding="utf-8", newline="")
    except OSError as error:
        what = f"the city's folder cannot be written: {error.strerror}"
        raise fault(
            str(catalogue), what, "a catalogue that may be written to", "mend that, or copy the catalogue"
        ) from error
    return Begun(folder, tuple(notes))


def _write(folder: Path, texts: Mapping[Path, str]) -> None:
    """Write a folder aside and rename it: it is there whole, or not at all."""
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        for path, text in texts.items():
            (aside / path.name).write_text(text, encoding="utf-8", newline="")
        aside.rename(folder)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _source(path: Path, table: Path | None, layer: str | None, year: int) -> tuple[_Source, list[str]]:
    frame = read_polygons(path, layer)
    names, notes = names_of(path, frame)
    origin = path.name
    if table is None:
        people: Sequence[float] = people_of(path, frame, names)
    else:
        if column_of(frame, ("population",)) is not None:
            notes.append(f"the people are those of {table.name}; the population column of {path.name} is left aside")
        found, told = people_in(table, frame, read_cells(table))
        people, origin = [float(number) for number in found], f"{origin}; {table.name}"
        notes += told
    notes += check_people(origin, frame, people, names)
    column = column_of(frame, ("jobs",))
    jobs = None if column is None else numbers_of(path, frame[column].tolist(), names, "jobs")
    return _Source(frame, names, people, jobs, origin, year), [*notes, _whereabouts(frame)]


def _whereabouts(frame: gpd.GeoDataFrame) -> str:
    """Return where the districts lie, so that a person sees when latitude and longitude were swapped."""
    west, south, east, north = frame.total_bounds
    lat, lon = (south + north) / 2, (west + east) / 2
    near = nearest_zone(lat, lon)
    place = f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
    told = f"the districts lie at {place}, nearest to the time zone {near.name} ({near.country})"
    return f"{told}; if the city is elsewhere, latitude and longitude are swapped"


def _texts(name: str, slug: str, source: _Source) -> dict[str, str]:
    return {
        "city.toml": _city_toml(name, slug, sum(source.people)),
        "districts.csv": _csv(schema.DISTRICTS, _district_rows(source)),
        "outlines.geojson": _outlines(name, source),
        "land.geojson": _land(name, source),
        **{file: _csv(columns, ()) for file, columns in _EMPTY_TABLES.items()},
    }


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _district_rows(source: _Source) -> list[list[Any]]:
    jobs_note = "" if source.jobs else f"; jobs: template default, {_JOBS_PER_RESIDENT} a resident, replace"
    jobs_of = source.jobs or [people * _JOBS_PER_RESIDENT for people in source.people]
    areas = areas_km2(source.frame)
    rows = []
    for label, shape, people, jobs, area in zip(
        source.names, source.frame.geometry, source.people, jobs_of, areas, strict=True
    ):
        middle = shape.representative_point()
        place = (round(middle.y, 5), round(middle.x, 5))
        text = f"{source.origin}{jobs_note}"
        rows.append([label, round(people, 1), source.year, round(area, 4), *place, round(jobs, 1), text, "assumed"])
    return rows


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
    """Return the dissolved outline; one hull round it where the city has several parts that lie near each other."""
    area = _dissolved(source.frame)
    properties = {"kind": "outline", "name": name, "source": source.origin, "confidence": "assumed"}
    if area.geom_type == "Polygon":
        return _collection(area, properties, "")
    if (times := area.convex_hull.area / area.area) > _WIDEST_HULL:
        what = f"the hull round the city's parts covers {times:.1f} times their area: most of it is sea or other towns"
        remedy = "leave out parts that lie far off, or make a city of each"
        raise fault(source.origin, what, f"at most {_WIDEST_HULL:g} times", remedy)
    note = "convex hull of a city of several parts; land.geojson keeps the parts"
    return _collection(area.convex_hull, {**properties, "note": note}, "")


def _dissolved(frame: gpd.GeoDataFrame) -> BaseGeometry:
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    snapped = shapely.set_precision(frame.geometry.to_numpy(), DEGREE_GRID)
    return shapely.union_all(snapped, grid_size=DEGREE_GRID)


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
