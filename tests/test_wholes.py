"""Nodes of the tree closed with everything whole: that proves the optimum in whole numbers, and every plan told is one."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.pair import bounds, wholes
from fleetplan.optimize.pair.tree import Node, Relaxation, StepTree
from fleetplan.optimize.pair.wholes import NodePace, close_nodes
from fleetplan.optimize.pair.wire import Found, Proven, Task
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied
from tests.test_blocks import Listener
from tests.test_optimize import random_request
from tests.test_tree import outlined

USD = 5.0
ANY = 1000


def proven(listener: Any) -> list[float]:
    return [told.bound_usd for told in listener.told if isinstance(told, Proven)]


@pytest.mark.parametrize(("seed", "branched", "node_s"), [(0, 4, 9.0), (1, 4, 0.0), (2, 0, 9.0), (3, 30, 9.0)])
def test_closed_nodes_prove_the_optimum_in_whole_numbers(seed: int, branched: int, node_s: float):
    f, outline = outlined(random_request(seed))
    optimum = solve(replace(f.model, whole=outline.whole), gap=1e-7).value
    assert optimum is not None
    listener: Any = Listener(Task(outline, 0, told_prices=True), plans=ANY)
    tree = StepTree(Relaxation(outline), entries_only=False)
    for _ in range(branched):
        if tree.open:
            tree.expand()
    assert close_nodes(
        listener, tree, NodePace(node_s, 9.0, 60.0)
    )  # without time for a node it is split until it is a leaf
    assert tree.bound == pytest.approx(optimum, rel=1e-5, abs=USD)
    assert listener.best_usd == pytest.approx(optimum, rel=1e-5, abs=USD)
    told = proven(listener)
    assert told == sorted(told, reverse=True)
    assert all(bound >= optimum - USD for bound in told)
    assert all(is_plan(f, tidied(f, one.x, outline.whole)) for one in listener.told if isinstance(one, Found))


def test_what_a_known_plan_rules_out_is_held_and_forbids_nothing_better():
    f, outline = outlined(random_request(1))
    optimum = solve(replace(f.model, whole=outline.whole), gap=1e-7)
    assert optimum.value is not None
    for known in (optimum.value - 0.01 * abs(optimum.value), optimum.value + 1e6):
        listener: Any = Listener(Task(outline, 0, told_prices=True), plans=ANY)
        listener.best_usd = known
        assert close_nodes(listener, StepTree(Relaxation(outline), entries_only=False), NodePace.after(0.1))
        assert listener.best_usd == pytest.approx(max(known, optimum.value), rel=1e-5, abs=USD)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_worth_less_than_is_looked_for_is_cut_and_nothing_better(seed: int):
    f, outline = outlined(random_request(seed))
    model = replace(f.model, whole=outline.whole, constant=f.model.constant + 3e6 * (seed - 1))
    best = solve(model, gap=1e-7).value
    assert best is not None
    below = solve(model, gap=1e-7, above=best - 1e5)
    assert below.value == pytest.approx(best, abs=USD)
    assert below.bound == pytest.approx(best, abs=USD)
    beyond = solve(model, gap=1e-7, above=best + 1e5)
    assert beyond.status == "infeasible" or best - USD <= max(beyond.bound, best) <= best + 1e5 + USD


def drained(outline: Any, together_below: float) -> list[Node]:
    tree = StepTree(Relaxation(outline), entries_only=False)
    for _ in range(16):
        tree.expand()
    return list(iter(lambda: tree.taken(together_below), None))


def test_nodes_split_after_it_was_settled_who_enters_are_taken_as_one_where_little_is_open():
    _, outline = outlined(random_request(4))
    apart, together = drained(outline, -np.inf), drained(outline, np.inf)
    roots = {str(node.settled_in.fixed): node.settled_in for node in apart if node.settled_in}
    alone = [node for node in apart if node.settled_in is None]
    assert 1 < len(roots) < len(apart) - len(alone)
    assert len(together) == len(roots) + len(alone)
    for node in together:
        parts = [part for part in apart if part.settled_in and part.settled_in.fixed == node.fixed]
        if parts:
            assert node.bound == min(part.bound for part in parts)  # what bounds its parts bounds all of it
            assert node.settled_in is None
    highest = max(-root.bound for root in roots.values())
    least = min(-root.bound for root in roots.values())
    assert len(roots) < len(drained(outline, (highest + least) / 2)) - len(alone) < len(apart) - len(alone)


def test_rows_that_relax_a_rule_make_steps_and_no_plans_and_a_stop_leaves_all_open():
    _, outline = outlined(random_request(0))
    listener: Any = Listener(Task(outline, 0, told_prices=False), plans=ANY)
    tree = StepTree(Relaxation(outline), entries_only=False)
    before = tree.bound
    listener.stopped.set()
    assert not close_nodes(listener, tree, NodePace.after(0.1))
    assert tree.bound == before
    listener.stopped = threading.Event()
    assert close_nodes(listener, tree, NodePace.after(0.1))
    assert {one.kind for one in listener.told if isinstance(one, Found)} == {"steps"}


def test_a_leaf_that_resists_ends_it_and_its_bound_stays(monkeypatch: pytest.MonkeyPatch):
    _, outline = outlined(random_request(0))
    listener: Any = Listener(Task(outline, 0, told_prices=True), plans=ANY)
    tree = StepTree(Relaxation(outline), entries_only=False)
    monkeypatch.setattr(wholes, "_closed", lambda _c, tree, _n, _p: tree.relaxation.value)
    monkeypatch.setattr(StepTree, "split", lambda *_: False)
    before = tree.bound
    assert not close_nodes(listener, tree, NodePace.after(0.1))
    assert tree.bound == before


@pytest.mark.parametrize("fast", [-1.0, 9.0])
def test_whatever_comes_first_proves_the_optimum(fast: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "FAST", fast)
    f, outline = outlined(random_request(2))
    optimum = solve(replace(f.model, whole=outline.whole), gap=1e-7).value
    assert optimum is not None
    listener: Any = Listener(Task(outline, 0, told_prices=True), plans=ANY)
    assert bounds.climbed(listener)
    assert min(proven(listener)) >= optimum - USD
    assert max(min(proven(listener)), listener.best_usd) == pytest.approx(optimum, rel=1e-5, abs=USD)
    assert np.isfinite(listener.best_usd)
