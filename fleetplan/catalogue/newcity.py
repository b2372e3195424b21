"""Start a city from a polygon file and, where there is one, an H3 population table: its folder and its deployments."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue import schema
from fleetplan.catalogue.countries import Country, country_at, country_codes
from fleetplan.catalogue.field_people import check_people, numbers_of, people_in, people_of, read_cells
from fleetplan.catalogue.field_polygons import areas_km2, column_of, fault, names_of, read_polygons
from fleetplan.catalogue.load import default_catalogue_path
from fleetplan.catalogue.new_deployments import with_new_rows
from fleetplan.catalogue.new_ground import city_outlines, drawn_districts, known_land
from fleetplan.catalogue.new_law import NewLaw, law_from_sister, law_from_template
from fleetplan.catalogue.new_places import proposed_depots, proposed_hot_spots
from fleetplan.catalogue.places import km_between, nearest_zones
from fleetplan.catalogue.sisters import nearest_sister, sister_named, sisters
from fleetplan.slugs import slug as slug_of

if TYPE_CHECKING:
    import geopandas as gpd

_TEMPLATE: Final = Path(__file__).with_name("new_city.toml")
_JOBS_PER_RESIDENT: Final = 0.45
_TRIPS_PER_RESIDENT: Final = 0.04
_LEAST_TRIP_KM: Final = 2.0
_MOST_TRIP_KM: Final = 6.5
_TRIP_KM_PER_ROOT_KM2: Final = 0.5
"""Trips are as long as a small city lets them be: two random points of a square are some 0.7 of its side apart by street."""
_EMPTY_TABLES: Final[dict[str, Sequence[str]]] = {
    "gateways.csv": schema.GATEWAYS,
    "crossings.csv": schema.CROSSINGS,
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
    """A city's new folder, the file of its own law where it has one, and what should be known of it, a sentence each."""

    folder: Path
    notes: tuple[str, ...]
    law: Path | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """In which country a new city lies, after which city of the catalogue its law is begun, and what holds there as it is.

    ``country`` is two letters; ``like`` a city's slug or name, or ``none`` for a template; ``laws`` are files of jurisdictions/.
    Where all are left out, a person fills in country, law, money, time zone and side of the road.
    """

    country: str | None = None
    like: str | None = None
    laws: tuple[str, ...] = ()


NOWHERE: Final = Where()
_BARE: Final = "none"


def new_city(
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    out: Path | None = None,
    population_year: int = 2025,
    where: Where = NOWHERE,
) -> Path:
    """Write a folder for a city and a row for each stack in deployments.csv; return the folder: see :func:`begin_city`."""
    found = begin_city(name, districts_file, population_file, out=out, population_year=population_year, where=where)
    return found.folder


def begin_city(  # each says one thing of the city, all but the files by keyword
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    layer: str | None = None,
    out: Path | None = None,
    population_year: int = 2025,
    where: Where = NOWHERE,
) -> Begun:
    """Write a folder for a city, its law, and a row for each stack in deployments.csv; return it with what should be known.

    ``fleetplan cities check`` then lists what a person has to fill in, and what is still a default.

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
    where
        From its country follow money, time zone and side of the road, from its sister the law.

    Raises
    ------
    InputError
        When a file cannot be used as it stands, the city is already there, or no country or city is called so.
    """
    slug = slug_of(name)
    catalogue = out or default_catalogue_path()
    folder, own_law = catalogue / slug, catalogue / "jurisdictions" / f"{slug}.toml"
    if not slug or folder.exists():
        what = f"{folder} is already there" if slug else f"{name!r} holds no letter"
        raise fault(repr(name), what, "the name of a city that the catalogue does not have", "choose another name")
    source, notes = _source(Path(districts_file), population_file and Path(population_file), layer, population_year)
    placed = _placed(catalogue, slug, name, source, where)
    if placed.law.text and own_law.exists():
        what = f"{own_law} is already there, and the city's own law would be written to it"
        raise fault(repr(name), what, "a name that no law has", "choose another name, or move the file away")
    texts = {folder / file: text for file, text in _texts(name, slug, source, placed).items()}
    deployments = with_new_rows(catalogue, slug)
    try:
        _write(folder, texts)
        if placed.law.text:
            own_law.write_text(placed.law.text, encoding="utf-8", newline="")
        (catalogue / "deployments.csv").write_text(deployments, encoding="utf-8", newline="")
    except OSError as error:
        what = f"the city's folder cannot be written: {error.strerror}"
        raise fault(
            str(catalogue), what, "a catalogue that may be written to", "mend that, or copy the catalogue"
        ) from error
    return Begun(folder, (*notes, *placed.law.notes), own_law if placed.law.text else None)


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


# --- where it lies ---


@dataclass(frozen=True, slots=True)
class _Placed:
    """A country as far as it is said, and the law."""

    country: Country | None
    law: NewLaw


def _placed(catalogue: Path, slug: str, name: str, source: _Source, where: Where) -> _Placed:
    """Return what follows from where a city lies; nothing of it where nobody says."""
    lat, lon = _middle(source.frame)
    known = sisters(catalogue)
    like = None if where.like is None or where.like == _BARE else sister_named(known, where.like)
    code = where.country.strip().upper() if where.country else like.country if like else ""
    if not code:
        if where.like or where.laws:
            given = where.like or ", ".join(where.laws)
            raise fault(given, "no country is named beside it", "two letters: CH", "name the country (--country)")
        return _Placed(None, NewLaw((), "", ()))
    country = country_at(code, lat, lon)
    if country is None:
        raise fault(code, "no country has these letters", ", ".join(country_codes()), "write them as ISO 3166: CH")
    if where.like is None:
        like = nearest_sister(known, code, lat, lon)
    if like is None:
        law = law_from_template(slug, name)
        return _Placed(country, NewLaw((*where.laws, *law.laws), law.text, law.notes))
    others = [sister for sister in known if sister.country == like.country]
    return _Placed(country, law_from_sister(catalogue, slug, name, like, others, where.laws))


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    west, south, east, north = frame.total_bounds
    return float(south + north) / 2, float(west + east) / 2


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
    lat, lon = _middle(frame)
    place = f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
    near = [
        f"{km_between(z.lat, z.lon, lat, lon):,.0f} km from {z.place} ({z.country})" for z in nearest_zones(lat, lon)
    ]
    told = f"the districts lie at {place}, {', '.join(near[:-1])} and {near[-1]}"
    return f"{told}; if the city is elsewhere, latitude and longitude are swapped"


def _texts(name: str, slug: str, source: _Source, placed: _Placed) -> dict[str, str]:
    frame, names, areas = source.frame, source.names, areas_km2(source.frame)
    drawn_by = [p + j for p, j in zip(source.people, source.jobs or [0.0] * len(names), strict=True)]
    return {
        "city.toml": _city_toml(name, slug, (sum(source.people), float(sum(areas))), placed),
        "districts.csv": _csv(schema.DISTRICTS, _district_rows(source)),
        "districts.geojson": drawn_districts(frame, names, source.origin),
        "outlines.geojson": city_outlines(name, frame, source.origin),
        "land.geojson": known_land(name, frame, source.origin),
        "depots.csv": _csv(schema.DEPOTS, proposed_depots(frame, names, source.people)),
        "hot_spots.csv": _csv(schema.HOT_SPOTS, proposed_hot_spots(frame, names, drawn_by, areas.tolist())),
        **{file: _csv(columns, ()) for file, columns in _EMPTY_TABLES.items()},
    }


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


def _city_toml(name: str, slug: str, size: tuple[float, float], placed: _Placed) -> str:
    """Return the text of ``city.toml`` for a city of so many people on so many km²."""
    people, area_km2 = size
    trip_km = min(max(_TRIP_KM_PER_ROOT_KM2 * area_km2**0.5, _LEAST_TRIP_KM), _MOST_TRIP_KM)
    fills = {
        "@title@": " ".join(name.split()),
        "@slug@": json.dumps(slug),
        "@name@": json.dumps(" ".join(name.split()), ensure_ascii=False),
        "@trips@": str(max(1, round(people * _TRIPS_PER_RESIDENT))),
        "@trip_km@": f"{trip_km:.1f}",
    }
    pattern = re.compile("|".join(map(re.escape, fills)))
    text = pattern.sub(lambda match: fills[match.group()], _TEMPLATE.read_text(encoding="utf-8"))
    if placed.country is None:
        return text
    said = {
        "country": placed.country.code,
        "currency": placed.country.currency,
        "time_zone": placed.country.time_zone,
        "drive_side": placed.country.drive_side,
    }
    for key, word in said.items():
        text = text.replace(f'{key} = ""', f"{key} = {json.dumps(word)}", 1)
    return text.replace("jurisdictions = []", f"jurisdictions = {json.dumps(list(placed.law.laws))}", 1)
