"""What the review of a plan shows, as plain values for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.deps import Service, answer_of
from api.pages.lineage import changes
from api.pages.shell import seconds_of
from api.pages.solving_view import gap_words
from api.schemas import TABLE_NAMES
from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue, City
from fleetplan.errors import RequestError
from fleetplan.explain import binding
from fleetplan.explain import doubts as leaning
from fleetplan.explain.answers import answers, first_steps
from fleetplan.explain.constraints import standings, summed
from fleetplan.explain.verdict import verdict
from fleetplan.plans import finance
from fleetplan.plans.reading import area_km2, by_opening, city_order, end_month, opening_permits, ordered_deployments
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report import charts, context, gantt
from fleetplan.report.html import attributions
from fleetplan.report.page_chart import page_chart
from fleetplan.report.world import CREDIT, Place, WorldMap, world_map
from fleetplan.request import PlanRequest
from fleetplan.scope import resolve_scope
from fleetplan.words import openings, proof
from fleetplan.words import values as words
from fleetplan.words.catalogue import pieces
from fleetplan.words.request import question

CONTRACT_NAMES = {
    "own_and_license": "own and license",
    "fixed_fee": "fixed fee",
    "revenue_share": "revenue share",
    "sale_licence_share": "sale, licence and share",
}
MOST_RERUNS = 12
TONES = 4


@dataclass(frozen=True, slots=True)
class Launch:
    """A row of the table of launches."""

    city: str
    city_name: str
    partner: str
    contract: str
    begun: str
    launch: str
    earliest: str
    latest: str
    driver_out: str | None
    area_first: float
    area_last: float
    vehicles_first: int
    vehicles_last: int
    npv_usd: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A city in the order of launches, for the list beside the map."""

    order: int | None
    city: CityRollout
    tone: str
    vehicles: int
    with_whom: str


@dataclass(frozen=True, slots=True)
class Related:
    """A plan made from this one, or this one from it."""

    row: PlanRow
    changes: list[str]


def review(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that the review of a plan with an answer shows."""
    plan, catalogue = answer_of(service, row).plan, service.known.catalogue
    found = standings(plan, catalogue)
    return {
        "row": row,
        "plan": plan,
        "verdict": verdict(plan),
        "status": words.STATUS_NAMES[plan.status],
        "end_month": end_month(plan),
        "gap_asked": gap_words(row),
        "took_s": seconds_of(row),
        "answers": answers(plan),
        "first_steps": first_steps(plan),
        "asked": asked(plan.request, catalogue),
        "constraints": found,
        "constraints_said": summed(found),
        "binds": binding.kinds(plan),
        "pieces": pieces,
        "certificate": certificate_words(plan),
        "table_names": TABLE_NAMES,
        "attributions": attributions(catalogue, {c.city: c for c in plan.cities}),
        **_where(plan, catalogue),
        **_when(plan),
        **_money(plan),
        **_confidence(plan, catalogue),
        **lineage(service, row),
    }


def asked(request: PlanRequest, catalogue: Catalogue) -> list[str]:
    """Return in words what was asked, its constraints apart; nothing where today's catalogue cannot read it any more."""
    try:
        return question(replace(resolve_scope(request, catalogue), constraints=()))
    except RequestError:
        return []


def _where(plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    stops = _stops(plan)
    return {"stops": stops, "world": _world(stops, catalogue), "world_credit": CREDIT, "tones": _tones(plan)}


def _stops(plan: Plan) -> list[Stop]:
    found = []
    live = 0
    for city in city_order(plan):
        live += bool(city.launch)
        partners = [d.partner for d in sorted(city.deployments, key=by_opening)]
        vehicles = sum(d.vehicles[-1] for d in city.deployments)
        order = live if city.launch else None
        found.append(Stop(order, city, _tone(plan, city.launch), vehicles, words.listed(partners)))
    return found


def _tone(plan: Plan, launch: str | None) -> str:
    return f"y{min(int(launch[:4]) - finance.years(plan)[0], TONES - 1)}" if launch else "out"


def _tones(plan: Plan) -> list[tuple[str, str]]:
    """Return the key of the map: the years in which cities open, and whether one stays out."""
    years = sorted({int(c.launch[:4]) for c in plan.cities if c.launch})
    keys = [(_tone(plan, f"{year}-01"), f"opens in {year}") for year in years]
    closed = list(dict.fromkeys(openings.state(c) for c in city_order(plan) if not c.launch))
    return [*keys, ("out", "; ".join(closed))] if closed else keys


def _world(stops: Sequence[Stop], catalogue: Catalogue) -> WorldMap | None:
    places = [
        Place(s.city.city, *_centre(catalogue.cities[s.city.city]), s.vehicles, s.tone, (s.city.name, _label(s)))
        for s in stops
        if s.city.city in catalogue.cities
    ]
    return world_map(places) if places else None


def _label(stop: Stop) -> str:
    return openings.briefly(stop.city)


def _centre(city: City) -> tuple[float, float]:
    """Return the middle of a city's busy places, or of its land."""
    weight = sum(h.weight for h in city.hot_spots)
    if not weight:
        middle = city.land.representative_point()
        return middle.y, middle.x
    lat, lon = (sum(getattr(h, axis) * h.weight for h in city.hot_spots) / weight for axis in ("lat", "lon"))
    return lat, lon


def _when(plan: Plan) -> dict[str, Any]:
    rows = context.timeline_rows(plan)
    for row in rows:
        row["permits"] = context.deployment_context(plan, row["city"], row["d"])["permits"] if row["d"] else []
    live = [{"c": c, "by_year": context.service_by_year(plan, c)} for c in city_order(plan) if c.deployments]
    return {"years": gantt.Scale.of(plan).years(), "rows": rows, "launches": _launches(plan), "live": live}


def _launches(plan: Plan) -> list[Launch]:
    found = []
    for city, d in ordered_deployments(plan):
        first = next((t for t, level in enumerate(d.level) if level), len(d.level) - 1)
        opening = next(iter(opening_permits(d)), None)
        found.append(
            Launch(
                city.city,
                city.name,
                d.partner,
                CONTRACT_NAMES.get(d.contract, d.contract.replace("_", " ")),
                d.programme_start,
                d.launch,
                opening.earliest if opening else "",
                opening.latest if opening else "",
                d.driver_out,
                area_km2(city, d.level[first]),
                area_km2(city, d.level[-1]),
                d.vehicles[first],
                d.vehicles[-1],
                d.npv_usd,
            )
        )
    return found


def _in_service(plan: Plan) -> bool:
    return any(any(stack.in_service) for stack in plan.stacks)


def _money(plan: Plan) -> dict[str, Any]:
    palette = charts.palette(plan)
    return {
        "fleet_charts": [
            page_chart(c) for c in (charts.fleets(plan, palette), charts.trips(plan)) if _in_service(plan)
        ],
        "money_charts": [page_chart(charts.capital(plan)), page_chart(charts.cash(plan))],
        "year_numbers": finance.years(plan),
        "money": finance.groups_by_year(plan, finance.all_lines(plan)),
    }


def _confidence(plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    partners = {slug: stack.partner for slug, stack in catalogue.stacks.items()}
    found = leaning.leanings(plan, partners | {s.stack: s.partner for s in plan.stacks})
    return {
        "leanings": found,
        "leaning_kinds": leaning.used_kinds(found),
        "leaning_cut": leaning.cut_short(plan),
        "most_listed": leaning.MOST_LISTED,
        "own_figures": leaning.own_figures(plan),
    }


def certificate_words(plan: Plan) -> list[str]:
    """Return what the proof means, for those who never saw one."""
    c, best, most = plan.certificate, words.usd_fine(plan.objective), words.usd_fine(plan.bound)
    left = "nothing was" if plan.status == "optimal" else f"at most {proof.gap_of(plan)} were"
    ceiling = (
        "The search did not try every plan; it proved a ceiling. Whatever cities, partners, months and fleets one chooses "
        f"under the same rules and figures, no plan can be worth more than {most}. This one is worth {best}: {left} left on "
        f"the table."
    )
    if c.checker != "passed":
        return [ceiling]
    checked = (
        f"A second program, which shares no code with the search, then went through {len(c.rules_checked)} rules of law, "
        "supply, money and request on the raw figures and found all of them kept."
    )
    return [ceiling, checked]


def lineage(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return what a plan was made from, and what was made from it."""
    catalogue = service.known.catalogue
    parent = service.store.get(row.parent) if row.parent else None
    reruns = service.store.page(limit=MOST_RERUNS + 1, after=None, parent=row.id)
    return {
        "parent": parent,
        "changed": changes(row, parent, catalogue) if row.parent else [],
        "reruns": [Related(r, changes(r, row, catalogue)) for r in reruns[:MOST_RERUNS]],
        "more_reruns": len(reruns) > MOST_RERUNS,
    }
