"""Random small requests agree with the oracle: every type of constraint alone and in pairs, both objectives, and reruns.

The oracle is SCIP through OR-Tools on the same matrix at once, everything whole; what the production search delivers has passed
the independent checker. Requests are numbered (:mod:`tests.oracle_support`); ``FLEETPLAN_ORACLE=0:400`` takes those numbers.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace

import pytest

from fleetplan.errors import InfeasibleError
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.markets import counting, markets_at, with_markets
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.solve import Solution
from fleetplan.optimize.tidy import whole_columns
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.prepare import prepare
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.keeping import Keeping
from fleetplan.reruns.rerun import apply_patch, rerun
from fleetplan.run import Run
from tests.oracle_support import CONSTRAINTS, KINDS, Case, case, finer_services
from tests.test_optimize import WORLD

HERE = Run(catalogue=WORLD)
EXACTLY = PlanOptions(gap=1e-6, time_limit_s=60.0)
AGREE = 2e-6
SERVICES = finer_services()
FOUND = (14, 59, 72)  # each did not agree once
QUICK = (*FOUND, *range(3, 16, 4), *range(16, len(KINDS), 9))
SLOW = tuple(n for n in range(0, len(KINDS), 2) if n not in QUICK)[:20]
INSTEAD = {34: 410, 38: 1166, 97: 1225}
"""For numbers that take the two solvers ten times as long as others: later ones with the same types of constraint."""
CHOSEN = os.environ.get("FLEETPLAN_ORACLE")


def numbers() -> list[object]:
    """Return the numbers of the requests that are solved, the slow ones marked."""
    if CHOSEN:
        return list(range(*map(int, CHOSEN.split(":"))))
    quick, slow = ([INSTEAD.get(n, n) for n in some] for some in (QUICK, SLOW))
    return [*quick, *(pytest.param(n, marks=pytest.mark.slow) for n in slow)]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
    caplog.set_level(logging.ERROR)


@dataclass(frozen=True)
class Truth:
    """What the oracle says: the best worth in whole numbers, changes paid for (None: there is no plan), and the markets."""

    usd: float | None
    markets: int | None = None


def asked_of_the_oracle(f: Formulation, cost: bool = True) -> Solution:
    """Return the oracle's solution of a matrix with everything whole."""
    model = f.model if cost else counting(f)
    return solve_with_ortools(replace(model, whole=whole_columns(f)), time_limit_s=120.0)


def truth(f: Formulation) -> Truth:
    """Return what the oracle finds, markets first where they come first."""
    if f.instance.scope.request.objective == "npv":
        return Truth(asked_of_the_oracle(f).value)
    counted = asked_of_the_oracle(f, cost=False)
    if counted.x is None:
        return Truth(None)
    most = markets_at(f, counted.x)
    return Truth(asked_of_the_oracle(with_markets(f, most)).value, most)


def formulation(request: PlanRequest, keeping: Keeping | None = None) -> Formulation:
    """Return the matrix of a request, with what a rerun keeps and on the periods of its parent."""
    kept = keeping or Keeping()
    parent = None if kept.parent is None else kept.parent.request
    return kept.onto(prepare(request, HERE).cut(parent).formulation)


def agrees(plan: Plan, known: Truth, *, relaxed: bool) -> None:
    """Assert that a plan, its bound and its markets are what the oracle found; where rows relax a rule, no more than that."""
    assert known.usd is not None, "the oracle has no plan"
    assert plan.certificate.checker == "passed"
    worth = plan.objective - (plan.certificate.method.change_cost_usd or 0.0)
    bound = plan.bound - (plan.certificate.method.change_cost_usd or 0.0)
    apart = AGREE * max(abs(known.usd), 1e6)
    assert worth <= bound + apart
    if relaxed:
        if known.markets is None:
            assert bound >= worth
            assert worth <= known.usd + apart
        return
    if known.markets is not None:
        assert plan.markets is not None
        assert (plan.markets.found, plan.markets.most) == (known.markets, known.markets)
    assert worth == pytest.approx(known.usd, abs=apart)
    assert bound >= known.usd - apart
    assert bound <= known.usd + apart


def planned(request: PlanRequest) -> Plan | None:
    """Return the plan of a request; None if there is none."""
    try:
        return plan_with_context(request, EXACTLY, HERE).plan
    except InfeasibleError:
        return None


def again(parent: Plan, one: Case) -> Plan | None:
    """Return a rerun; None if there is none."""
    try:
        return rerun(parent, one.change, EXACTLY.model_copy(update=one.keep), HERE).plan
    except InfeasibleError:
        return None


@pytest.mark.parametrize("number", numbers())
def test_plan_bound_and_infeasibility_agree_with_the_oracle(number: int, caplog: pytest.LogCaptureFixture) -> None:
    one = case(number)
    plan, known = planned(one.request), truth(formulation(one.request))
    assert (plan is None) == (known.usd is None)
    if plan is None:
        return
    agrees(plan, known, relaxed=one.waits)
    rerun_agrees(plan, one)
    assert not caplog.records


def rerun_agrees(parent: Plan, one: Case) -> None:
    """Assert the same of a rerun of the plan: decisions kept before a month, changes that have a price."""
    keeping = Keeping(parent, EXACTLY.model_copy(update=one.keep))
    child = again(parent, one)
    changed = parse_request(apply_patch(parent.request.model_dump(mode="json"), one.change))
    known = truth(formulation(changed, keeping))
    assert (child is None) == (known.usd is None)
    if child is not None:
        agrees(child, known, relaxed=one.waits)


@pytest.mark.parametrize(
    "number", [18, pytest.param(57, marks=pytest.mark.slow), pytest.param(101, marks=pytest.mark.slow)]
)
def test_two_processes_agree_with_the_oracle(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.planner.is_small", lambda _: False)
    one = case(number)
    plan, known = planned(one.request), truth(formulation(one.request))
    assert (plan is None) == (known.usd is None)
    if plan is not None:
        agrees(plan, known, relaxed=one.waits)


def test_a_number_that_stands_in_for_another_has_the_same_types_of_constraint() -> None:
    for slow, other in INSTEAD.items():
        assert KINDS[other % len(KINDS)] == KINDS[slow]


def test_the_numbers_cover_every_type_alone_and_in_pairs() -> None:
    assert len(KINDS) == len(CONSTRAINTS) * (len(CONSTRAINTS) + 3) // 2 - 1
    drawn = [case(n) for n in range(len(KINDS))]
    assert {tuple(c.type for c in d.request.constraints) for d in drawn} == set(KINDS)
    assert {d.request.objective for d in drawn} == {"npv", "markets_then_npv"}
    assert {tuple(sorted(d.keep)) for d in drawn} == {
        (),
        ("change_price_usd",),
        ("freeze_until",),
        ("change_price_usd", "freeze_until"),
    }
    assert {d.request.permit_durations for d in drawn} == {"min", "promised", "median", "careful", "max"}
    assert len({d.request.capital.cash_floor_usd is None for d in drawn}) == 2
