"""A city begun with its observed trips in one step: its folder as ``fleetplan cities new`` writes it, its demand of a table."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fleetplan.catalogue import default_catalogue_path, load_catalogue
from fleetplan.catalogue.new_asked import NOWHERE, UNSAID, Districts, Where
from fleetplan.catalogue.newcity import Begun, begin_city
from fleetplan.errors import Fault, InputError
from fleetplan.trips.build import Asked, Found, build
from fleetplan.trips.types import Coverage
from fleetplan.trips.write import write


@dataclass(frozen=True, slots=True)
class Counted:
    """Tables of trips to begin a city with; ``whole``: they hold every trip of it."""

    asked: Asked
    whole: bool = False


def begin_counted(
    name: str,
    districts: Path,
    population: Path | None,
    counted: Counted,
    *,
    said: Districts = UNSAID,
    where: Where = NOWHERE,
    out: Path | None = None,
) -> tuple[Begun, Coverage]:
    """Begin a city, and make its demand of tables of trips; return what was written and what the tables cover.

    It is tried in a copy of the catalogue first: where polygons or tables cannot be used, the catalogue stays as it was.

    Raises
    ------
    InputError
        As :func:`~fleetplan.catalogue.newcity.begin_city` and :func:`~fleetplan.trips.build.build` do, and where no country is
        named (times of trips are read by its clock) or no source.
    """
    faults = _missing(counted, where)
    if faults:
        raise InputError(faults)
    catalogue = out or default_catalogue_path()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "cities"
        shutil.copytree(catalogue, copy)
        tried = begin_city(name, districts, population, said=said, where=where, out=copy)
        found = _found(copy, tried.folder.name, counted)
    begun = begin_city(name, districts, population, said=said, where=where, out=catalogue)
    write(found, begun.folder, whole=counted.whole)
    return begun, found.coverage


def _found(catalogue: Path, slug: str, counted: Counted) -> Found:
    known = load_catalogue(catalogue)
    return build(known, known.cities[slug], counted.asked)


def _missing(counted: Counted, where: Where) -> list[Fault]:
    faults = []
    if where.country is None and where.like is None:
        what = "no country is named, and by its clock times of trips are read"
        faults.append(Fault("--trips", what, "two letters: CH", "name the country (--country)"))
    if not counted.asked.source.strip():
        what = "nobody is named who published the trips"
        faults.append(Fault("--trips", what, "publisher, time and address", "say who published them (--trips-source)"))
    return faults
