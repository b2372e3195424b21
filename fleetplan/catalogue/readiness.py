"""What a city lacks for paid service, and what of it is still as ``fleetplan cities new`` wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from fleetplan.catalogue.new_deployments import DEFAULT_MARK, DEFAULT_SOURCE
from fleetplan.catalogue.types import Catalogue, City

Lack = Literal["permits", "depots", "airport", "partners"]
"""``permits``: none opens paid rides; ``depots``: no site to charge at; ``airport``: no gateway of that kind; ``partners``: no
stack that the law lets in has a deal or talks."""

LACKS: Final[tuple[Lack, ...]] = ("permits", "depots", "airport", "partners")


@dataclass(frozen=True, slots=True)
class Untouched:
    """How much of a city is as ``fleetplan cities new`` wrote it; ``empty`` names its tables without a row.

    ``people`` and ``jobs`` are districts of which that many are still laid out by rule, ``undated`` those without a year of
    their people.
    """

    figures: int
    deployments: int
    permits: int
    depots: int
    hot_spots: int
    people: int
    jobs: int
    undated: int
    empty: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anything is."""
        rows = (self.deployments, self.permits, self.depots, self.hot_spots, self.people, self.jobs)
        return any((self.figures, self.undated, *rows))


def untouched(catalogue: Catalogue) -> dict[str, Untouched]:
    """Return the cities that still hold defaults of ``fleetplan cities new``."""
    found = {slug: _untouched(catalogue, city) for slug, city in catalogue.cities.items()}
    return {slug: left for slug, left in found.items() if left.any}


def lacking(catalogue: Catalogue) -> dict[str, tuple[Lack, ...]]:
    """Return what cities lack for paid service; those that lack nothing are left out."""
    found = {slug: _lacks(catalogue, city) for slug, city in catalogue.cities.items()}
    return {slug: lacks for slug, lacks in found.items() if lacks}


def _untouched(catalogue: Catalogue, city: City) -> Untouched:
    facts = [fact for (_, where), fact in catalogue.deployments.items() if where == city.slug]
    tables = {
        "hot_spots.csv": city.hot_spots,
        "gateways.csv": city.gateways,
        "crossings.csv": city.crossings,
        "depots.csv": city.depots,
    }
    return Untouched(
        figures=sum(figure.source == DEFAULT_SOURCE for figure in city.figures.values()),
        deployments=sum(fact.source == DEFAULT_SOURCE for fact in facts),
        permits=sum(permit.source == DEFAULT_SOURCE for permit in catalogue.permits_for(city.slug).values()),
        depots=sum(site.source == DEFAULT_SOURCE for site in city.depots),
        hot_spots=sum(spot.source == DEFAULT_SOURCE for spot in city.hot_spots),
        people=_by_rule(city, "people"),
        jobs=_by_rule(city, "jobs"),
        undated=sum(district.population_year is None for district in city.districts),
        empty=tuple(name for name, rows in tables.items() if not rows),
    )


def _by_rule(city: City, what: str) -> int:
    """Return how many districts have people or jobs by the template's rule, as their source says."""
    return sum(f"{what}: {DEFAULT_MARK}" in district.source for district in city.districts)


def _lacks(catalogue: Catalogue, city: City) -> tuple[Lack, ...]:
    opens = {permit.opens for permit in catalogue.permits_for(city.slug).values()}
    deals = [
        fact
        for (_, where), fact in catalogue.deployments.items()
        if where == city.slug and fact.permitted != "no" and fact.deal in {"announced", "talks"}
    ]
    there: dict[Lack, bool] = {
        "permits": bool(opens & {"paid_operator", "paid_driver_out"}),
        "depots": bool(city.depots),
        "airport": any(gateway.kind == "airport" for gateway in city.gateways),
        "partners": bool(deals),
    }
    return tuple(lack for lack in LACKS if not there[lack])
