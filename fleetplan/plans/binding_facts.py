"""What binds a plan: the limits that are worth most near it, and the permits that its openings wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from fleetplan.facts import Binding, PermitWait, RuleKind
from fleetplan.months import month_text
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.prices import RowPrices
from fleetplan.permits import PermitTiming
from fleetplan.plans.check.measure import told_rollouts
from fleetplan.plans.check.targets import measured
from fleetplan.plans.decisions import Decisions, Rollout
from fleetplan.plans.permit_steps import needed_permits, programme_starts
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.request import AnyConstraint
from fleetplan.request.members import number_of

MILLION = 1e6  # capital rows are in millions
LEAST_PRICE_USD = 100.0
LEAST_CAPITAL_PRICE = 0.005
VEHICLE, NEARLY = "vehicle", 1e-6
REQUEST = "the request"
Priced = dict[tuple[str, str], dict[int, float]]


@dataclass(frozen=True, eq=False)
class _Found:
    """What the facts are read from: ``priced`` holds by rule and place the highest price of a row in each period.

    ``left`` holds alike how far the plan stays from that row's limit.
    """

    instance: Instance
    plan: Plan
    decisions: Decisions
    priced: Priced
    left: Priced
    kinds: Mapping[str, RuleKind]

    def month(self, period: int) -> str:
        return self.instance.grid.labels()[period] if 0 <= period < self.instance.periods else ""

    def dearest(self, rule: str, where: str) -> tuple[float, int]:
        """Return the highest price of a rule somewhere, and the first period that has it (0 and -1: none)."""
        prices = self.priced.get((rule, where), {})
        t = min(prices, key=lambda t: (-prices[t], t), default=-1)
        return prices.get(t, 0.0), t

    def most(self, rule: str, where: str, fleet: int, t: int) -> float:
        """Return how many vehicles a rule lets there be, in whole ones, where the plan has ``fleet``."""
        return fleet + float(floor(self.left[rule, where][t] + NEARLY))

    def price(self, rule: str, where: str) -> tuple[float, int] | None:
        """Return a price that is worth telling, with its period."""
        price, t = self.dearest(rule, where)
        return (round(price, 2), t) if price >= LEAST_PRICE_USD else None


def _priced(prices: RowPrices) -> tuple[Priced, Priced]:
    """Return the highest price by rule, place and period, and what the plan leaves of that row; sums limit nothing."""
    best: Priced = {}
    left: Priced = {}
    for block in prices.blocks:
        rows = slice(block.first, block.first + len(block.periods))
        own, where = prices.usd[rows], (block.rule, block.place.where)
        if block.part == "sum" or not own.any():
            continue
        there, over = best.setdefault(where, {}), left.setdefault(where, {})
        for t, price, rest in zip(block.periods.tolist(), own.tolist(), prices.left[rows].tolist(), strict=True):
            if price > there.get(t, 0.0):
                there[t], over[t] = price, rest
    return best, left


def _kinds(f: Formulation) -> dict[str, RuleKind]:
    """Return who sets each rule, by its key; what only defines a column sets nothing."""
    return {rule.key: rule.kind for rule in f.rules if rule.kind != "definition"}


def _dearest_first(found: list[Binding]) -> list[Binding]:
    return sorted(found, key=lambda b: -(b.price_usd or 0.0))


# --- money, partners, operation ---


def _capital(x: _Found) -> list[Binding]:
    price, t = x.dearest("capital", "plan")
    price /= MILLION
    if price < LEAST_CAPITAL_PRICE or t < 0:
        return []
    return [
        Binding(
            rule="capital",
            kind=x.kinds["capital"],
            period=x.month(t),
            limit=x.plan.cumulated_budget_usd[t],
            amount=round(sum(x.plan.capital_usd[: t + 1]), 2),
            limit_unit="USD",
            price_usd=round(price, 6),
            unit="USD",
            source=REQUEST,
        )
    ]


def _supply(x: _Found) -> list[Binding]:
    found = []
    for fleet in x.plan.stacks:
        if priced := x.price("stack_supply", fleet.stack):
            price, t = priced
            away = fleet.in_service[t] + fleet.testing[t]
            found.append(
                Binding(
                    rule="stack_supply",
                    kind=x.kinds["stack_supply"],
                    stack=fleet.stack,
                    period=x.month(t),
                    limit=fleet.ceiling[t],
                    amount=max(away, fleet.owned[t]) if fleet.platform_owned else away,
                    limit_unit=VEHICLE,
                    price_usd=price,
                    unit=VEHICLE,
                    source=x.instance.catalogue_stack(fleet.stack).figures["supply.placeable"].source,
                )
            )
    return found


def _growth(x: _Found) -> list[Binding]:
    """Return the deployments and partners that grow as fast as a rule of growth lets them, where that costs most."""
    found = []
    own = x.instance.scope.catalogue.assumptions
    fleets = {(d.stack, d.city): d.vehicles for c in x.plan.cities for d in c.deployments}
    for rule, key in (("ramp", "fleet.growth_share_per_month"), ("first_year_fleet", "fleet.first_year_fleet")):
        for q in x.instance.deployments:
            if (priced := x.price(rule, q.key)) and (q.stack, q.city) in fleets:
                price, t = priced
                fleet = fleets[q.stack, q.city][t]
                if not fleet:  # nothing runs that could grow
                    continue
                most = x.most(rule, q.key, fleet, t)
                there = {"city": q.city, "stack": q.stack, "limit": most, "amount": fleet, "limit_unit": VEHICLE}
                there["opens"] = rule == "ramp" and not (t and fleets[q.stack, q.city][t - 1])
                found.append(_grown(x, rule, t, price, own[key].source, **there))
    for partner, users in x.instance.by_partner.items():
        if priced := x.price("partner_growth", partner):
            price, t = priced
            places = [(x.instance.deployments[q].stack, x.instance.deployments[q].city) for q in users]
            fleet = sum(fleets[place][t] for place in places if place in fleets)
            most = x.most("partner_growth", partner, fleet, t)
            there = {"stack": places[0][0], "limit": most, "amount": fleet, "limit_unit": VEHICLE}
            source = own["fleet.partner_growth_share_per_month"].source
            found.append(_grown(x, "partner_growth", t, price, source, **there))
    return found


def _grown(x: _Found, rule: str, t: int, price: float, source: str, **there: Any) -> Binding:
    kind = x.kinds[rule]
    return Binding(rule=rule, kind=kind, period=x.month(t), price_usd=price, unit=VEHICLE, source=source, **there)


def _partners(x: _Found) -> list[Binding]:
    """Return the partners whose own account comes out even and no more, and what a dollar less asked of it would be worth."""
    found = []
    for d in (d for c in x.plan.cities for d in c.deployments if d.launch and d.partner_account is not None):
        price = x.dearest("partner_earns", f"{d.stack}@{d.city}")[0] / MILLION
        if price >= LEAST_CAPITAL_PRICE and d.partner_account is not None:
            found.append(
                Binding(
                    rule="partner_earns",
                    kind=x.kinds["partner_earns"],
                    city=d.city,
                    stack=d.stack,
                    period=d.launch,
                    limit=d.partner_account.asked_usd,
                    amount=d.partner_account.worth_usd,
                    limit_unit="USD",
                    price_usd=round(price, 6),
                    unit="USD",
                    source=x.instance.scope.catalogue.assumptions["partner.contract_years"].source,
                )
            )
    return found


def _depots(x: _Found) -> list[Binding]:
    """Return the cities whose stalls with power are full in a period where one more would be worth something."""
    found = []
    for city in x.plan.cities:
        prices = x.priced.get(("depot_capacity", city.city), {})
        full = {t: prices[t] for t in prices if _stalls_are_full(x, city, t)}
        t = min(full, key=lambda t: (-full[t], t), default=-1)
        if full.get(t, 0.0) >= LEAST_PRICE_USD:
            found.append(
                Binding(
                    rule="depot_capacity",
                    kind=x.kinds["depot_capacity"],
                    city=city.city,
                    period=x.month(t),
                    limit=_room(x, city, t),
                    amount=_charging(x, city, t),
                    limit_unit=VEHICLE,
                    price_usd=round(full[t], 2),
                    unit=VEHICLE,
                    source=f"{city.city}/depots.csv: stalls and lead months of each site (assumed)",
                )
            )
    return found


def _stalls_are_full(x: _Found, city: CityRollout, t: int) -> bool:
    """Return whether the sites that are live have no stall left; what a stall costs is a price of its own."""
    return _charging(x, city, t) > _room(x, city, t) - x.instance.world.vehicles_per_stall


def _room(x: _Found, city: CityRollout, t: int) -> float:
    """Return how many electric vehicles find a charger: at sites ordered and live, and in public."""
    live = {d.site for d in city.depots if d.live <= x.month(t)}
    stalls = sum(s.stalls for s in x.instance.scope.catalogue.cities[city.city].depots if s.name in live)
    return round(x.instance.world.vehicles_per_stall * stalls + x.instance.world.public_cars, 2)


def _charging(x: _Found, city: CityRollout, t: int) -> int:
    electric = {q.stack for q in x.instance.deployments if q.electric}
    return sum(d.vehicles[t] + d.test_vehicles[t] for d in city.deployments if d.stack in electric)


# --- the request's constraints ---


def _amount(x: _Found, c: AnyConstraint, t: int) -> float | None:
    """Return what the plan has in a period of what a constraint limits, where it is nearest to its limit."""
    found = [m for m in measured(told_rollouts(x.plan), c) if m.month == x.month(t)]
    return round(max(found, key=lambda m: m.missed).amount, 4) if found and number_of(c) is not None else None


def _target(x: _Found, c: AnyConstraint, price: float, t: int) -> Binding:
    limit = c.limit
    return Binding(
        rule=c.type,
        kind="target",
        constraint=c.id,
        city=getattr(c, "city", None) or "",
        stack=getattr(c, "stack", None) or "",
        period=x.month(t),
        limit=number_of(c),
        amount=_amount(x, c, t),
        limit_unit=limit.unit if limit else "",
        price_usd=price,
        unit=(limit.priced or limit.unit if limit else "") or "unit",
        source=REQUEST,
    )


def _targets(x: _Found) -> list[Binding]:
    priced = [(c, _target_price(x, c)) for c in x.instance.scope.constraints]
    return [_target(x, c, *found) for c, found in priced if found is not None]


def _target_price(x: _Found, c: AnyConstraint) -> tuple[float, int] | None:
    """Return what one more of a constraint's limit is worth, where that is worth telling, with its period."""
    if c.limit is None or c.limit.unit != "USD":
        return x.price(c.type, c.id)
    price, t = x.dearest(c.type, c.id)
    price = round(price / MILLION, 4)  # as capital: its rows are in millions
    return (price, t) if price >= LEAST_CAPITAL_PRICE else None


# --- permits ---


def _last_permit(x: _Found, r: Rollout) -> tuple[str, int] | None:
    """Return the permit that came last before a rollout opened as it did, and the month it was in hand."""
    if r.opened is None:
        return None
    timings = r.data.path.timings(programme_starts(x.instance, x.decisions, r))
    now = int(x.instance.grid.starts[r.opened])
    running = (m.permit for k, m in enumerate(r.data.modes) if r.by_mode[k][r.opened] > 0)
    ready = [permit for permit in running if timings[permit].finish <= now]
    if not ready:
        return None
    opener = min(ready, key=lambda p: timings[p].finish)
    for gate in r.data.level_gates[0]:
        area = min((_latest(milestone.permits, timings) for milestone in gate), key=lambda p: timings[p].finish)
        opener = _latest([opener, area], timings)
    return opener, timings[opener].finish


def _latest(permits: Sequence[str], timings: Mapping[str, PermitTiming]) -> str:
    return max(permits, key=lambda p: timings[p].finish)


def _critical(x: _Found, r: Rollout, target: str) -> list[str]:
    """Return the chain of permits whose months decide when ``target`` is in hand, last first."""
    timings = r.data.path.timings(programme_starts(x.instance, x.decisions, r))
    chain, at = [], target
    while at:
        chain.append(at)
        permit, start = r.data.path.permits[at], timings[at].start
        before = [p for p in needed_permits(r.data.path, [at], timings) if p != at]
        direct = [p for p in before if p in {*permit.all_of, *permit.any_of} and timings[p].finish == start]
        at = direct[0] if direct else ""
    return chain


def _opens_at_once(x: _Found, r: Rollout, month: int) -> bool:
    """Return whether a rollout opens in the first period that a permit in hand from ``month`` leaves it."""
    return r.opened in {x.instance.grid.first_period_from(month), x.instance.grid.period_of(month)}


def _permits(x: _Found) -> list[Binding]:
    found = []
    for r in x.decisions.rollouts:
        last = _last_permit(x, r)
        if r.opened is None or last is None or last[1] < x.instance.grid.start or not _opens_at_once(x, r, last[1]):
            continue
        permits = r.data.path.permits
        permit = permits[last[0]]
        events = [permits[p].event for p in _critical(x, r, permit.id) if permits[p].event]
        wait = PermitWait(
            permit=permit.id,
            title=permit.title,
            authority=permit.authority,
            in_hand=month_text(last[1]),
            begun=x.month(r.begun),
            event=events[0] if events else "",
        )
        found.append(
            Binding(
                rule="permit_path",
                kind=x.kinds["permit_path"],
                city=r.data.city,
                stack=r.data.stack,
                period=x.month(r.opened),
                permit=wait,
                source=permit.source,
            )
        )
    return found


def binding_facts(f: Formulation, prices: RowPrices, decisions: Decisions, plan: Plan) -> list[Binding]:
    """Return what binds a plan: money, the request's constraints, partners, operation, permits; each dearest first."""
    x = _Found(f.instance, plan, decisions, *_priced(prices), _kinds(f))
    priced = [_dearest_first(find(x)) for find in (_supply, _growth, _depots, _partners)]
    return [*_capital(x), *_targets(x), *(b for found in priced for b in found), *_permits(x)]


def binds_of(binds: list[Binding], city: str, stacks: set[str]) -> list[Binding]:
    """Return what binds a city: limits that name it, and limits of the stacks that run there and name no city."""
    return [b for b in binds if b.city == city or (not b.city and b.stack in stacks)]
