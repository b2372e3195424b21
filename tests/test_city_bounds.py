"""Bounds by cities alone, where a problem is searched as a whole: below the relaxation's, above every plan, in whole vehicles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.instance import Flags
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.pair.asking import Alone, Hear, as_they_come
from fleetplan.optimize.pair.blocks import split
from fleetplan.optimize.pair.bounds import climbed
from fleetplan.optimize.pair.citybounds import CityBounds, Here, apart, whole_blocks
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.units import Answer, Unit, bound_unit, solved
from fleetplan.optimize.pair.wire import Found, Proven, Task
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied
from tests.test_blocks import Listener
from tests.test_optimize import random_request
from tests.test_tree import outlined

USD = 1.0


@pytest.mark.parametrize("seed", range(3))
def test_cities_alone_bound_every_whole_plan_and_may_make_one(seed: int):
    f, outline = outlined(random_request(seed))
    root = Relaxation(outline)
    best = solve(replace(f.model, whole=outline.whole), gap=1e-6)
    assert best.value is not None
    listener: Any = Listener(Task(outline, 0, told_prices=True), plans=1000)
    cities = apart(listener, root.prices)
    assert cities is not None
    cities.run()
    bounds = [told.bound_usd for told in listener.told if isinstance(told, Proven)]
    assert bounds == sorted(bounds, reverse=True)
    assert best.value - USD <= min(bounds) <= root.value + USD
    plans = [told for told in listener.told if isinstance(told, Found)]
    for plan in plans:
        assert is_plan(f, tidied(f, plan.x, outline.whole))
        assert plan.value_usd <= min(bounds) + USD


def blocks_alone(seed: int) -> Iterator[tuple[Model, Flags]]:
    """Yield the cities' own problems at the relaxation's prices, everything whole, and which of their columns are steps."""
    _, outline = outlined(random_request(seed))
    assert outline.apart is not None
    prices = Relaxation(outline).prices
    blocks = whole_blocks(outline, outline.apart)
    for part in blocks.parts:
        yield part.priced(prices[blocks.coupling]), outline.loose_orders[part.columns]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_heard_of_a_block_while_it_is_searched_lies_above_all_that_it_can_be_worth(seed: int):
    for model, steps in blocks_alone(seed):
        unit, heard = bound_unit(model, steps, 1e-6, 12.0, 0), list[float]()
        answer = Here(threading.Event()).ask(unit, hear=heard.append).result()
        exact = solve(model, gap=1e-9)
        assert exact.value is not None
        assert all(bound >= exact.value - USD for bound in [*heard, answer.bound_usd])
        assert answer.bound_usd <= exact.value + 2e-6 * abs(exact.value) + USD  # vehicles whole too, not steps alone
        assert heard == sorted(heard, reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_block_is_proven_with_its_steps_whole_first_and_then_with_everything(seed: int):
    for model, steps in blocks_alone(seed):
        best, loose = solve(model, gap=1e-9), solve(replace(model, whole=steps), gap=1e-9)
        assert best.value is not None
        assert loose.value is not None
        closely, hardly = (solved(bound_unit(model, steps, 1e-9, looks, 0)) for looks in (1e3, 1e-3))
        assert best.value - USD <= closely.bound_usd <= best.value + 1e-6 * abs(best.value) + USD
        assert hardly.bound_usd >= best.value - USD
        assert closely.x is not None
        assert model.value(closely.x) <= loose.value + USD


def test_answers_are_taken_as_they_come_and_no_more_are_asked_for_at_once_than_wanted():
    flying: dict[int, Future[Answer]] = {}

    def ask(k: int) -> Future[Answer]:
        flying[k] = Future()
        if k:  # the first one takes as long as all the others
            flying[k].set_result(Answer(bound_usd=float(k)))
        if k == 4:
            flying[0].set_result(Answer(bound_usd=0.0))
        assert sum(not future.done() for future in flying.values()) <= 2
        return flying[k]

    came = [k for k, _ in as_they_come(range(5), ask, threading.Event(), 2)]
    assert sorted(came) == [0, 1, 2, 3, 4]
    assert came[:3] == [1, 2, 3]


class Counting(Alone):
    """Counts what is asked."""

    asked = 0

    def ask(self, unit: Unit, urgency: int = 1, hear: Hear | None = None) -> Future[Answer]:
        self.asked += 1
        return super().ask(unit, urgency, hear)


@pytest.mark.parametrize(("poor", "asked"), [(False, 3), (True, 2)])  # the first is left half open and asked twice
def test_a_city_proven_closely_is_not_asked_twice_and_one_that_fractions_prove_worthless_not_at_all(
    *, poor: bool, asked: int
):
    _, outline = outlined(random_request(0))
    city = outline.apart
    assert city is not None
    if poor:
        cost = np.where(city == 1, np.minimum(outline.model.cost, 0.0), outline.model.cost)
        outline = replace(outline, model=replace(outline.model, cost=cost))
    blocks, asker = whole_blocks(outline, city), Counting()
    listener: Any = Listener(Task(outline, 0), plans=1000)
    cities = CityBounds(listener, blocks, Relaxation(outline).prices, asker)
    cities.begin()
    assert len(blocks.parts) == 2
    assert asker.asked == asked
    best = solve(replace(outline.model, whole=outline.whole), gap=1e-6).value
    assert best is not None
    assert cities.bound >= best - USD


def test_nobody_proves_more_than_was_asked_for():
    _, outline = outlined(random_request(0))
    best = solve(replace(outline.model, whole=outline.whole), gap=1e-6).value
    assert best is not None
    root, told = Relaxation(outline).value, {}
    for gap in (0.0, 2.0 * (root - best) / best):
        listener: Any = Listener(Task(outline, 0, told_prices=True, gap=gap), plans=1000)
        listener.best_usd = best
        assert climbed(listener)
        told[gap] = [one.bound_usd for one in listener.told if isinstance(one, Proven)]
        assert min(told[gap]) <= listener.task.enough_usd(best)
        assert min(told[gap]) >= best - USD
    few, all_ = sorted(told.values(), key=len)
    assert len(few) < len(all_)


def test_blocks_have_vehicles_whole_and_are_more_than_one():
    _, outline = outlined(random_request(0))
    assert outline.blocks is None
    assert outline.apart is not None
    blocks = whole_blocks(outline, outline.apart)
    assert len(blocks.parts) > 1
    steps = split(outline.model, outline.apart)
    assert all(a.model.whole.sum() > b.model.whole.sum() for a, b in zip(blocks.parts, steps.parts, strict=True))


def test_where_there_is_one_city_nothing_is_proven_apart():
    _, outline = outlined(random_request(0))
    assert apart(Listener(Task(replace(outline, apart=None), 0)), np.zeros(outline.model.rows)) is None  # type: ignore[arg-type]
    assert outline.apart is not None
    together = replace(outline, apart=np.where(outline.apart > 0, 0, outline.apart))
    assert apart(Listener(Task(together, 0)), np.zeros(outline.model.rows)) is None  # type: ignore[arg-type]


def test_a_stop_ends_them():
    _, outline = outlined(random_request(0))
    listener: Any = Listener(Task(outline, 0))
    listener.stopped = threading.Event()
    listener.stopped.set()
    cities = apart(listener, np.zeros(outline.model.rows))
    assert cities is not None
    cities.run()
    assert not [told for told in listener.told if isinstance(told, Found)]
