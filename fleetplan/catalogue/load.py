"""Read the whole catalogue, or some of its cities, and report every fault at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, TypeVar

from fleetplan.catalogue import schema
from fleetplan.catalogue.city_reader import check_unique, read_city
from fleetplan.catalogue.cross_checks import cross_check
from fleetplan.catalogue.figure_reader import read_economics, read_free_figures
from fleetplan.catalogue.files import Files
from fleetplan.catalogue.law_reader import read_jurisdiction
from fleetplan.catalogue.stack_reader import read_stack
from fleetplan.catalogue.tables import FaultLog, Row, provenance
from fleetplan.catalogue.types import (
    Catalogue,
    City,
    Deal,
    DeploymentFact,
    Figure,
    LiveMarket,
    Permitted,
    Published,
    SupplyLine,
)
from fleetplan.errors import CatalogueError

_VARIABLE: Final = "FLEETPLAN_CATALOGUE"
_SHARED: Final = frozenset({"jurisdictions", "partners"})
_PERMITTED: Final[tuple[Permitted, ...]] = ("yes", "conditional", "no")
_DEALS: Final[tuple[Deal, ...]] = ("announced", "talks", "none", "rival")
_Item = TypeVar("_Item")


def default_catalogue_path() -> Path:
    """Return ``FLEETPLAN_CATALOGUE``, else the catalogue inside the package, else the checkout's ``cities``."""
    if given := os.environ.get(_VARIABLE):
        return Path(given)
    package = Path(__file__).resolve().parent.parent
    packaged = package / "_cities"
    return packaged if packaged.is_dir() else package.parent / "cities"


def load_catalogue(path: Path | None = None, cities: Collection[str] | None = None) -> Catalogue:
    """Return the catalogue at a path, by default that of :func:`default_catalogue_path`.

    Parameters
    ----------
    cities
        Read these city folders only; deployments, permits and holds that concern others are then left unjudged.

    Raises
    ------
    CatalogueError
        With every fault found.
    """
    faults = FaultLog()
    files = Files(_folder(path, faults), faults)
    slugs = _city_slugs(files) if cities is None else sorted(cities)
    found = _kept(read_city(files, slug) for slug in slugs)
    read = {city.slug: city for city in found}
    laws = _jurisdiction_slugs(files, found, whole=cities is None)
    catalogue = Catalogue(
        cities=read,
        jurisdictions={law.slug: law for law in _kept(read_jurisdiction(files, slug) for slug in laws)},
        stacks={stack.slug: stack for stack in _kept(read_stack(files, slug) for slug in _stems(files, "partners"))},
        deployments=_deployments(files, None if cities is None else set(read)),
        economics=_economics(files),
        assumptions=_assumptions(files),
        supply_lines=_supply_lines(files),
        live_markets=_live_markets(files),
        record=_record(files),
        digest=files.digest(),
        city_digests={slug: files.digest(f"{slug}/") for slug in read},
    )
    cross_check(catalogue, files.root.name, whole=cities is None, faults=faults)
    return _sound(catalogue, faults)


def load_city(slug: str, path: Path | None = None) -> City:
    """Return one city folder by itself, its references to other files unjudged.

    Raises
    ------
    CatalogueError
        With every fault found in the folder.
    """
    faults = FaultLog()
    city = read_city(Files(_folder(path, faults), faults), slug)
    return _sound(city, faults)


def _sound(item: _Item | None, faults: FaultLog) -> _Item:
    if item is None or faults.found:
        raise CatalogueError(faults.found)
    return item


def _folder(path: Path | None, faults: FaultLog) -> Path:
    root = (path or default_catalogue_path()).resolve()
    if not root.is_dir():
        remedy = f"name the folder, or set {_VARIABLE}"
        faults.add(str(root), "the catalogue is not there", allowed="a folder of city folders", remedy=remedy)
        raise CatalogueError(faults.found)
    return root


def _kept(items: Iterable[_Item | None]) -> list[_Item]:
    return [item for item in items if item is not None]


def _city_slugs(files: Files) -> list[str]:
    folders = [entry.name for entry in files.root.iterdir() if entry.is_dir() and entry.name[0] not in "._"]
    slugs = sorted(name for name in folders if name not in _SHARED)
    if not slugs:
        files.faults.add(
            files.root.name, "the catalogue holds no city", allowed="one folder a city", remedy="add a city"
        )
    return slugs


def _stems(files: Files, folder: str) -> list[str]:
    stems = sorted(path.stem for path in (files.root / folder).glob("*.toml"))
    if not stems:
        files.faults.add(
            files.where(folder), "the folder holds no .toml file", allowed="at least one", remedy="add one"
        )
    return stems


def _jurisdiction_slugs(files: Files, cities: list[City], *, whole: bool) -> list[str]:
    """Return every jurisdiction, or those of the cities read that have a file (the others are noted as unknown)."""
    stems = _stems(files, "jurisdictions")
    wanted = {slug for city in cities for slug in city.jurisdictions}
    return [slug for slug in stems if whole or slug in wanted]


def _deployments(files: Files, cities: Collection[str] | None) -> dict[tuple[str, str], DeploymentFact]:
    rows = files.rows("deployments.csv", schema.DEPLOYMENTS)
    rows = [row for row in rows if cities is None or row.fields().get("city") in cities]
    check_unique(rows, "stack", "city")
    return {(fact.stack, fact.city): fact for fact in map(_deployment, rows)}


def _deployment(row: Row) -> DeploymentFact:
    source, confidence = provenance(row)
    return DeploymentFact(
        stack=row.text("stack"),
        city=row.text("city"),
        permitted=row.choice("permitted", _PERMITTED),
        reason=row.text("reason", blank=True),
        deal=row.choice("deal", _DEALS),
        deal_note=row.text("deal_note", blank=True),
        earliest_announced=row.month("earliest_announced", blank=True),
        source=source,
        confidence=confidence,
    )


def _economics(files: Files) -> dict[str, Figure]:
    rows = files.rows("economics.csv", schema.ECONOMICS)
    check_unique(rows, "item")
    return {row.text("item"): read_economics(row, "economics.csv") for row in rows}


def _assumptions(files: Files) -> dict[str, Figure]:
    root = files.toml("assumptions.toml")
    if root is None:
        return {}
    figures = read_free_figures(root, "assumptions.toml")
    root.close()
    return figures


def _supply_lines(files: Files) -> dict[str, SupplyLine]:
    rows = files.rows("supply_lines.csv", schema.SUPPLY_LINES, further=True)
    check_unique(rows, "line")
    return _by(rows, _supply_line, lambda line: line.line)


def _supply_line(row: Row) -> SupplyLine:
    row.choice("builds", schema.LINE_BUILDS)
    for column, spec in schema.LINE_NUMBERS.items():
        if row.fields().get(column):
            row.number(column, spec.low, spec.high)
    return SupplyLine(row.text("line"), _sourced_fields(row))


def _sourced_fields(row: Row) -> dict[str, str]:
    row.text("source")
    return row.fields()


def _live_markets(files: Files) -> tuple[LiveMarket, ...]:
    rows = files.rows("live_markets.csv", schema.LIVE_MARKETS)
    check_unique(rows, "market", "partner")
    return tuple(_live_market(row) for row in rows)


def _live_market(row: Row) -> LiveMarket:
    source, confidence = provenance(row)
    return LiveMarket(
        market=row.text("market"),
        partner=row.text("partner"),
        since=row.text("since", blank=True),
        mode=row.choice("mode", ("operator", "driver_out")),
        counts=row.flag("counts"),
        note=row.text("note", blank=True),
        source=source,
        confidence=confidence,
    )


def _record(files: Files) -> tuple[Published, ...]:
    """Return what is published of services; a catalogue without ``record.csv`` knows of none."""
    if not (files.root / "record.csv").is_file():
        return ()
    rows = files.rows("record.csv", schema.RECORD)
    check_unique(rows, "measure", "operator", "place", "month")
    return tuple(_published(row) for row in rows)


def _published(row: Row) -> Published:
    source, confidence = provenance(row)
    return Published(
        measure=row.choice("measure", schema.RECORD_MEASURES),
        operator=row.text("operator"),
        place=row.text("place"),
        month=row.month("month"),
        months_from=row.whole("months_from", 0, 1200),
        months_to=row.whole("months_to", 0, 1200) if row.has("months_to") else None,
        value=row.number("value", low=0),
        unit=row.text("unit"),
        how=row.text("how"),
        source=source,
        confidence=confidence,
    )


def _by(rows: list[Row], read: Callable[[Row], _Item], key: Callable[[_Item], str]) -> dict[str, _Item]:
    return {key(item): item for item in map(read, rows)}
