"""A programme that opens nothing is money for no service: the rows forbid it, and the checker, written apart, finds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.ending import Ending
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.prices import local_prices
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.solve import Solution, solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.plans.assemble import assemble
from fleetplan.plans.check import CheckReport, check_plan
from fleetplan.plans.status import Proof
from fleetplan.plans.types import Plan
from fleetplan.scope import resolve_scope
from tests.test_optimize import SERVICES, WORLD, request


def without_openings(*left_out: str) -> Formulation:
    """Return the small problem in which the first programme is begun at once and nothing may open."""
    f = formulate(gather(resolve_scope(request(), WORLD), SERVICES), without=left_out)
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    lower[f.columns.deployments[0].begun] = 1.0
    for own in f.columns.deployments:
        upper[own.open.ravel()] = 0.0
    whole = whole_columns(f)
    return replace(f, model=replace(f.model, lower=lower, upper=upper, whole=whole))


def planned(f: Formulation, answer: Solution) -> Plan:
    assert answer.x is not None
    value = f.model.value(answer.x)
    result = SearchResult(x=np.round(answer.x), value=value, bound=value, ending=Ending.proven, seconds=0.0)
    return assemble(f, result, local_prices(f, result.x), Proof(value, Ending.proven, 0.0, 0, "0", "HiGHS"))


@pytest.fixture(scope="module")
def idle() -> tuple[Plan, CheckReport]:
    """Return a plan that is right in all but that its programme opens nothing, with the checker's report."""
    f = without_openings("programme_opens")
    plan = planned(f, solve(f.model, gap=1e-9))
    return plan, check_plan(plan, WORLD, SERVICES)


def test_the_rows_forbid_a_programme_that_opens_nothing():
    assert solve(without_openings().model).status == "infeasible"


def test_without_their_rule_it_would_be_a_plan_that_only_costs_money(idle: tuple[Plan, CheckReport]):
    plan, _ = idle
    begun = [d for city in plan.cities for d in city.deployments]
    assert [d.launch for d in begun] == [""]
    assert plan.objective < 0


def test_the_checker_finds_that_and_nothing_else_wrong_with_it(idle: tuple[Plan, CheckReport]):
    plan, report = idle
    found = {v.rule: v for v in report.violations}
    assert set(found) == {"programme_opens", "used_orders"}  # what it tests with is bought in vain
    begun = next(d for city in plan.cities for d in city.deployments)
    assert found["programme_opens"].where == f"{begun.city}/{begun.stack}"
    assert begun.programme_start in found["programme_opens"].sentence
