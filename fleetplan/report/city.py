"""One city's rollout in words and plain values: verdict, headline figures, what each month looks like, neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.explain.agenda import HOLDERS, event_words
from fleetplan.explain.needs import reason_words
from fleetplan.explain.unit_costs import UnitCosts
from fleetplan.months import month_number, month_text
from fleetplan.plans.reading import area_km2, by_opening, city_order, service_at
from fleetplan.plans.template import template_use_of
from fleetplan.plans.types import CityRollout, DeploymentPlan, PermitStep, Plan
from fleetplan.report import context
from fleetplan.report.charts import Chart, over_time, palette, series
from fleetplan.words import openings as opening_words
from fleetplan.words.permits import permit_of
from fleetplan.words.template import template_sentence
from fleetplan.words.values import (
    DASH,
    MODE_NAMES,
    count,
    decimal,
    listed,
    month_name,
    months_of_period,
    percent,
    several,
    usd,
)
from fleetplan.words.worth import parts_text


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What one period looks like: its months, a sentence, and per deployment the mode with its figures."""

    month: str
    name: str
    sentence: str
    stacks: list[dict[str, Any]]


def verdict(plan: Plan, city: CityRollout) -> list[str]:
    """Return what the plan does in a city, what it is worth and what it costs, as paragraphs."""
    if not city.deployments:
        return []
    use = template_use_of(city)
    return [*([template_sentence([use])] if use else []), *_found(plan, city)]


def _found(plan: Plan, city: CityRollout) -> list[str]:
    shut = _shut(city)
    if not city.launch:
        return [shut, _money(city)]
    does = filter(None, [_openings(city), _endings(city), _growth(plan, city), shut])
    return [" ".join(does), " ".join(filter(None, [_money(city), reason_words(plan, city)]))]


def _shut(city: CityRollout) -> str:
    """Say which partners begin and never open; empty where all of them open."""
    shut = [d for d in sorted(city.deployments, key=by_opening) if not d.launch]
    told = [f"{d.partner} begins its programme in {month_name(d.programme_start)} and never opens" for d in shut]
    return f"{listed(told)} within the horizon." if told else ""


def _openings(city: CityRollout) -> str:
    first, *rest = sorted((d for d in city.deployments if d.launch), key=by_opening)
    more = [f"{d.partner} follows in {month_name(d.launch)}" for d in rest]
    head = f"{city.name} opens in {month_name(first.launch)} with {first.partner}{'; ' + listed(more) if more else ''}."
    out = [d for d in city.deployments if d.driver_out]
    if not out:
        return f"{head} An operator stays on board to the end of the horizon."
    soonest = min(out, key=lambda d: d.driver_out or "")
    if soonest.driver_out == first.launch:
        return f"{head} Vehicles drive without an operator from the first day."
    return f"{head} Vehicles drive without an operator from {month_name(soonest.driver_out)}."


def _endings(city: CityRollout) -> str:
    """Say which services end; empty where none does."""
    gone = [f"{d.partner} ends its service in {month_name(d.ended)}" for d in city.deployments if d.ended]
    return f"{listed(gone)}." if gone else ""


def _growth(plan: Plan, city: CityRollout) -> str:
    first = next(level for d in sorted(city.deployments, key=by_opening) for level in d.level if level)
    last = max(d.level[-1] for d in city.deployments)
    if not last:
        most = max(level for d in city.deployments for level in d.level)
        return (
            f"The service area covers up to {count(area_km2(city, most))} km²; at the end of the horizon none is left."
        )
    now = service_at(city, len(plan.periods) - 1)
    grown = (
        f"grows from {count(area_km2(city, first))} to {count(area_km2(city, last))} km²"
        if last != first
        else f"covers {count(area_km2(city, last))} km²"
    )
    wait = f", at a mean wait of {decimal(now['wait'])} min" if now["wait"] is not None else ""
    return (
        f"The service area {grown}; at the end of the horizon {several(now['vehicles'], 'vehicle')} serve "
        f"{count(now['trips'])} trips on a mean day{wait}."
    )


def _money(city: CityRollout) -> str:
    back = f"is back by {month_name(city.payback)}" if city.payback else "is not back within the horizon"
    return (
        f"This is worth {usd(city.npv_usd)} (net present value: {parts_text(city.worth)}) for {usd(city.capital_usd)} of "
        f"capital. At its deepest the "
        f"city is {usd(city.peak_funding_usd)} out of pocket; the money {back}."
    )


def tiles(plan: Plan, city: CityRollout) -> list[Tile]:
    """Return the headline figures of a city that opens."""
    now = service_at(city, len(plan.periods) - 1)
    level = max(d.level[-1] for d in city.deployments)
    widest = next((k for k in city.levels if k.level == level), None)
    return [
        Tile("Net present value", usd(city.npv_usd), parts_text(city.worth)),
        Tile("Capital", usd(city.capital_usd), "spent within the horizon"),
        Tile("Peak funding", usd(city.peak_funding_usd), "deepest cumulated outlay"),
        Tile("Payback", month_name(city.payback), "money back" if city.payback else "not within the horizon"),
        Tile("Vehicles", count(now["vehicles"]), "at the end of the horizon"),
        Tile("Trips a day", count(now["trips"]), f"{decimal(now['per_vehicle'])} a vehicle"),
        _wait_tile(now),
        Tile(
            "Service area",
            f"{count(widest.area_km2)} km²" if widest else DASH,
            _reach(widest.population) if widest else "no area opens",
        ),
        Tile(
            "Charger stalls",
            count(now["stalls"]),
            several(sum(any(d.stalls) or any(d.stalls_partner) for d in city.depots), "depot"),
        ),
    ]


def _wait_tile(now: dict[str, Any]) -> Tile:
    if now["wait"] is None:
        return Tile("Mean wait", DASH, "no service is open")
    return Tile("Mean wait", f"{decimal(now['wait'])} min", f"{percent(now['deadhead'], 0)} of kilometres empty")


def _reach(people: float) -> str:
    return f"{people / 1e6:.1f} million people" if people >= 1e6 else f"{count(people)} people"


def period_name(plan: Plan, t: int) -> str:
    """Return a period's months: ``Apr 2027``, or ``Apr to Jun 2028`` for a quarter."""
    first = plan.periods[t]
    return months_of_period(first, month_text(month_number(first) + plan.period_months[t] - 1))


def moments(plan: Plan, city: CityRollout) -> list[Moment]:
    """Return what each period looks like."""
    return [
        Moment(p, period_name(plan, t), _sentence(city, t), [_state(plan, city, d, t) for d in city.deployments])
        for t, p in enumerate(plan.periods)
    ]


def _sentence(city: CityRollout, t: int) -> str:
    live = [d for d in city.deployments if d.level[t]]
    if not live:
        return f"Not open yet: riders come from {month_name(city.launch)}." if city.launch else "Never open."
    now, area = service_at(city, t), area_km2(city, max(d.level[t] for d in live))
    return (
        f"{several(now['vehicles'], 'vehicle')} serve {count(now['trips'])} trips a day on {count(area)} km² "
        f"at a wait of {decimal(now['wait'])} min."
    )


def _state(plan: Plan, city: CityRollout, d: DeploymentPlan, t: int) -> dict[str, Any]:
    if not d.level[t]:
        return {"mode": _before(plan, d, t), "facts": []}
    facts = [
        ("area", f"{count(area_km2(city, d.level[t]))} km²"),
        ("vehicles", count(d.vehicles[t])),
        ("trips a day", count(d.trips_per_day[t])),
        ("mean wait", f"{decimal(d.wait_min[t])} min"),
        ("empty km", percent(d.deadhead_share[t], 0)),
    ]
    return {"mode": MODE_NAMES.get(d.mode[t], d.mode[t]), "facts": facts}


def _before(plan: Plan, d: DeploymentPlan, t: int) -> str:
    opens = opening_words.opens(d.launch)
    if plan.periods[t] < d.programme_start:
        return f"not begun; {opens}"
    tests = f", {several(d.test_vehicles[t], 'vehicle')} on test" if d.test_vehicles[t] else ""
    return f"in permits and tests{tests}; {opens}"


def period_at(plan: Plan, month: str | None) -> int:
    """Return the index of the period that holds a month: the last one when none is given, the nearest when outside."""
    if month is None:
        return len(plan.periods) - 1
    return max((t for t, p in enumerate(plan.periods) if p <= month), default=0)


def ticks(plan: Plan) -> list[dict[str, Any]]:
    """Return the years below the slider: where the first period of each stands, as a share of the slider's length."""
    firsts = {p[:4]: t for t, p in reversed(list(enumerate(plan.periods)))}
    return [{"at": _along(plan, t), "name": year} for year, t in sorted(firsts.items())]


def openings(plan: Plan, city: CityRollout) -> list[dict[str, Any]]:
    """Return the marks above the slider: where each partner opens."""
    colours = palette(plan)
    return [
        {
            "at": _along(plan, period_at(plan, d.launch)),
            "css": colours.get(d.stack, "s0"),
            "title": f"{d.partner} opens in {month_name(d.launch)}",
        }
        for d in city.deployments
        if d.launch
    ]


def _along(plan: Plan, t: int) -> float:
    return round(t / max(1, len(plan.periods) - 1), 4)


def neighbours(plan: Plan, city: CityRollout) -> tuple[CityRollout | None, CityRollout | None]:
    """Return the city before and the city after this one in the order of openings."""
    order = city_order(plan)
    at = next(i for i, c in enumerate(order) if c.city == city.city)
    return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)


def shades(breaks: list[float]) -> list[dict[str, Any]]:
    """Return the legend of the zones' shades: how dark (per cent of the way from quiet to busy), and the range it stands for."""
    marks = [f"{b:,.0f}" for b in breaks]
    names = (
        [f"under {marks[0]}", *(f"{a} to {b}" for a, b in pairwise(marks)), f"{marks[-1]} and more"]
        if marks
        else ["all"]
    )
    return [{"mix": round(100 * k / max(1, len(names) - 1)), "name": name} for k, name in enumerate(names)]


def permit_notes(plan: Plan, city: CityRollout, d: DeploymentPlan, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return a deployment's permits for the table, each with who holds it and what event it waits for."""
    rows: list[dict[str, Any]] = context.deployment_context(plan, city, d)["permits"]
    found = []
    for row in rows:
        step: PermitStep = row["p"]
        permit = permit_of(catalogue, step.permit)
        law = catalogue.jurisdictions.get(step.jurisdiction)
        notes = [f"{HOLDERS[permit.holder]}, for {law.name}"] if permit and law else []
        if step.opens in MODE_NAMES:
            notes.append(f"opens: {MODE_NAMES[step.opens]}")
        if event := event_words(step.event, catalogue):
            notes.append(event)
        found.append({**row, "more": notes})
    return found


OFF_CHART = 2.5  # times the dearest fare: costs of the first few trips would flatten the rest


def unit_cost_chart(plan: Plan, unit: UnitCosts) -> Chart:
    """Return what a trip earns and costs to run by period; the dear first months lie above it."""
    earned, running, pays = unit.earned, unit.running, unit.pays
    top = OFF_CHART * max((v for v in earned if v is not None), default=0.0)
    shown = [None if v is None or v > top else v for v in running]
    hidden = sum(v is not None for v in running) - sum(v is not None for v in shown)
    about = "USD a trip"
    if hidden:
        about = f"{about}; the first months lie above the chart"
    said = f"Fares cover running costs from {month_name(pays)} on." if pays else "Fares never cover running costs."
    lines = [series("fares net of tax", "s2", earned), series("running costs", "s1", shown, dash=True)]
    return over_time(plan, "line", "usd", "Fares and running costs", about, lines, said)
