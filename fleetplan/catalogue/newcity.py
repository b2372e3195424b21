"""Start a city from a polygon file and what is known of its people: its folder, its law and its deployments."""

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
from fleetplan.catalogue.countries import (
    Country,
    code_of,
    country_at,
    country_names,
    in_european_union,
)
from fleetplan.catalogue.field_polygons import areas_km2, fault
from fleetplan.catalogue.load import default_catalogue_path
from fleetplan.catalogue.new_asked import NAME, NOWHERE, UNSAID, Districts, Where, asked_faults, sister_of
from fleetplan.catalogue.new_deployments import DEFAULT_MARK, with_new_rows
from fleetplan.catalogue.new_ground import Ground, city_outlines, drawn_districts, ground_of, known_land
from fleetplan.catalogue.new_law import NewLaw, Sister, law_from_sister, law_from_template
from fleetplan.catalogue.new_people import Source, read_source
from fleetplan.catalogue.new_places import proposed_depots, proposed_hot_spots
from fleetplan.catalogue.places import Zone, km_between, nearest_zones, zones
from fleetplan.catalogue.sisters import nearest_sister, sisters
from fleetplan.errors import InputError
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
_UNION: Final = "european-union"
_SNOW: Final = "that it has no snow is a default: write snow = true in city.toml where winters bring it"


@dataclass(frozen=True, slots=True)
class Begun:
    """A city's new folder, the file of its own law where it has one, and what should be known of it, a sentence each."""

    folder: Path
    notes: tuple[str, ...]
    law: Path | None = None


def new_city(
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    out: Path | None = None,
    said: Districts = UNSAID,
    where: Where = NOWHERE,
) -> Path:
    """Write a folder for a city and a row for each stack in deployments.csv; return the folder: see :func:`begin_city`."""
    return begin_city(name, districts_file, population_file, said=said, out=out, where=where).folder


def begin_city(  # each says one thing of the city, all but the files by keyword
    name: str,
    districts_file: Path,
    population_file: Path | None = None,
    *,
    said: Districts = UNSAID,
    out: Path | None = None,
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
        CSV or Parquet with the columns ``h3`` and ``population``, where a cell counts where its centre lies, or ``district``
        and ``population``, with a row for each district by its name.
    said
        Layer and names of the districts, and people where no file has them.
    out
        The catalogue to add the city to, by default that of ``default_catalogue_path``.
    where
        From its country follow money, time zone and side of the road, from its sister the law.

    Raises
    ------
    InputError
        When a file cannot be used as it stands, the city is already there, or no country or city is called so; with every
        fault of them at once.
    """
    slug = slug_of(name)
    catalogue = out or default_catalogue_path()
    folder, own_law = catalogue / slug, catalogue / "jurisdictions" / f"{slug}.toml"
    known = sisters(catalogue)
    faults = asked_faults(name, slug, catalogue, known, said, population_file, where)
    try:
        source, notes = read_source(Path(districts_file), population_file and Path(population_file), said)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from error
    if faults:
        raise InputError(faults)
    placed = _placed(catalogue, known, slug, name, source, where)
    if placed.law.text and own_law.exists():
        what = f"{own_law} is already there, and the city's own law would be written to it"
        raise fault(NAME, what, "a name that no law has", "choose another name, or move the file away")
    ground = ground_of(source.frame)
    texts = {folder / file: text for file, text in _texts(name, slug, source, ground, placed).items()}
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
    notes += [*ground.notes, _SNOW, _whereabouts(source.frame, placed.country), *placed.law.notes]
    return Begun(folder, tuple(notes), own_law if placed.law.text else None)


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


def _placed(catalogue: Path, known: list[Sister], slug: str, name: str, source: Source, where: Where) -> _Placed:
    """Return what follows from where a city lies; nothing of it where nobody says."""
    lat, lon = _middle(source.frame)
    like = sister_of(known, where)
    code = code_of(where.country) if where.country else like.country if like else ""
    if not code:
        if where.like or where.laws:
            option, given = ("--like", where.like) if where.like else ("--law", ", ".join(where.laws))
            what = f"{given}: no country is named beside it"
            raise fault(option, what, "two letters: CH", "name the country")
        return _Placed(None, NewLaw((), "", ()))
    if where.like is None:
        like = nearest_sister(known, code, lat, lon)
    if like is None:
        law = law_from_template(catalogue, slug, name, where.laws)
    else:
        others = [s for s in known if s.country == like.country and (s == like or not s.begun)]
        law = law_from_sister(catalogue, slug, name, like, others, where.laws)
    told = (*law.notes, *_union(catalogue, code, name, (*law.laws, *where.laws)))
    return _Placed(country_at(code, lat, lon), NewLaw(law.laws, law.text, told))


def _union(catalogue: Path, code: str, name: str, laws: Sequence[str]) -> list[str]:
    """Return what is said of a law of the European Union that a city in it is begun without."""
    if not in_european_union(code) or _UNION in laws or not (catalogue / "jurisdictions" / f"{_UNION}.toml").exists():
        return []
    about = f"{country_names()[code]} is in the European Union, whose law the catalogue has ({_UNION})"
    return [f"{about}; {name} is begun without it: whom it lets in and what it asks of them is to be judged"]


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    west, south, east, north = frame.total_bounds
    return float(south + north) / 2, float(west + east) / 2


def _whereabouts(frame: gpd.GeoDataFrame, country: Country | None) -> str:
    """Return where the districts lie, so that a person sees when latitude and longitude were swapped."""
    lat, lon = _middle(frame)
    place = f"{abs(lat):.2f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.2f}° {'E' if lon >= 0 else 'W'}"
    own = [zones()[country.time_zone]] if country is not None else []
    nearest = list[Zone](dict.fromkeys([*own, *nearest_zones(lat, lon)]))[:3]
    near = [f"{km_between(z.lat, z.lon, lat, lon):,.0f} km from {z.place} ({z.country})" for z in nearest]
    told = f"the districts lie at {place}, {', '.join(near[:-1])} and {near[-1]}"
    return f"{told}; if the city is elsewhere, latitude and longitude are swapped"


def _texts(name: str, slug: str, source: Source, ground: Ground, placed: _Placed) -> dict[str, str]:
    frame, names, areas = source.frame, source.names, areas_km2(source.frame)
    drawn_by = [p + j for p, j in zip(source.people, source.jobs or [0.0] * len(names), strict=True)]
    return {
        "city.toml": _city_toml(name, slug, (sum(source.people), float(sum(areas))), placed),
        "districts.csv": _csv(schema.DISTRICTS, _district_rows(source)),
        "districts.geojson": drawn_districts(frame, names, source.origin),
        "outlines.geojson": city_outlines(name, ground.area, source.origin),
        "land.geojson": known_land(name, ground.area, source.origin),
        "depots.csv": _csv(schema.DEPOTS, proposed_depots(frame, names, source.people)),
        "hot_spots.csv": _csv(schema.HOT_SPOTS, proposed_hot_spots(frame, names, drawn_by, areas.tolist())),
        **{file: _csv(columns, ()) for file, columns in _EMPTY_TABLES.items()},
    }


def _district_rows(source: Source) -> list[list[Any]]:
    jobs_note = "" if source.jobs else f"jobs: {DEFAULT_MARK}, {_JOBS_PER_RESIDENT} a resident, replace"
    text = "; ".join(filter(None, (source.origin, source.said, jobs_note)))
    jobs_of = source.jobs or [people * _JOBS_PER_RESIDENT for people in source.people]
    areas = areas_km2(source.frame)
    rows = []
    for label, shape, people, jobs, area in zip(
        source.names, source.frame.geometry, source.people, jobs_of, areas, strict=True
    ):
        middle = shape.representative_point()
        place = (round(middle.y, 5), round(middle.x, 5))
        year = "" if source.year is None else source.year
        rows.append([label, _plain(people), year, round(area, 4), *place, _plain(jobs), text, "assumed"])
    return rows


def _plain(number: float) -> float:
    """Return a count of people as a table should show it: 12000, not 12000.0."""
    rounded = round(number, 1)
    return int(rounded) if rounded.is_integer() else rounded


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
