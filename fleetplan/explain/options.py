"""What else there is in a city, as far as plan and catalogue know: other stacks, wider areas, closed links and gateways."""

from __future__ import annotations

from dataclasses import dataclass

import h3

from fleetplan.catalogue.types import Catalogue, City, DeploymentFact
from fleetplan.errors import InputError
from fleetplan.plans.reading import opening_months
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.scope import resolve_scope
from fleetplan.service.types import CityService
from fleetplan.words import openings
from fleetplan.words.permits import crossing_words, gateway_words, permit_of
from fleetplan.words.values import listed, month_name

LAWFUL = {"yes": "allowed", "conditional": "allowed on conditions", "no": "barred"}
DEALS = {"announced": "announced", "talks": "in talks", "none": "no deal", "rival": "a rival's"}
RESOLUTION, NEAR_CELLS = 8, 2
_ORDER = ("used", "considered", "out", "no_deal", "barred", "rival")


@dataclass(frozen=True, slots=True)
class Option:
    """A stack in a city: what law and deal say, and what the plan makes of it. ``change`` is what a rerun may ask."""

    stack: str
    partner: str
    platform: str
    law: str
    reason: str
    deal: str
    deal_note: str
    state: str
    words: str
    change: str


@dataclass(frozen=True, slots=True)
class Area:
    """A ladder level of a city with the months in which partners open it."""

    level: int
    km2: float
    people: float
    trips: float
    opened: str
    needs: str


@dataclass(frozen=True, slots=True)
class Link:
    """Crossings or gateways with what the plan knows of their state."""

    name: str
    words: str


def options(plan: Plan, city: CityRollout, catalogue: Catalogue) -> list[Option]:
    """Return every stack of the catalogue in a city, those in the plan first."""
    admitted = _admitted(plan, catalogue)
    facts = [f for (_, where), f in catalogue.deployments.items() if where == city.city]
    found = [_option(plan, city, f, catalogue, admitted) for f in facts]
    return sorted(found, key=lambda o: (_ORDER.index(o.state), o.partner, o.platform))


def areas(plan: Plan, city: CityRollout, service: CityService | None, catalogue: Catalogue) -> list[Area]:
    """Return the city's ladder, small to large."""
    needs = {k.index + 1: [_title(catalogue, p) for p in k.requires] for k in service.levels} if service else {}
    return [
        Area(
            k.level,
            k.area_km2,
            k.population,
            k.addressable_trips_per_day,
            _opened(plan, city, k.level),
            ", ".join(needs.get(k.level, [])),
        )
        for k in city.levels
    ]


def _title(catalogue: Catalogue, permit: str) -> str:
    known = permit_of(catalogue, permit)
    return known.title if known else permit


def closed_links(city: City, rollout: CityRollout, catalogue: Catalogue) -> list[Link]:
    """Return the links that are closed to robotaxis, and what would open them; those with the same answer together."""
    found: dict[str, list[str]] = {}
    for c in city.crossings:
        if not c.open:
            found.setdefault(crossing_words(c, rollout, catalogue), []).append(c.name)
    return [Link(listed(names), words) for words, names in found.items()]


def airports(city: City, rollout: CityRollout, service: CityService | None, catalogue: Catalogue) -> list[Link]:
    """Return the airports and what the plan knows of serving them; those far off and those without a permit in one line each."""
    within = set(service.levels[-1].cells) if service and service.levels else set()
    found: dict[str, list[str]] = {}
    for g in city.gateways:
        if g.kind == "airport":
            near = not within.isdisjoint(h3.grid_disk(h3.latlng_to_cell(g.lat, g.lon, RESOLUTION), NEAR_CELLS))
            words = gateway_words(g, rollout, catalogue) if near else "outside every candidate area"
            found.setdefault(words, []).append(g.name)
    return [Link(listed(names), words) for words, names in found.items()]


def _opened(plan: Plan, city: CityRollout, level: int) -> str:
    """Return who opens a level when, nothing if nobody does."""
    months = [(opening_months(d, plan.periods, level)[-1], d.partner) for d in city.deployments]
    return ", ".join(f"{partner} {month_name(month)}" for month, partner in sorted(m for m in months if m[0]))


def _admitted(plan: Plan, catalogue: Catalogue) -> set[tuple[str, str]] | None:
    """Return the pairs that the request admits; None when the catalogue has changed so that it can no longer be read."""
    try:
        return set(resolve_scope(plan.request, catalogue).deployments)
    except InputError:
        return None


def _option(
    plan: Plan, city: CityRollout, fact: DeploymentFact, catalogue: Catalogue, admitted: set[tuple[str, str]] | None
) -> Option:
    stack = catalogue.stacks[fact.stack]
    used = next((d for d in city.deployments if d.stack == fact.stack), None)
    pair = f"{fact.city}:{fact.stack}"
    if used is not None:
        state, words, change = "used", openings.opens(used.launch, openings.today_of(plan)), f"forbid={pair}"
    elif stack.rival or fact.deal == "rival":
        state, words, change = "rival", "runs for somebody else", ""
    elif fact.permitted == "no":
        state, words, change = "barred", "barred by law", ""
    elif admitted is not None and (fact.stack, fact.city) in admitted:
        state, words, change = "considered", "weighed, and not opened", f"force={pair}"
    elif fact.deal in plan.request.deployments.deals:
        state, words, change = "out", "left out by the request", ""
    else:
        state, words, change = "no_deal", "not weighed: no deal", ""
    return Option(
        fact.stack,
        stack.partner,
        stack.platform,
        LAWFUL[fact.permitted],
        fact.reason,
        DEALS[fact.deal],
        fact.deal_note,
        state,
        words,
        change,
    )
