"""Plans of drawn requests are told in sentences, and each claim is held against the whole-vehicle plan it speaks of."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import pytest

from fleetplan.compare import compare_plans
from fleetplan.explain.answers import answers
from fleetplan.explain.constraints import constraint_outcomes
from fleetplan.explain.verdict import verdict
from fleetplan.facts import Binding
from fleetplan.months import month_number
from fleetplan.plans.reading import opened_deployments
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.words.names import Names
from fleetplan.words.unbroken import NO_BREAK
from fleetplan.words.values import count, month_name, several, usd, usd_fine
from tests.test_constraint_properties import WORLD, base, planned

SEEDS = range(3)
EXTRA: tuple[dict[str, Any], ...] = (
    {},
    {"capital": {"per_quarter_usd": 3e6}},
    {"constraints": [{"id": "cap", "type": "fleet_cap", "vehicles": 40}]},
)


@pytest.fixture(scope="module", params=[(seed, k) for seed in SEEDS for k in range(len(EXTRA))], ids=str)
def plan(request: pytest.FixtureRequest) -> Plan:
    seed, k = request.param
    made = planned(base(seed, **EXTRA[k]))
    assert made is not None
    return made


def deployment(plan: Plan, b: Binding) -> DeploymentPlan:
    return next(d for c in plan.cities for d in c.deployments if (d.city, d.stack) == (b.city, b.stack))


def limits(plan: Plan, b: Binding) -> None:
    """Hold the sentence of a limit against what the plan does in its period."""
    t, said = plan.periods.index(b.period), b.sentence.replace(NO_BREAK, " ")
    if b.rule == "capital":
        left = plan.cumulated_budget_usd[t] - list(accumulate(plan.capital_usd))[t]
        assert ("to the last dollar" in said) == (left < 1.0), (said, left)
        assert left < 1.0 or f"but for {usd(left)}" in said, (said, left)
    if b.rule in {"ramp", "first_year_fleet"}:
        fleet, full = deployment(plan, b).vehicles[t], "it has" not in said
        assert b.limit is not None
        assert full == (b.limit - fleet < 1.0), (said, fleet)
        assert count(b.limit) in said
        assert full or f"it has {count(fleet)}" in said
    if b.rule == "stack_supply":
        pool = next(s for s in plan.stacks if s.stack == b.stack)
        taken = pool.in_service[t] + pool.testing[t]
        taken = max(taken, pool.owned[t]) if pool.platform_owned else taken
        assert f"can place {count(pool.ceiling[t])} vehicles by {month_name(b.period)}" in said, (said, pool)
        assert ("all are taken" in said) == (pool.ceiling[t] == taken), (said, taken)
        assert "all are taken" in said or f"; {count(taken)} are taken" in said, (said, taken)
    if b.rule == "depot_capacity":
        told = re.search(r"room for ([\d,]+) vehicles, ([\d,]+) of them there", said)
        assert told is not None, said
        room, there = (int(found.replace(",", "")) for found in told.groups())
        city = next(c for c in plan.cities if c.city == b.city)
        placed = sum(d.vehicles[t] + d.test_vehicles[t] for d in city.deployments)
        assert there <= room, said
        assert there <= placed, (said, placed)
        assert all(d.live <= b.period for d in city.depots if d.stalls[t] or d.stalls_partner[t])
    if b.rule == "partner_growth":
        whose = deployment(plan, b).partner if b.city else next(s.partner for s in plan.stacks if s.stack == b.stack)
        fleet = sum(d.vehicles[t] for c in plan.cities for d in c.deployments if d.partner == whose)
        assert b.limit is not None
        assert ("it has" not in said) == (b.limit - fleet < 1.0), (said, fleet)
        assert "it has" not in said or f"it has {count(fleet)}" in said, (said, fleet)
    if b.rule == "partner_earns":
        own = deployment(plan, b).partner_account
        assert own is not None
        assert own.must_earn
        left = own.worth_usd - own.asked_usd
        assert ("comes out even" in said) == (abs(left) < 1.0), (said, left)
        assert "comes out even" in said or usd(left) in said, (said, left)
    if b.permit is not None:
        launch = month_number(deployment(plan, b).launch)
        before = plan.periods[plan.periods.index(b.period) - 1] if b.period != plan.periods[0] else None
        assert launch >= month_number(b.permit.in_hand)
        assert before is None or month_number(before) < month_number(b.permit.in_hand), said


def test_what_binds_is_so_in_the_plan_itself(plan: Plan):
    for bind in (*plan.binds, *(b for city in plan.cities for b in city.binds)):
        limits(plan, bind)


def test_the_verdict_counts_what_the_plan_has(plan: Plan):
    said = " ".join(verdict(plan)).replace(NO_BREAK, " ")
    opened = opened_deployments(plan)
    if not opened:
        assert "Open " not in said
        return
    live = {c.city for c, _ in opened}
    end = sum(d.vehicles[-1] for c in plan.cities for d in c.deployments)
    assert f"Open {len(live)} of {several(len(plan.cities), 'city', 'cities')}" in said
    assert f"{several(end, 'vehicle')} serve" in said
    assert f"in {month_name(min(d.launch for _, d in opened))}" in said
    assert f"It spends {usd(sum(plan.capital_usd))} of capital" in said
    deepest = plan.kpis.peak_funding_usd  # by month: at ends of periods cash is no deeper
    assert deepest >= -min(accumulate(plan.cash_usd)) - 1.0
    assert f"at its deepest is {usd(deepest)} out of pocket" in said
    out = [c.name for c in plan.cities if c.city not in live and not c.deployments]
    assert all(re.search(rf"{name}[^.]* stays? out", said) for name in out)


def test_answers_say_what_the_plan_spends_and_when_it_opens(plan: Plan):
    told = {a.key: " ".join(a.sentences).replace(NO_BREAK, " ") for a in answers(plan)}
    opened = opened_deployments(plan)
    waiting = [d for _, d in opened if any(b.permit and (b.city, b.stack) == (d.city, d.stack) for b in plan.binds)]
    if len(opened) > 1 and waiting:
        whole = len(waiting) == len(opened)
        assert ("Every opening comes" if whole else f"{len(waiting)} of {len(opened)} openings") in told["why"]
    if "late-money" in told:
        spent, budget = sum(plan.capital_usd), plan.cumulated_budget_usd[-1]
        assert f"by the end of the horizon {usd(spent)} of {usd(budget)}" in told["late-money"]
    if opened:
        rules = len(plan.certificate.rules_checked)
        assert f"an independent check found {several(rules, 'rule')} kept" in told["how-sure"]
        assert ("No other plan" in told["how-sure"]) == (plan.status == "optimal")


def test_a_city_that_is_not_launched_opens_nothing_and_what_is_proven_of_it_goes_with_the_bound(plan: Plan):
    for city in plan.cities:
        said, opened = city.outcome.sentence, [d for d in city.deployments if d.launch]
        assert ("is not launched" in said or "is not planned" in said) == (not opened), said
        if opened:
            first, most = min(opened, key=lambda d: (d.launch, d.partner)), city.outcome.kind
            assert most == "opens"
            assert said.startswith(f"{city.name} opens in {month_name(first.launch)} with {first.partner}"), said
        if "as is proven" in said and "worth more" in said:
            assert plan.bound - plan.objective < max(1.0, 1e-6 * plan.objective) or city.outcome.more_at_most_usd == 0.0


def test_what_a_plan_does_about_a_constraint_is_so_in_its_fleets(plan: Plan):
    for told in constraint_outcomes(plan, WORLD):
        assert told.told, told
        if told.id == "cap":
            fleets = [sum(d.vehicles[t] for c in plan.cities for d in c.deployments) for t in range(len(plan.periods))]
            first = plan.periods[fleets.index(max(fleets))]
            assert f"The largest fleet is {several(max(fleets), 'vehicle')}, in {month_name(first)}" in told.told


@pytest.mark.parametrize("seed", SEEDS)
def test_a_comparison_says_what_both_plans_have(seed: int):
    a, b = (planned(base(seed, **extra)) for extra in EXTRA[:2])
    assert a is not None
    assert b is not None
    found = compare_plans(a, b, Names(WORLD, (a, b)))
    was, now = ({(d.city, d.stack): d.launch for _, d in opened_deployments(plan)} for plan in (a, b))
    launches = {m.id: m for m in found.decisions if m.kind == "launch"}
    assert len(launches) == sum(was.get(key) != now.get(key) for key in {*was, *now})
    for move in launches.values():
        key = (move.city, move.stack)
        if key in was and key in now:
            assert f"{month_name(now[key])} instead of {month_name(was[key])}" in move.sentence
        else:
            assert month_name(now.get(key) or was[key]) in move.sentence, move
            assert ("no longer opens" in move.sentence) == (key not in now), move
    head = " ".join(found.summary)
    if launches:
        worth = f"{usd_fine(b.objective)} instead of {usd_fine(a.objective)}"
        assert worth in head, head
        assert f"{usd(abs(b.objective - a.objective))} {'more' if b.objective >= a.objective else 'less'}" in head, head
