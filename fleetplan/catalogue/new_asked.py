"""What a person says of a city to begin, beside its files, and what of it cannot be meant: everything at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleetplan.catalogue.countries import code_of, no_country
from fleetplan.catalogue.new_law import Sister, unknown_laws
from fleetplan.catalogue.sisters import sister_named
from fleetplan.errors import Fault, InputError

NAME, PEOPLE = "NAME", "--people"
"""Where a fault of the name and one of the city's whole people are told."""


@dataclass(frozen=True, slots=True)
class Where:
    """In which country a new city lies, after which city of the catalogue its law is begun, and what holds there as it is.

    ``country`` is two letters; ``like`` a city's slug or name, or ``none`` for a template; ``laws`` are files of jurisdictions/.
    Where all are left out, a person fills in country, law, money, time zone and side of the road.
    """

    country: str | None = None
    like: str | None = None
    laws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Districts:
    """What is said of the districts' file and of the people in them.

    ``layer`` and ``names`` are the layer of the file and the column of the districts' names. ``people`` is the city's whole
    number, for where nothing says who lives in which district. ``year`` and ``source`` say of which year the people are, and
    who published them; ``publisher`` is who published the file.
    """

    layer: str | None = None
    names: str | None = None
    people: int | None = None
    year: int | None = None
    source: str = ""
    publisher: str = ""


NOWHERE: Final = Where()
UNSAID: Final = Districts()
_BARE: Final = "none"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def asked_faults(
    name: str, slug: str, catalogue: Path, known: list[Sister], said: Districts, table: Path | None, where: Where
) -> list[Fault]:
    """Return every fault of what is said of a city, its files apart; ``known`` are the cities of the catalogue."""
    return [*_taken(name, slug, catalogue), *_unknown(catalogue, known, where), *_odd(said, table)]


def sister_of(known: list[Sister], where: Where) -> Sister | None:
    """Return the city whose law is to be copied; nothing where none is named.

    Raises
    ------
    InputError
        When no city is called so.
    """
    return None if where.like is None or where.like == _BARE else sister_named(known, where.like)


def _taken(name: str, slug: str, catalogue: Path) -> list[Fault]:
    folder, law = catalogue / slug, catalogue / "jurisdictions" / f"{slug}.toml"
    if not slug:
        return [Fault(NAME, f"{name!r} holds no letter", "a name", "choose another name")]
    if not folder.exists():
        return []
    there = f"{folder}{f' and {law}' if law.exists() else ''}"
    remedy = f"choose another name; to begin it again, move {there} away first (its rows of deployments.csv may stay)"
    return [Fault(NAME, f"{folder} is already there", "the name of a city that the catalogue does not have", remedy)]


def _unknown(catalogue: Path, known: list[Sister], where: Where) -> list[Fault]:
    """Return a fault for each word that is no country, city or law."""
    faults = []
    if where.country and not code_of(where.country):
        faults.append(no_country("--country", where.country))
    try:
        sister_of(known, where)
    except InputError as error:
        faults += error.faults
    return [*faults, *unknown_laws(catalogue, where.laws)]


def _odd(said: Districts, table: Path | None) -> list[Fault]:
    """Return what cannot be meant of the people that are said beside the files."""
    faults = []
    if said.people is not None and table is not None:
        what = "the people are given twice, as one number and as a table"
        faults.append(Fault(PEOPLE, what, "one of both", "leave the number out"))
    if said.year is not None and not _FIRST_YEAR <= said.year <= _LAST_YEAR:
        what = f"{said.year} is no year that people are counted in"
        faults.append(Fault("--population-year", what, f"from {_FIRST_YEAR} to {_LAST_YEAR}", "check it"))
    return faults
