"""Which rules the plan's decisions would break with a figure at one end: asked of the independent checker itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books, Revalued
from fleetplan.doubt.ranges import Ranged, with_figure
from fleetplan.doubt.types import AmountSaid, Broken, NameSaid
from fleetplan.plans.check import depots, growth, law, operation, partners, supply, targets
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.money import deployment_lines
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import MONEY_SHARE, MONEY_USD, Named, Usd, Violation, say
from fleetplan.plans.check.started import excused
from fleetplan.plans.check.value import cumulated_budget
from fleetplan.plans.types import Plan
from fleetplan.request.constraints import MinimumTrips, ResultFloor

MOST_TOLD = 3
"""So many breaches a figure's end lists; one a rule and place."""

LAW_FILES = "jurisdictions/"
SPEAKS = (
    *("slip.", "fleet.growth", "fleet.partner_growth", "fleet.first_year", "fleet.likely_launch", "fleet.min_launch"),
    *("fleet.operator_pilot", "fleet.km2_per", "fleet.test_fleet", "fleet.life_years", "fleet.partner_least"),
    *(
        "area.doubling",
        "supply.",
        "vehicles_per_fast_stall",
        "partner.contract_years",
        "partner.least_margin",
        "suspension.",
    ),
)
"""Figures that rules on decisions read, by how their names begin; the months of permits do so too."""

_Check = Callable[[Case, Calendar], Iterator[Violation]]
DECISIONS: tuple[_Check, ...] = (
    law.check_permit_path,
    law.check_permit_area,
    law.check_permit_cap,
    operation.check_min_fleet,
    growth.check_ramp,
    growth.check_first_year_fleet,
    growth.check_partner_growth,
)
DECISIONS_ALONE: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    operation.check_operator_pilot,
    operation.check_area_density,
    supply.check_stack_supply,
    supply.check_owned_fleet,
    supply.check_supply_yearly_cap,
    depots.check_depot_capacity,
)


def speaks_of_rules(key: str) -> bool:
    """Return whether rules on what is decided read a figure."""
    return key.startswith(LAW_FILES) or key.partition("#")[2].startswith(SPEAKS)


class Rules:
    """Asks the checker what a figure's end would break; ``books`` hold the plan."""

    def __init__(self, books: Books) -> None:
        self._books, self._case = books, books.fixed.case
        self._budget = np.array(cumulated_budget(self._case))
        own = Calendar(self._case)
        self._must_earn = [d.name for d in self._case.deployed if partners.account(self._case, own, d).must_earn]
        asked = self._case.request.constraints
        self._asked = any(isinstance(c, MinimumTrips | ResultFloor) for c in asked)

    def broken(self, one: Ranged, found: Revalued, row: int, *, high: bool) -> list[Broken]:
        """Return what a figure's end breaks; ``row`` is its future in ``found``."""
        violations = [*self._money(found, row)]
        decisions, trips = speaks_of_rules(one.key), self._trips_move(found, row)
        if decisions or trips or self._must_earn:
            case = self._changed(one, found, row, high=high)
            calendar = Calendar(case)
            judged = self._judged(case, calendar, decisions=decisions)
            violations += (v for v in judged if not excused(case, v))
        return _told(violations)

    def _trips_move(self, found: Revalued, row: int) -> bool:
        likely = self._books.likely.trips
        return any(np.abs(found.trips[name][row] - trips[0]).max() > 0 for name, trips in likely.items())

    def _money(self, found: Revalued, row: int) -> Iterator[Violation]:
        """Yield periods without the capital or the cash that the plan needs there."""
        labels, floor = self._case.labels, self._case.request.capital.cash_floor_usd
        for t, spent in enumerate(accumulate(found.capital_usd[row])):
            budget = float(self._budget[t])
            if spent > budget + MONEY_USD + MONEY_SHARE * budget:
                text = say("{} of capital would be spent; the budget is {}", Usd(spent, 0), Usd(budget, 0))
                yield Violation("capital", labels[t], text, float(spent) - budget)
        for t, earned in enumerate(accumulate(found.cash_usd[row])):
            total = earned + self._case.cash_before
            if floor is not None and total < -floor - MONEY_USD - MONEY_SHARE * floor:
                text = say("cumulated cash would be {}; it may not fall below {}", Usd(total, 0), Usd(-floor, 0))
                yield Violation("cash_floor", labels[t], text, -floor - float(total))

    def _judged(self, case: Case, calendar: Calendar, *, decisions: bool) -> Iterator[Violation]:
        for check in DECISIONS if decisions else ():
            yield from (v for v in check(case, calendar) if v.rule != "permit_path" or v.where.count("/") > 1)
        for alone in DECISIONS_ALONE if decisions else ():
            yield from alone(case)
        if decisions:
            yield from growth.check_area_growth(case, calendar)
        yield from operation.check_partner_use(case, calendar)
        if self._asked:
            yield from targets.check_targets(case)
        for deployed in case.deployed:
            if deployed.name in self._must_earn:
                own = partners.account(case, calendar, deployed)
                short = partners.short_usd(own)
                if short:
                    text = say("the partner's account would come to {} under its contract", Usd(own.worth_usd, 0))
                    yield Violation("partner_earns", deployed.name, text, short)

    def _changed(self, one: Ranged, found: Revalued, row: int, *, high: bool) -> Case:
        """Return the plan beside a catalogue in which a figure has one of its ends, its trips revalued."""
        raw, plan = self._case.raw, _carrying(self._case.plan, found, row)
        if one.key.startswith(LAW_FILES):
            return Case(plan, _with_months(raw, one.key, (one.high if high else one.low)[0]), self._case.services)
        request = plan.request.model_copy(
            update={"overrides": with_figure(list(plan.request.overrides), one, high=high)}
        )
        case = Case(plan.model_copy(update={"request": request}), raw, self._case.services)
        return _with_lines(case) if self._asked else case


def _carrying(plan: Plan, found: Revalued, row: int) -> Plan:
    """Return a plan whose services carry the trips of a future."""
    cities = []
    for city in plan.cities:
        rows = [
            d.model_copy(update={"trips_per_day": found.trips[f"{d.city}/{d.stack}"][row].tolist()})
            for d in city.deployments
        ]
        cities.append(city.model_copy(update={"deployments": rows}))
    return plan.model_copy(update={"cities": cities})


def _with_lines(case: Case) -> Case:
    """Return a case whose services tell the lines that follow from its figures and trips."""
    calendar = Calendar(case)
    lines = {d.name: deployment_lines(case, calendar, d) for d in case.deployed}
    cities = [
        city.model_copy(
            update={
                "deployments": [
                    d.model_copy(update={"lines_usd": lines[f"{d.city}/{d.stack}"]}) for d in city.deployments
                ]
            }
        )
        for city in case.plan.cities
    ]
    return Case(case.plan.model_copy(update={"cities": cities}), case.raw, case.services)


def _with_months(raw: Catalogue, key: str, months: float) -> Catalogue:
    """Return a catalogue in which a permit takes other months, whichever durations a request plans on."""
    slug, permit = key.removeprefix(LAW_FILES).partition(".toml#")[::2]
    permit = permit.removesuffix(".months")
    jurisdiction = raw.jurisdictions[slug]
    slower = replace(jurisdiction.permits[permit], months_likely=months, months_min=months, months_max=months)
    changed = replace(jurisdiction, permits={**jurisdiction.permits, permit: slower})
    return replace(raw, jurisdictions={**raw.jurisdictions, slug: changed})


def _told(violations: list[Violation]) -> list[Broken]:
    """Return the first breach of each rule and place, those that miss by most first."""
    first: dict[tuple[str, str], Violation] = {}
    for violation in violations:
        place = violation.where.rpartition("/")[0] or violation.rule
        first.setdefault((violation.rule, place), violation)
    return [_typed(v) for v in list(first.values())[:MOST_TOLD]]


def _typed(v: Violation) -> Broken:
    facts = tuple(_fact(fact) for fact in v.says.facts)
    return Broken(rule=v.rule, where=v.where, sentence=v.sentence, template=v.says.template, facts=facts)


def _fact(fact: object) -> AmountSaid | NameSaid | int | float | str:
    if isinstance(fact, Usd):
        return AmountSaid(amount=fact.amount, digits=fact.digits)
    if isinstance(fact, Named):
        return NameSaid(kind=fact.kind, key=fact.key)
    return fact if isinstance(fact, int | float | str) else str(fact)
