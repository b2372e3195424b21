"""Bounds by cities alone, where a problem is searched as a whole: below the relaxation's, above every plan, in whole vehicles."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.pair.blocks import split
from fleetplan.optimize.pair.citybounds import apart, whole_blocks
from fleetplan.optimize.pair.tree import Relaxation
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
