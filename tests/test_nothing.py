"""Doing nothing is no first plan and no plan to keep, until it is proven that none is worth more."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fleetplan.optimize.search as module
from api.store.sqlstore import SqlStore
from fleetplan.errors import SolverError
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.nothing import nothing
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.race import FIRST_BOUND_S, NOTHING_S, Limits, _Patience
from fleetplan.optimize.search import SearchResult, search
from fleetplan.optimize.solve import Enough, Solution, solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.request import FigureOverride
from fleetplan.scope import apply_overrides
from tests.plan_builder import make_catalogue
from tests.test_optimize import request, written
from tests.test_store import plan_in

FARES = [c.figures["market.mean_fare_local"].key for c in make_catalogue().cities.values()]
POOR = apply_overrides(make_catalogue(), [FigureOverride(figure=key, factor=0.1) for key in FARES])[0]
Told = list[tuple[str, float | None, float | None]]


@pytest.fixture(scope="module")
def problem() -> Formulation:
    return written(request())


def empty_board(f: Formulation, told: Told) -> Board:
    idle = nothing(f.model)
    assert idle is not None
    return Board(f, f.model, whole_columns(f), np.inf, lambda *one: told.append(one), idle=idle, plans=[idle])


def searched(f: Formulation, told: Told) -> SearchResult:
    result = search(f, time_limit_s=30, gap=1e-3, seed=0, report=lambda *one: told.append(one))
    assert result is not None
    return result


def test_where_something_must_be_done_doing_nothing_is_no_plan():
    floor = {"id": "some", "type": "fleet_floor", "vehicles": 5, "start": "2028-06"}
    assert nothing(written(request(constraints=[floor])).model) is None


def test_doing_nothing_is_told_once_it_is_proven_and_not_before(problem: Formulation):
    told: Told = []
    board = empty_board(problem, told)
    for bound in (5e6, 0.5):
        board.take_bound(bound)
    assert told == [("searching", None, 5e6), ("proving", 0.0, 0.5)]


def test_what_is_worth_no_more_than_nothing_is_no_first_solution():
    enough = Enough(-1.0, least_usd=0.0)
    enough.watch(0.0, None, 0.0)
    assert not enough.is_set()
    enough.watch(0.5, None, 0.0)
    assert enough.is_set()


@pytest.mark.parametrize("asked", [False, True])
def test_a_search_that_holds_nothing_goes_on_a_while(problem: Formulation, *, asked: bool):
    stop = threading.Event()
    if asked:
        stop.set()
    just_over = Limits(time.monotonic() + (60.0 if asked else -1.0), 0.01, stop)
    board = empty_board(problem, [])
    assert not _Patience(board, just_over).ended()
    assert _Patience(board, Limits(time.monotonic() - NOTHING_S - 1.0, 0.01, None)).ended()
    board.plans = [board.plans[0].copy()]  # any other plan
    assert not _Patience(board, just_over).ended()  # it has no bound yet
    assert _Patience(board, Limits(time.monotonic() - FIRST_BOUND_S - 1.0, 0.01, None)).ended()
    board.take_bound(5e6)
    assert _Patience(board, just_over).ended()


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("gives_up", [False, True])
def test_a_plan_is_kept_where_a_search_ends_before_anything_is_proven(
    problem: Formulation, monkeypatch: pytest.MonkeyPatch, *, stopped: bool, gives_up: bool
):
    best = searched(problem, [])
    unproven = replace(solve(problem.model, relax=True), bound=np.inf, row_duals=None, x=None)

    def late(*_: Any, **__: Any) -> Solution:
        if gives_up:
            msg = "HiGHS ended with 'Unknown'"
            raise SolverError(msg)
        return unproven

    monkeypatch.setattr("fleetplan.optimize.solve.solve", late)
    monkeypatch.setattr(module, "solve_alone", lambda board, *_, **__: board.take_plan(best.x))
    stop = threading.Event()
    if stopped:
        stop.set()
    kept = search(problem, time_limit_s=30, gap=0.0, seed=0, report=lambda *_: None, stop=stop)
    assert kept is not None
    assert kept.value == best.value
    assert best.bound <= kept.bound < np.inf


def test_every_plan_told_is_worth_more_than_nothing_where_something_is(problem: Formulation):
    told: Told = []
    result = searched(problem, told)
    assert result.found
    assert result.value > 0.0
    assert [best for _, best, _ in told if best is not None]
    assert all(best is None or best > 0.0 for _, best, _ in told)


def test_where_nothing_is_worth_opening_that_is_found_by_proof_alone():
    told: Told = []
    result = searched(written(request(), POOR), told)
    assert result.found
    assert result.value == 0.0
    assert all(best is None or (bound is not None and bound <= 1.0) for _, best, bound in told)


@pytest.mark.parametrize(
    ("status", "cities", "counts"), [("time_limit", 0, False), ("optimal", 0, True), ("time_limit", 2, True)]
)
def test_an_answer_that_opens_nothing_is_a_first_plan_only_where_it_is_proven(
    tmp_path: Path, status: str, cities: int, *, counts: bool
):
    store = SqlStore(None, tmp_path)
    store.migrate()
    plan = plan_in(store, "running")
    answer: dict[str, Any] = {"status": status, "objective": 0.0, "bound": 9.0, "kpis": {"cities_live": cities}}
    store.finish(plan, "succeeded", answer=json.dumps(answer).encode())
    row = store.get(plan)
    assert row is not None
    assert (row.first_plan_at is not None) == counts
