"""Bounds that no rounding can lower: against fractions on tiny programmes, on the small world, on the reference request."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import INF, PLAN, Array, Builder, Model, RowLabel
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.search import search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.prepare import prepare
from fleetplan.proven import Exactness
from fleetplan.request import read_request
from fleetplan.reruns.rerun import rerun
from fleetplan.run import Run
from fleetplan.words.exactness import exactness_sentence
from tests.exact_support import best_vertex, bounded, dual_bound, exact_search
from tests.test_optimize import SERVICES, WORLD, random_request, request, written

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
RELATIVE = 1e-6


def tiny(seed: int, *, scale: float = 1.0) -> Model:
    """Return a linear programme with up to three bounded columns; ``scale`` spreads the sizes of its numbers."""
    rng = np.random.default_rng(seed)
    columns, rows = int(rng.integers(1, 4)), int(rng.integers(0, 4))

    def number() -> float:
        return float(rng.normal() * scale ** rng.uniform(-1, 1))

    b = Builder()
    upper = np.array([abs(number()) for _ in range(columns)])
    b.block((columns,), upper, lower=-upper * rng.uniform(0, 1, columns))
    for r in range(rows):
        ends = sorted((number(), abs(number())))
        low, high = [(-INF, ends[1]), (min(ends[0], 0.0), INF), (min(ends[0], 0.0), ends[1])][int(rng.integers(3))]
        b.row(RowLabel("r", PLAN, r), [(j, number()) for j in range(columns)], low, high)
    b.constant = number()
    return b.finish(np.array([number() for _ in range(columns)]))


def exact(bound: float) -> Fraction | float:
    """Return a bound as the rational that it is."""
    return Fraction(bound) if math.isfinite(bound) else bound


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize("seed", range(40))
def test_no_prices_prove_less_than_the_exact_optimum(seed: int, scale: float) -> None:
    model = tiny(seed, scale=scale)
    optimum = best_vertex(model)
    assert optimum is not None, "zero is a point of all of them"
    rng = np.random.default_rng(1000 + seed)
    guesses = [rng.normal(size=model.rows) * scale**k for k in (-1, 0, 1)]
    guesses += [
        np.zeros(model.rows),
        np.full(model.rows, 1e300),
        np.full(model.rows, np.nan),
        np.full(model.rows, -np.inf),
    ]
    assert all(exact(proven_bound(model, y)) >= optimum for y in guesses)


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize("seed", range(40))
def test_a_solver_s_prices_prove_the_optimum_but_for_a_millionth(seed: int, scale: float) -> None:
    model = tiny(seed, scale=scale)
    model = replace(
        model, cost=model.cost * 1e6
    )  # the solver counts in millions and takes less than a tenth of a dollar for nothing
    answer, optimum = solve(model, relax=True), best_vertex(model)
    assert answer.row_duals is not None
    assert optimum is not None
    bound = proven_bound(model, answer.row_duals)
    size = max(1.0, abs(float(optimum)), float(np.abs(model.cost) @ np.maximum(model.upper, -model.lower)))
    assert optimum <= exact(bound)
    assert bound <= float(optimum) + RELATIVE * size


def plain_bound(model: Model, y: Array) -> float:
    """Return weak duality as one would write it down, rounded as it comes."""
    z = model.cost - model.matrix.T @ y
    ends = np.where(z > 0, model.upper, model.lower)
    rows = np.where(y > 0, model.row_upper, np.where(y < 0, model.row_lower, 0.0))
    return float(model.constant + y @ rows + z @ ends)


def test_plain_sums_fall_below_what_prices_prove_and_ours_never_do() -> None:
    below = 0
    for seed in range(300):
        model = replace(tiny(seed, scale=1e3), constant=0.0)
        y = np.random.default_rng(seed).normal(size=model.rows)
        y = np.where(np.isinf(model.row_upper), -np.abs(y), np.where(np.isinf(model.row_lower), np.abs(y), y))
        truth = dual_bound(model, y)
        assert truth is not None
        below += Fraction(plain_bound(model, y)) < truth
        ours = proven_bound(model, y)
        assert Fraction(ours) >= truth
        assert ours <= float(truth) + 1e-9 * max(1.0, float(np.abs(model.cost) @ np.maximum(model.upper, -model.lower)))
    assert below > 30


def test_terms_that_all_but_cancel_are_summed_to_the_safe_side() -> None:
    b = Builder()
    b.block((1,), 1e9)
    b.row(RowLabel("r", PLAN, 0), [(0, 0.1)], high=0.0)
    model = b.finish(np.array([0.3]))
    y = np.array([3.0])  # 3 * 0.1 in doubles is not 0.3
    truth = dual_bound(model, y)
    assert truth is not None
    assert proven_bound(model, y) >= truth
    assert proven_bound(model, y) < 1e-6


def test_columns_without_limits_take_what_rows_imply_and_without_that_nothing_is_proven() -> None:
    b = Builder()
    spent, free = b.block((2,)), b.block((1,), lower=-INF)
    b.row(RowLabel("budget", PLAN, 0), [(int(spent[0]), 1.0), (int(spent[1]), 1.0)], high=10.0)
    b.row(RowLabel("sum", PLAN, 0), [(int(free[0]), -1.0), (int(spent[0]), 2.0)], low=0.0, high=0.0)
    model = b.finish(np.array([1.0, 0.5, 0.25]))
    best = 15.0  # all is spent in the first column: 10 + 20 / 4
    assert best <= proven_bound(model, np.array([1.5, -0.25])) <= best + 1e-9
    assert best <= proven_bound(model, np.array([1.4999999, -0.2500001])) <= best + 1e-4
    assert best <= proven_bound(model, np.zeros(2)) < INF
    assert proven_bound(model.loosened(np.array([0])), np.zeros(2)) == INF


@pytest.mark.parametrize("seed", range(6))
def test_the_relaxation_of_the_small_world_is_proven_again(seed: int) -> None:
    f = written(random_request(seed))
    answer = solve(f.model, relax=True)
    assert answer.row_duals is not None
    bound = proven_bound(f.model, answer.row_duals)
    assert answer.bound - 1e-6 * abs(answer.bound) <= bound <= answer.bound * (1 + RELATIVE) + 1.0
    found = search(f, time_limit_s=60, gap=0.0, seed=0, report=lambda *_: None)
    assert found is not None
    assert bound >= found.value
    assert found.root == pytest.approx(bound, abs=1.0)


def tinier(seed: int) -> Any:
    """Return the smallest problems that still have something to decide: one city, four to six quarters, a cap."""
    rng = np.random.default_rng(seed)
    months, fare = int(rng.choice([12, 15, 18])), {"figure": "belport/city.toml#market.mean_fare_local"}
    more: dict[str, Any] = {
        "cities": ["belport"],
        "horizon": {"start": "2027-01", "months": months, "single_months": 0},
        "capital": {"per_quarter_usd": float(rng.uniform(1e6, 4e6))},
        "overrides": [fare | {"factor": float(rng.uniform(1, 3))}],
        "constraints": [{"id": "cap", "type": "fleet_cap", "vehicles": int(rng.integers(25, 60))}],
    }
    return written(request(**more))


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6, pytest.param(7, marks=pytest.mark.slow)])
def test_the_bound_of_the_production_search_is_never_below_the_exact_optimum(seed: int) -> None:
    f = tinier(seed)
    found = search(f, time_limit_s=60, gap=0.0, seed=0, report=lambda *_: None)
    assert found is not None
    truth = exact_search(bounded(replace(f.model, whole=whole_columns(f))), found.x)
    size = max(1.0, abs(found.value))
    assert found.bound >= float(truth.low) - 1e-9 * size
    assert found.value <= float(truth.high) + 1e-9 * size
    assert truth.high - truth.low <= 3


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_the_bound_of_two_processes_is_never_below_the_exact_optimum(seed: int) -> None:
    f = tinier(seed)
    with Crew() as crew:
        found = search(f, time_limit_s=60, gap=1e-4, seed=0, report=lambda *_: None, crew=crew)
    assert found is not None
    truth = exact_search(bounded(replace(f.model, whole=whole_columns(f))), found.x)
    assert found.bound >= float(truth.low) - 1e-9 * abs(found.bound)
    assert found.root is not None
    assert found.bound <= found.root + 1e-6 * abs(found.root)


@pytest.fixture
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.mark.usefixtures("_small_world")
@pytest.mark.parametrize(("cap", "arithmetic"), [(0, "directed_rounding"), (1000, "floating_point")])
def test_the_certificate_says_in_which_arithmetic_the_bound_is_proven(cap: int, arithmetic: str) -> None:
    asked = request(constraints=[{"id": "cap", "type": "fleet_cap", "vehicles": cap}])
    plan = plan_with_context(asked, PlanOptions(gap=0.0), Run(catalogue=WORLD)).plan
    told = plan.certificate.exactness
    assert told.arithmetic == arithmetic
    assert told.root_usd is not None
    assert (plan.bound >= told.root_usd) == (arithmetic == "directed_rounding")
    assert plan.status == "optimal"
    assert told.sentence == exactness_sentence(told)


@pytest.mark.usefixtures("_small_world")
def test_a_bound_taken_over_keeps_the_exactness_that_it_was_proven_with() -> None:
    here = Run(catalogue=WORLD)
    parent = plan_with_context(request(), PlanOptions(gap=0.0), here).plan
    child = rerun(parent, {"capital": {"per_quarter_usd": 7.99e6}}, PlanOptions(gap=0.5), here).plan
    assert child.certificate.method.inheritance == "inherited"
    assert child.bound == parent.bound
    assert child.certificate.exactness == parent.certificate.exactness


def test_what_was_not_proven_again_is_told_as_such() -> None:
    assert "not proven again" in exactness_sentence(Exactness())
    assert "linear relaxation proves $12.0 M" in exactness_sentence(Exactness(root_usd=12e6))
    assert "no rounding error" in exactness_sentence(Exactness(arithmetic="directed_rounding", root_usd=12e6))


@pytest.mark.slow
@pytest.mark.parametrize("example", ["uber-2027", "tight-budget"])
def test_the_relaxation_of_real_requests_is_proven_again(example: str) -> None:
    f = prepare(read_request(EXAMPLES / f"{example}.yaml")).formulation
    answer = solve(f.model, relax=True)
    assert answer.row_duals is not None
    bound = proven_bound(f.model, answer.row_duals)
    assert answer.bound * (1 - 1e-9) <= bound <= answer.bound * (1 + 20 * RELATIVE)


@pytest.mark.slow
def test_the_plan_of_the_reference_request_is_worth_no_more_than_is_proven_exactly() -> None:
    plan = plan_with_context(read_request(EXAMPLES / "uber-2027.yaml"), PlanOptions(time_limit_s=20, gap=0.03)).plan
    root = plan.certificate.exactness.root_usd
    assert root is not None
    assert plan.objective <= root
    assert plan.bound <= root + 1.0
    assert root <= plan.objective * 1.1
