"""Say what the catalogue holds, as plain rows for ``fleetplan cities list``, ``show`` and ``check``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from fleetplan.catalogue.figures import WEAK, city_figures
from fleetplan.catalogue.readiness import Lack, Untouched, lacking, untouched
from fleetplan.catalogue.types import Catalogue, City, DeploymentFact, Figure, Gap, Jurisdiction, Permit

Row = dict[str, Any]

_LACKS: Final[Mapping[Lack, str]] = {
    "permits": "no permit opens paid rides, so no plan ever opens it: add the law's steps in jurisdictions/",
    "depots": "depots.csv has no site, so fleets charge at public stations alone: add sites with their power",
    "airport": "gateways.csv has no airport, so no trip begins or ends at one: add it, with its permit where it asks for one",
    "partners": "no stack has a deal or talks there, so a request plans none unless it admits one (deployments.add)",
}


def list_cities(catalogue: Catalogue) -> list[Row]:
    """Return a row for each city: people, trips, stacks with a deal, weakly known figures."""
    return [_summary(catalogue, city) for city in catalogue.cities.values()]


def show_city(catalogue: Catalogue, city: str) -> Row:
    """Return everything about a city: its figures, permits in order, deployments, rivals, gaps."""
    found = catalogue.cities[city]
    return {
        **_summary(catalogue, found),
        "country": found.country,
        "jurisdictions": list(found.jurisdictions),
        "time_zone": found.time_zone,
        "drive_side": found.drive_side,
        "snow": found.snow,
        "land_attribution": found.land_attribution,
        "demand": _demand_row(found),
        "figures": [figure_row(figure) for figure in found.figures.values()],
        "areas": [{"name": area.name, "kind": area.kind, "order": area.order} for area in found.outlines],
        "permits": permit_rows(catalogue, city),
        "deployments": deployment_rows(catalogue, city),
        "rivals": [{"name": r.name, "fleet": r.fleet, "mode": r.mode, "source": r.source} for r in found.rivals],
        "gaps": [_gap_row(gap) for gap in found.gaps],
    }


def _demand_row(city: City) -> Row:
    """Return where a city's trips between zones come from."""
    o = city.observed
    if o is None:
        return {"from": "gravity model", "source": "our judgement", "confidence": "assumed"}
    told = {"from": "observed trips", "source": o.source, "confidence": o.confidence}
    return {**told, "first_day": o.first_day, "last_day": o.last_day, "trips": o.trips, "table_share": o.table_share}


def check_row(catalogue: Catalogue) -> Row:
    """Return what a sound catalogue holds, which cities still hold defaults of ``fleetplan cities new``, and what some lack."""
    return {
        "valid": True,
        "cities": len(catalogue.cities),
        "stacks": len(catalogue.stacks),
        "digest": catalogue.digest,
        "defaults": {city: asdict(left) for city, left in untouched(catalogue).items()},
        "lacking": {city: list(lacks) for city, lacks in lacking(catalogue).items()},
    }


def check_text(row: Row, path: Path) -> str:
    """Return a row of :func:`check_row` as lines for a person."""
    counts = f"{row['cities']} cities and {row['stacks']} stacks"
    lines = [f"{path}: no fault in {counts} (sha256 {row['digest'][:12]})"]
    for city, left in row["defaults"].items():
        lines += [f"  {city}: {line}" for line in default_lines(Untouched(**left))]
    for city, lacks in row["lacking"].items():
        lines += [f"  {city}: warning: {_LACKS[lack]}" for lack in lacks]
    return "\n".join(lines)


def default_lines(left: Untouched) -> list[str]:
    """Return what of a city is as it was begun, in lines for a person; nothing where nothing is."""
    counts = {
        "figures": left.figures,
        "deployments": left.deployments,
        "permits": left.permits,
        "depots": left.depots,
        "hot spots": left.hot_spots,
        "people by district": left.people,
        "jobs by district": left.jobs,
    }
    told = [f"{what} ({count})" for what, count in counts.items() if count]
    named = " and ".join([*([", ".join(told[:-1])] if told[1:] else []), *told[-1:]])
    head = f"{named} are still as `fleetplan cities new` wrote them; replace them, with their sources"
    undated = [f"districts.csv does not say of which year the people are ({left.undated} rows)"] if left.undated else []
    return [*([head] if told else []), *undated, *(f"{table} has no row" for table in left.empty)]


def lack_lines(lacks: Iterable[Lack]) -> list[str]:
    """Return what a city lacks for paid service, in lines for a person."""
    return [_LACKS[lack] for lack in lacks]


def figure_row(figure: Figure) -> Row:
    """Return a figure with its range, unit, year, source and confidence."""
    return {
        "key": figure.key,
        "value": list(figure.values) if figure.values else figure.value,
        "low": list(figure.lows) if figure.lows else figure.low,
        "high": list(figure.highs) if figure.highs else figure.high,
        "unit": figure.unit,
        "year": figure.year,
        "source": figure.source,
        "confidence": figure.confidence,
        "note": figure.note,
    }


def permit_rows(catalogue: Catalogue, city: str) -> list[Row]:
    """Return a city's permits by title, each after those it waits for."""
    laws = catalogue.jurisdictions
    titles = {key: permit.title for law in laws.values() for key, permit in law.permits.items()}
    permits = _in_order(catalogue.permits_for(city))
    return [_permit_row(permit, titles, laws[permit.jurisdiction]) for permit in permits]


def deployment_rows(catalogue: Catalogue, city: str) -> list[Row]:
    """Return what law and deal say about each stack in a city, the likeliest first."""
    facts = [fact for (_, where), fact in catalogue.deployments.items() if where == city]
    return [_deployment_row(catalogue, fact) for fact in sorted(facts, key=_likelihood)]


def _summary(catalogue: Catalogue, city: City) -> Row:
    deals = [
        fact.stack
        for (_, where), fact in catalogue.deployments.items()
        if where == city.slug and fact.permitted != "no" and fact.deal in ("announced", "talks")
    ]
    scale = city.value("population.scale")
    return {
        "slug": city.slug,
        "name": city.name,
        "currency": city.currency,
        "population": round(scale * sum(district.population for district in city.districts)),
        "trips_per_day": city.value("market.trips_per_day"),
        "stacks_with_deal": sorted(deals),
        "figures": len(city.figures),
        "weak_figures": sum(figure.confidence in WEAK for figure in city.figures.values()),
        "weak_numbers": sum(figure.confidence in WEAK for figure in city_figures(city)),
    }


def _in_order(permits: dict[str, Permit]) -> list[Permit]:
    """Return permits so that each stands after its prerequisites, otherwise in file order."""
    ordered: dict[str, Permit] = {}
    rest = dict(permits)
    while rest:
        ready = next((key for key, permit in rest.items() if not _waits_for(permit) & rest.keys()), next(iter(rest)))
        ordered[ready] = rest.pop(ready)
    return list(ordered.values())


def _waits_for(permit: Permit) -> set[str]:
    return {*permit.all_of, *permit.any_of, *(name for name, _ in permit.after_start)}


def _permit_row(permit: Permit, titles: dict[str, str], law: Jurisdiction) -> Row:
    return {
        "id": permit.id,
        "title": permit.title,
        "jurisdiction": law.name,
        "authority": permit.authority,
        "scope": permit.scope,
        "holder": permit.holder,
        "opens": permit.opens,
        "after_all": [titles.get(name, name) for name in permit.all_of],
        "after_any": [titles.get(name, name) for name in permit.any_of],
        "after_start": [f"{titles.get(name, name)} + {months} months" for name, months in permit.after_start],
        "event": law.events[permit.event].title if permit.event in law.events else permit.event,
        "months": [permit.months_min, permit.months_likely, permit.months_max],
        "fleet_cap": permit.fleet_cap,
        "limits": list(permit.limits),
        "until": [titles.get(name, name) for name in permit.until],
        "covers": list(permit.covers),
        "optional": permit.optional,
        "needed_by": permit.needed_by,
        "source": permit.source,
        "confidence": permit.confidence,
    }


def _deployment_row(catalogue: Catalogue, fact: DeploymentFact) -> Row:
    stack = catalogue.stacks[fact.stack]
    return {
        "stack": fact.stack,
        "partner": stack.partner,
        "platform": stack.platform,
        "permitted": fact.permitted,
        "reason": fact.reason,
        "deal": fact.deal,
        "deal_note": fact.deal_note,
        "earliest_announced": fact.earliest_announced,
        "source": fact.source,
        "confidence": fact.confidence,
    }


def _likelihood(fact: DeploymentFact) -> tuple[int, int, str]:
    deals, words = ("announced", "talks", "none", "rival"), ("yes", "conditional", "no")
    return deals.index(fact.deal), words.index(fact.permitted), fact.stack


def _gap_row(gap: Gap) -> Row:
    return {"what": gap.what, "stand_in": gap.stand_in}
