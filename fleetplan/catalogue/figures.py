"""List the figures of a catalogue, so that a plan can say what it leans on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final, cast

from fleetplan.catalogue.types import (
    Catalogue,
    City,
    Confidence,
    DepotSite,
    District,
    Figure,
    Gateway,
    HotSpot,
    Jurisdiction,
)

WEAK: Final[frozenset[Confidence]] = frozenset({"low", "assumed"})
_PUBLIC: Final = ("paid_", "unpaid_")
_Place = District | HotSpot | Gateway | DepotSite

# Numbers of the CSV rows that plans depend on, with their units.
_ROW_UNITS: Final[dict[type[_Place], dict[str, str]]] = {
    District: {"population": "people", "jobs": "jobs", "area_km2": "km2"},
    HotSpot: {"weight": "1 to 5"},
    Gateway: {"passengers_per_day": "passengers/day", "trip_share": "share"},
    DepotSite: {"stalls": "stalls", "kw_per_stall": "kW/stall", "lead_months": "months"},
}


def trace(catalogue: Catalogue) -> list[Figure]:
    """Return every figure of a catalogue by key: those of TOML files, the numbers of CSV rows, the permits' months."""
    found = [
        *(figure for city in catalogue.cities.values() for figure in city_figures(city)),
        *(figure for law in catalogue.jurisdictions.values() for figure in law_figures(law)),
        *(figure for stack in catalogue.stacks.values() for figure in stack.figures.values()),
        *catalogue.economics.values(),
        *catalogue.assumptions.values(),
    ]
    return sorted(found, key=lambda figure: figure.key)


def low_confidence(catalogue: Catalogue, weak: Collection[Confidence] = WEAK) -> list[Figure]:
    """Return the figures that are weakly known, by key."""
    return [figure for figure in trace(catalogue) if figure.confidence in weak]


def city_figures(city: City) -> Iterator[Figure]:
    """Return the figures of a city: its own, and the numbers of its rows."""
    yield from city.figures.values()
    yield from _rows(f"{city.slug}/districts.csv", city.districts)
    yield from _rows(f"{city.slug}/hot_spots.csv", city.hot_spots)
    yield from _rows(f"{city.slug}/gateways.csv", city.gateways)
    yield from _rows(f"{city.slug}/depots.csv", city.depots)


def law_figures(law: Jurisdiction) -> Iterator[Figure]:
    """Return how long each permit of a jurisdiction takes, and the numbers that it names."""
    yield from (figure for figure in permit_numbers(law) if figure.value)
    for permit in law.permits.values():
        yield Figure(
            key=f"jurisdictions/{law.slug}.toml#{permit.id}.months",
            value=permit.months_likely,
            unit="months",
            source=permit.source,
            confidence=permit.confidence,
            low=permit.months_min,
            high=permit.months_max,
            note=permit.title,
        )


def permit_numbers(law: Jurisdiction) -> Iterator[Figure]:
    """Return the numbers of a law that a request may replace, 0 for none.

    Vehicles that a permit allows, where it counts any or opens service to riders; vehicles that a remote operator may mind, where
    it opens service without a driver.
    """
    for permit in law.permits.values():
        named = {
            "fleet_cap": ("vehicles", permit.fleet_cap, permit.fleet_cap > 0 or permit.opens.startswith(_PUBLIC)),
            "vehicles_per_remote_operator": (
                "vehicles per remote operator",
                permit.vehicles_per_remote_operator,
                permit.opens in {"paid_driver_out", "unpaid_driver_out"},
            ),
        }
        for name, (unit, value, counts) in named.items():
            if counts:
                key = f"jurisdictions/{law.slug}.toml#{permit.id}.{name}"
                yield Figure(key, float(value), unit, permit.source, permit.confidence, note=permit.title)


def _rows(file: str, rows: Iterable[_Place]) -> Iterator[Figure]:
    for row in rows:
        for name, unit in _ROW_UNITS[type(row)].items():
            value = getattr(row, name)
            if value is not None:
                confidence = cast("Confidence", row.confidence)
                year = row.population_year if isinstance(row, District) and name == "population" else None
                yield Figure(f"{file}#{row.name}.{name}", float(value), unit, row.source, confidence, year=year)
