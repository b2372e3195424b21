"""What binds a plan and why, in sentences with figures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fleetplan.catalogue.types import Figure
from fleetplan.months import month_text
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.search import SearchResult
from fleetplan.plans.decisions import Decisions, Rollout
from fleetplan.plans.permit_steps import needed_permits, programme_starts
from fleetplan.plans.types import Binding, DeploymentPlan, FigureUse
from fleetplan.request import PlanRequest

MILLION = 1e6  # capital rows are in millions
LEAST_PRICE_USD = 100.0
LEAST_CAPITAL_PRICE = 0.005
MOST_FIGURES = 40
TARGET_UNITS = {
    "markets_live": "market",
    "fleet_cap": "vehicle",
    "fleet_floor": "vehicle",
    "launches_per_quarter": "launch",
    "stacks_per_city": "stack",
    "minimum_trips": "trip a day",
}


def _priced(f: Formulation, result: SearchResult) -> dict[tuple[str, str], tuple[float, int]]:
    """Return by rule and place the highest price of a row and its period."""
    best: dict[tuple[str, str], tuple[float, int]] = {}
    for label, price in zip(f.model.labels, result.row_prices, strict=True):
        key = (label.rule, label.where)
        if price > best.get(key, (0.0, -1))[0]:
            best[key] = (float(price), label.period)
    return best


def _month(i: Instance, period: int) -> str:
    return i.grid.labels()[period] if 0 <= period < i.periods else ""


def _money_binds(i: Instance, priced: dict[tuple[str, str], tuple[float, int]]) -> list[tuple[str, Binding]]:
    price, period = priced.get(("capital", "budget"), (0.0, -1))
    price /= MILLION
    if price < LEAST_CAPITAL_PRICE:
        return []
    when = _month(i, period)
    sentence = f"The capital budget is spent by {when}: one more dollar by then would add about {price:.2f} USD of NPV."
    bind = Binding(rule="capital", sentence=sentence, period=when, price_usd=price, unit="USD", source="the request")
    return [("", bind)]


def _supply_binds(
    i: Instance, priced: dict[tuple[str, str], tuple[float, int]], d: Decisions
) -> list[tuple[str, Binding]]:
    found: list[tuple[str, Binding]] = []
    for stack, data in i.stacks.items():
        price, period = priced.get(("stack_supply", stack), (0.0, -1))
        if price < LEAST_PRICE_USD:
            continue
        when, facts = _month(i, period), i.catalogue_stack(stack)
        cities = [r.data.city for r in d.rollouts if r.data.stack == stack]
        sentence = (
            f"{facts.partner} ({facts.platform}) can place {int(data.ceiling[period])} vehicles by {when}; "
            f"one more would add about {price:,.0f} USD of NPV."
        )
        source = facts.figures["supply.placeable"].source
        bind = Binding(
            rule="stack_supply", sentence=sentence, period=when, price_usd=price, unit="vehicle", source=source
        )
        found += [(city, bind) for city in cities[:1] or [""]]
    return found


def _depot_binds(i: Instance, priced: dict[tuple[str, str], tuple[float, int]]) -> list[tuple[str, Binding]]:
    found: list[tuple[str, Binding]] = []
    for city in i.cities:
        price, period = priced.get(("depot_capacity", city), (0.0, -1))
        site_price = priced.get(("depot_site", city), (0.0, -1))[0]
        if price < LEAST_PRICE_USD or site_price < LEAST_PRICE_USD:
            continue
        when = _month(i, period)
        name = i.scope.catalogue.cities[city].name
        sentence = (
            f"Charger stalls with power are short in {name} by {when}: "
            f"room for one more vehicle would add about {price:,.0f} USD of NPV."
        )
        source = f"{city}/depots.csv: stalls and lead months of each site (assumed)"
        bind = Binding(
            rule="depot_capacity", sentence=sentence, period=when, price_usd=price, unit="vehicle", source=source
        )
        found.append((city, bind))
    return found


def _ramp_binds(i: Instance, priced: dict[tuple[str, str], tuple[float, int]]) -> list[tuple[str, Binding]]:
    found: list[tuple[str, Binding]] = []
    figure = i.scope.catalogue.assumptions["fleet.ramp_vehicles_per_month"]
    for q in i.deployments:
        price, period = priced.get(("ramp", q.key), (0.0, -1))
        if price < LEAST_PRICE_USD:
            continue
        when, partner = _month(i, period), i.catalogue_stack(q.stack).partner
        name = i.scope.catalogue.cities[q.city].name
        sentence = (
            f"{partner} in {name} grows as fast as vehicles can be commissioned ({figure.value:g} a month) in {when}: "
            f"one more then would add about {price:,.0f} USD of NPV."
        )
        bind = Binding(
            rule="ramp", sentence=sentence, period=when, price_usd=price, unit="vehicle", source=figure.source
        )
        found.append((q.city, bind))
    return found


def _target_binds(
    request: PlanRequest, i: Instance, priced: dict[tuple[str, str], tuple[float, int]]
) -> list[tuple[str, Binding]]:
    found: list[tuple[str, Binding]] = []
    for c in i.scope.constraints:
        price, period = priced.get((c.type, c.id), (0.0, -1))
        if price < LEAST_PRICE_USD:
            continue
        unit = TARGET_UNITS.get(c.type, "unit")
        sentence = f"The request's constraint {c.id!r} ({c.type}) holds the plan back: about {price:,.0f} USD of NPV per {unit}."
        city = getattr(c, "city", None) or ""
        bind = Binding(
            rule=c.type,
            sentence=sentence,
            period=_month(i, period),
            price_usd=price,
            unit=unit,
            source=f"request {request.name!r}",
        )
        found.append((city, bind))
    return found


def last_permit(i: Instance, d: Decisions, r: Rollout) -> tuple[str, int] | None:
    """Return the permit that came last before a rollout opened, and the month it was in hand."""
    if r.opened is None:
        return None
    timings = r.data.path.timings(programme_starts(i, d, r))
    now = int(i.grid.starts[r.opened])
    ready = [m.permit for m in r.data.modes if timings[m.permit].finish <= now]
    if not ready:
        return None
    opener = min(ready, key=lambda p: timings[p].finish)
    return opener, timings[opener].finish


def _critical(i: Instance, d: Decisions, r: Rollout, target: str) -> list[str]:
    """Return the chain of permits whose months decide when ``target`` is in hand, last first."""
    timings = r.data.path.timings(programme_starts(i, d, r))
    chain, at = [], target
    while at:
        chain.append(at)
        permit, start = r.data.path.permits[at], timings[at].start
        before = [p for p in needed_permits(r.data.path, [at], timings) if p != at]
        direct = [p for p in before if p in {*permit.all_of, *permit.any_of} and timings[p].finish == start]
        at = direct[0] if direct else ""
    return chain


def _permit_binds(i: Instance, d: Decisions) -> list[tuple[str, Binding]]:
    found: list[tuple[str, Binding]] = []
    for r in d.rollouts:
        last = last_permit(i, d, r)
        if last is None or r.opened is None:
            continue
        permit, month = r.data.path.permits[last[0]], last[1]
        waited = i.grid.period_of(month) if month >= i.grid.start else 0
        if i.grid.first_period_from(month) != r.opened and waited != r.opened:
            continue
        stack = i.catalogue_stack(r.data.stack)
        chain = _critical(i, d, r, permit.id)
        event = next((r.data.path.permits[p].event for p in chain if r.data.path.permits[p].event), "")
        why = f" The law decides: {i.scope.catalogue.event(event).title}." if event else ""
        begun = "begun at the start of the horizon" if r.begun == 0 else f"begun {i.grid.labels()[r.begun]}"
        sentence = (
            f"{stack.partner} opens in {i.scope.catalogue.cities[r.data.city].name} in {i.grid.labels()[r.opened]}, "
            f"as soon as “{permit.title}” ({permit.authority}) is in hand ({month_text(month)}); programme {begun}.{why}"
        )
        bind = Binding(
            rule="permit_path",
            sentence=sentence,
            period=i.grid.labels()[r.opened],
            price_usd=None,
            unit="",
            source=permit.source,
        )
        found.append((r.data.city, bind))
    return found


def binding_rules(f: Formulation, result: SearchResult, d: Decisions) -> list[tuple[str, Binding]]:
    """Return what binds, with the city it belongs to (empty: the whole plan), dearest first within its kind."""
    i = f.instance
    priced = _priced(f, result)
    return [
        *_money_binds(i, priced),
        *_target_binds(i.scope.request, i, priced),
        *sorted(_supply_binds(i, priced, d), key=lambda b: -(b[1].price_usd or 0.0)),
        *sorted(_ramp_binds(i, priced), key=lambda b: -(b[1].price_usd or 0.0)),
        *sorted(_depot_binds(i, priced), key=lambda b: -(b[1].price_usd or 0.0)),
        *_permit_binds(i, d),
    ]


def city_reason(f: Formulation, city: str, plans: list[DeploymentPlan]) -> str:
    """Return one sentence on why a city launches when it does, or not at all."""
    i = f.instance
    name = i.scope.catalogue.cities[city].name
    opened = sorted((p.launch, p.partner, p) for p in plans if p.launch)
    if opened:
        launch, partner, first = opened[0]
        others = [f"{p} from {m}" for m, p, _ in opened[1:]]
        more = f", then {' and '.join(others)}" if others else ""
        return f"{name} opens in {launch} with {partner}{more}; {max(first.vehicles)} vehicles of {partner} at most."
    candidates = [q for q in i.deployments if q.city == city]
    if not candidates:
        return f"{name} is not planned: no stack with a deal that the request admits may be placed there."
    soon = [t for q in candidates for m in q.modes for t in range(i.periods) if m.milestone.possible(t)]
    if not soon:
        return f"{name} is not launched: no permit for paid rides can be in hand within the horizon."
    first_month = i.grid.labels()[min(soon)]
    return (
        f"{name} is not launched: paid rides would be permitted from {first_month} at the earliest, "
        "but no rollout there adds to the objective under this request's limits."
    )


def doubtful_figures(i: Instance, city: str, stacks: Iterable[str]) -> list[FigureUse]:
    """Return the low-confidence and assumed figures that a city's rollout leans on, city first, then its stacks."""
    catalogue = i.scope.catalogue
    groups: list[Iterable[Figure]] = [catalogue.cities[city].figures.values()]
    groups += [catalogue.stacks[s].figures.values() for s in dict.fromkeys(stacks)]
    weak = [f for group in groups for f in group if f.confidence in {"low", "assumed"}]
    return [
        FigureUse(key=f.key, value=float(np.round(f.value, 6)), unit=f.unit, source=f.source, confidence=f.confidence)
        for f in weak[:MOST_FIGURES]
    ]
