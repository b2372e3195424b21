"""What is left of a problem has the same best plan, and tells what the solver is not asked for any more."""

import itertools
from dataclasses import replace

import highspy
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.looks import Looks
from fleetplan.optimize.matrix import INF, Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.solve import solve
from fleetplan.optimize.trim import trimmed
from tests.test_optimize import request, written


def problem(rows: list[list[float]], low: list[float], high: list[float], *, upper: float = 10.0) -> Model:
    """Return a problem over three whole columns worth 3, 2 and 1 each; the first is held at 2."""
    return Model(
        cost=np.array([3.0, 2.0, 1.0]),
        constant=5.0,
        lower=np.array([2.0, 0.0, 0.0]),
        upper=np.array([2.0, upper, upper]),
        whole=np.ones(3, dtype=bool),
        matrix=csr_matrix(np.array(rows)),
        row_lower=np.array(low),
        row_upper=np.array(high),
        blocks=(),
    )


def test_what_is_held_goes_into_limits_and_worth():
    left = trimmed(problem([[1, 1, 1], [1, 0, 0]], [-INF, 0.0], [9.0, 4.0]), fold=False)
    assert left is not None
    assert left.model.constant == 11.0
    assert left.columns.tolist() == [1, 2]
    assert left.rows.tolist() == [0]
    assert left.model.row_upper.tolist() == [7.0]
    assert left.restored(np.array([4.0, 3.0])).tolist() == [2.0, 4.0, 3.0]
    assert left.duals(np.array([8.0])).tolist() == [8.0, 0.0]
    assert left.places().tolist() == [-1, 0, 1]


def test_rows_over_one_column_hold_it_and_leave_further_rows_with_one():
    left = trimmed(problem([[1, 2, 0], [0, 1, -1]], [2.0, 0.0], [2.5, INF]), fold=True)
    assert left is not None
    assert not len(left.columns)
    assert left.held.tolist() == [2.0, 0.0, 0.0]


def test_a_bound_of_whole_things_is_whole():
    left = trimmed(problem([[1, 2, 0], [0, 1, 1]], [-INF, -INF], [9.0, 7.0]), fold=True)
    assert left is not None
    assert left.model.upper.tolist() == [3.0, 10.0]


@pytest.mark.parametrize(
    ("rows", "low", "high"),
    [([[1.0, 0, 0]], [3.0], [INF]), ([[1, 1, 0]], [-INF], [1.0]), ([[0, 1, 0], [0, 1, 0]], [4.0, 0.0], [9.0, 3.0])],
)
def test_what_is_held_may_break_a_row(rows: list[list[float]], low: list[float], high: list[float]):
    model = problem(rows, low, high)
    assert trimmed(model, fold=True) is None
    assert solve(model).status == "infeasible"
    assert solve_with_ortools(model).status == "infeasible"


def test_bounds_that_cross_leave_nothing():
    model = problem([[1, 1, 1]], [0.0], [20.0])
    crossed = replace(model, lower=np.array([2.0, 11.0, 0.0]))
    assert trimmed(crossed, fold=False) is None


def test_where_nothing_is_left_to_decide_the_answer_is_what_is_held():
    model = problem([[1, 2, 0], [0, 1, -1]], [2.0, 0.0], [2.5, INF])
    answer = solve(model)
    assert answer.status == "optimal"
    assert answer.value == answer.bound == 11.0
    relaxed = solve(replace(model, upper=model.lower), relax=True)
    assert relaxed.row_duals is not None
    assert relaxed.row_duals.tolist() == [0.0, 0.0]


def test_small_problems_have_the_same_best_plan_and_prices_that_prove_it():
    rng = np.random.default_rng(3)
    for _ in range(40):
        rows, columns = int(rng.integers(2, 7)), int(rng.integers(3, 9))
        lower = rng.integers(0, 3, columns).astype(float)
        model = Model(
            cost=rng.integers(-5, 9, columns).astype(float),
            constant=1.0,
            lower=lower,
            upper=lower + rng.integers(0, 4, columns) * rng.integers(0, 2, columns),
            whole=rng.random(columns) < 0.7,
            matrix=csr_matrix(rng.integers(-3, 6, (rows, columns)) * (rng.random((rows, columns)) < 0.5)),
            row_lower=np.where(rng.random(rows) < 0.3, rng.integers(-4, 4, rows), -INF).astype(float),
            row_upper=rng.integers(4, 25, rows).astype(float),
            blocks=(),
        )
        ours, theirs = solve(model, gap=0.0), solve_with_ortools(model)
        assert ours.status == theirs.status
        if ours.x is not None and ours.value is not None:
            assert model.worst_violation(ours.x) < 1e-6
            assert ours.value == pytest.approx(theirs.value, rel=1e-6, abs=1e-6)
            relaxed = solve(model, relax=True)
            assert relaxed.row_duals is not None
            assert proven_bound(model, relaxed.row_duals) == pytest.approx(relaxed.bound, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("least", "ways"), [(5_000, 1), (3, 3)])
def test_a_linear_programme_that_goes_astray_is_run_another_way_to_the_same_end(
    least: int, ways: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = written(request()).model
    known = solve(model, relax=True)
    monkeypatch.setattr("fleetplan.optimize.solve.LEAST_STEPS", least)
    monkeypatch.setattr("fleetplan.optimize.solve.ROWS_A_STEP", 10**9)
    runs: list[object] = []
    monkeypatch.setattr("fleetplan.optimize.solve._run", lambda solver, _: runs.append(solver.run()))
    again = solve(model, relax=True)
    assert again.status == "optimal"
    assert again.bound == pytest.approx(known.bound, rel=1e-7)
    assert again.row_duals is not None
    assert len(runs) == ways


@pytest.mark.parametrize(("busy", "seeds"), [(True, [0, 1]), (False, [0, 0])])
def test_a_run_in_looks_that_hangs_goes_another_way_and_one_without_a_processor_the_same_way_again(
    *, busy: bool, seeds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = written(request()).model
    known = solve(model, gap=0.0)
    cpu_s = itertools.count(0.0, 1.0 if busy else 0.0)
    monkeypatch.setattr("fleetplan.optimize.looks.time.process_time", lambda: next(cpu_s))
    ran: list[int] = []

    def run(solver: highspy.Highs, _: object) -> None:
        ran.append(solver.getOptionValue("random_seed")[1])
        if len(ran) == 1:
            solver.setOptionValue("time_limit", 0.0)
        solver.run()

    monkeypatch.setattr("fleetplan.optimize.solve._run", run)
    monkeypatch.setattr("fleetplan.optimize.looks.HUNG_S", 1.5)
    again = solve(model, gap=0.0, looks=Looks(10**6, 10**6))
    assert again.status == "optimal"
    assert again.value == pytest.approx(known.value, rel=1e-7)
    assert ran == seeds


def test_nodes_are_counted_where_looks_are_a_limit_too() -> None:
    model = written(request()).model
    alone, both = NodeClock(), NodeClock()
    known = solve(model, gap=0.0, nodes=alone)
    again = solve(model, gap=0.0, nodes=both, looks=Looks(10**6, 10**6))
    assert again.value == known.value
    assert both.used == alone.used > 0


def test_a_run_in_nodes_that_takes_too_long_is_run_again_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    model = written(request()).model
    known = solve(model, gap=0.0)
    monkeypatch.setattr("fleetplan.optimize.solve.HANGS_S", 1e-9)
    monkeypatch.setattr("fleetplan.optimize.solve.LONGEST_HANGS", 1e11)
    runs: list[object] = []
    monkeypatch.setattr("fleetplan.optimize.solve._run", lambda solver, _: runs.append(solver.run()))
    again = solve(model, gap=0.0, nodes=NodeClock())
    assert again.status == "optimal"
    assert again.value == pytest.approx(known.value, rel=1e-7)
    assert len(runs) == 2
