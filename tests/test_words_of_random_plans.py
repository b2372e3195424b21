"""Plans of drawn requests are told in sentences, and each claim is held against the whole-vehicle plan it speaks of."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import pytest

from fleetplan.explain.answers import answers
from fleetplan.explain.verdict import verdict
from fleetplan.facts import Binding
from fleetplan.months import month_number
from fleetplan.plans.reading import opened_deployments
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.words.unbroken import NO_BREAK
from fleetplan.words.values import count, month_name, several, usd
from tests.test_constraint_properties import base, planned

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
