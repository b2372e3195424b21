"""The tree of linear programmes: its bound holds for every plan and falls to the optimum over whole steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.race import outline_of
from fleetplan.optimize.pair.tree import Relaxation, StepTree
from fleetplan.optimize.rounding import PLAYS, made_whole
from fleetplan.optimize.solve import Solution, solve
from fleetplan.optimize.tidy import whole_columns
from tests.test_optimize import random_request, request, written

NODES = 4000


def outlined(asked: Any) -> tuple[Any, Outline]:
    """Return a problem with its outline."""
    f = written(asked)
    return f, outline_of(f, f.model, whole_columns(f))


def climbed(outline: Outline, *, entries_only: bool = False) -> StepTree:
    """Return the tree once nothing is left to look at."""
    tree, bound = StepTree(Relaxation(outline), entries_only=entries_only), np.inf
    for _ in range(NODES):
        if not tree.open:
            return tree
        tree.expand()
        assert tree.bound <= bound + 1e-3, "a bound never rises"
        bound = tree.bound
    pytest.fail("the tree does not end")


@pytest.mark.parametrize("seed", range(4))
def test_the_tree_ends_at_the_optimum_over_whole_steps(seed: int):
    f, outline = outlined(random_request(seed))
    steps = solve(replace(f.model, whole=outline.loose_orders), gap=1e-9)
    tree = climbed(outline)
    assert steps.value is not None
    assert tree.bound == pytest.approx(steps.value, rel=1e-6, abs=1.0)


@pytest.mark.parametrize("seed", range(4))
def test_its_bound_holds_for_every_plan_at_any_time(seed: int):
    f, outline = outlined(random_request(seed))
    optimum = solve(replace(f.model, whole=outline.whole), gap=1e-9).value
    assert optimum is not None
    tree = StepTree(Relaxation(outline), entries_only=False)
    while tree.open:
        assert tree.bound >= optimum - 1.0
        tree.expand()
    assert tree.bound >= optimum - 1.0


def test_a_tree_of_entries_settles_who_enters_and_leaves_the_rest_open():
    _, outline = outlined(request())
    root = Relaxation(outline)
    tree = StepTree(root, entries_only=True)
    while not tree.settled:
        tree.expand()
    entries = [root.x[own.entry] for own in outline.steps]
    assert np.abs(entries - np.round(entries)).max() < 1e-5
    assert climbed(outline, entries_only=True).bound >= climbed(outline).bound - 1.0


def test_without_any_plan_the_bound_is_minus_infinity():
    f, outline = outlined(request())
    entry = outline.steps[0].entry
    upper, lower = f.model.upper.copy(), f.model.lower.copy()
    lower[entry], upper[outline.steps[0].opened[0]] = 0.4, 0.6  # half an opening: the relaxation has it, no plan does
    tree = climbed(replace(outline, model=replace(f.model, lower=lower, upper=upper)))
    assert np.isneginf(tree.bound)


def test_a_node_that_the_solver_gives_up_on_keeps_the_bound_before_it(monkeypatch: pytest.MonkeyPatch):
    _, outline = outlined(request())
    tree = StepTree(Relaxation(outline), entries_only=False)
    before = tree.bound
    monkeypatch.setattr(Relaxation, "resolve", lambda *_: False)
    assert not tree.expand()
    assert (tree.open, tree.bound) == (False, before)


# --- made whole ---


def test_numbers_are_made_whole_near_those_of_the_relaxation():
    f, outline = outlined(request())
    best = solve(replace(f.model, whole=outline.loose_orders), gap=1e-6).x
    assert best is not None
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    lower[f.model.whole] = upper[f.model.whole] = np.ceil(best[f.model.whole] - 1e-6)
    held, heard = replace(f.model, lower=lower, upper=upper), []

    def run(model: Any) -> Solution:
        heard.append(model)
        return solve(model, gap=1e-6)

    answer = made_whole(held, outline.whole & ~f.model.whole, run)
    relaxed, near = heard
    rough = solve(relaxed, gap=1e-6).x
    assert rough is not None
    assert answer.x is not None
    assert np.abs(answer.x[outline.whole] - np.round(answer.x[outline.whole])).max() < 1e-5
    assert not relaxed.whole.any()
    play = np.ceil(PLAYS[0][0] + PLAYS[0][1] * np.abs(rough))
    assert ((near.upper - near.lower) <= 1.0 + 2.0 * play + 1e-9)[near.whole].all()
    assert made_whole(held, outline.whole & ~f.model.whole, run, least_usd=1e12).x is None


def test_where_there_are_no_whole_numbers_near_by_they_are_looked_for_farther_off_and_at_last_anywhere():
    f, outline = outlined(request())
    calls: list[float] = []

    def run(model: Any) -> Solution:
        free = model.whole & (f.model.upper > f.model.lower)
        calls.append(float((model.upper - model.lower)[free].max()) if free.any() else -1.0)
        near = 0 < len(calls) - 1 <= len(PLAYS)
        return Solution("infeasible", None, None, -np.inf, 0.0) if near else solve(model, gap=1e-2)

    assert made_whole(f.model, outline.whole, run).x is not None
    assert len(calls) == 1 + len(PLAYS) + 1
    assert calls[0] == -1.0
    assert calls == sorted(calls)
    assert calls[-1] == float((f.model.upper - f.model.lower)[outline.whole].max())
    calls.clear()
    assert made_whole(f.model, outline.whole, run, wide=False).x is None
