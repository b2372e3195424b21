"""Prices on what is common: whatever they are, what they prove bounds the extensive form solved whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.tidy import whole_columns
from fleetplan.prepare import Prepared, prepare
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.price import Prices, prices_for, stepped, written_prices
from fleetplan.recourse.settled import settled_pairs
from fleetplan.reruns.commit import PRICED, costs_of, priced
from fleetplan.reruns.patch import apply_patch
from fleetplan.scope import judge_request
from tests.recourse_support import HERE, LATE, asked, extensive
from tests.test_optimize import SERVICES, WORLD

AGREE = 1e-4
UNTIL = LATE["known_from"]
CHANCES = np.array([case["probability"] for case in LATE["cases"]])
TESTS = {("beta", "belport"): 5, ("beta", "aston"): 5, ("alpha", "aston"): 5, ("alpha", "belport"): 5}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@cache
def prepared() -> list[Prepared]:
    """Return the problem of every scenario."""
    scope = judge_request(asked(LATE), WORLD)
    plain = scope.request.model_dump(mode="json")
    patches = [s.patch for s in scenarios_of(scope, set_of(scope.request), WORLD)]
    return [prepare(apply_patch(plain, patch), HERE) for patch in patches]


@cache
def truth() -> float:
    """Return the best mean of the set, by the extensive form."""
    one = set_of(judge_request(asked(LATE), WORLD).request)
    settled = settled_pairs([p.scope for p in prepared()], UNTIL)
    whole = extensive([p.formulation for p in prepared()], CHANCES.tolist(), one, settled)
    answer = solve_with_ortools(whole, time_limit_s=120.0)
    assert answer.status == "optimal"
    assert answer.value is not None
    return answer.value


def proven(prices: Sequence[Prices]) -> float:
    """Return what the scenarios are worth together at prices, each solved whole."""
    total = 0.0
    for chance, own, one in zip(CHANCES, prices, prepared(), strict=True):
        f = one.formulation
        p = priced(f, written_prices(own, f.instance.grid.labels(), UNTIL, TESTS))
        whole = np.concatenate([whole_columns(f), np.zeros(p.model.columns - f.model.columns, bool)])
        answer = solve_with_ortools(replace(p.model, whole=whole), time_limit_s=60.0)
        assert answer.value is not None
        total += float(chance) * answer.value
    return total


@pytest.mark.parametrize("seed", [1, 2])
def test_at_any_prices_that_cancel_out_no_decision_for_all_is_worth_more(seed: int):
    draw = np.random.default_rng(seed)
    costs = [costs_of(one.formulation, UNTIL) for one in prepared()]
    assert {key[0] for key in costs[0]} == PRICED
    prices: list[dict[Any, Any]] = [{} for _ in costs]
    for key, cost in costs[0].items():
        table = draw.normal(size=(len(CHANCES), len(cost))) * cost
        table -= CHANCES @ table
        for own, row in zip(prices, table, strict=True):
            own[key] = row
    assert proven(prices) >= truth() * (1.0 - AGREE)


def test_the_prices_asked_for_cancel_out_and_nobody_pays_more_than_he_is_worth():
    programme, site = ("programme", "beta", "belport", 0), ("site", "", "belport", 0)
    decided = {programme: np.array([1, 1]), site: np.array([0, 1])}
    own = [decided, {programme: np.array([0, 1])}, {}]
    ends = [{site: np.array([0, 1, 2])}, {site: np.array([0, 0, 1])}, {}]
    costs = {programme: np.array([1e5, 2e6]), site: np.array([1e3, 1e6])}
    worth = np.array([9e6, 2e5, 0.0])
    prices = prices_for(decided, own, ends, CHANCES, costs, worth)
    assert prices[2][programme].tolist() == [1e5, 2e6]  # leaves all undone, and is paid for it
    assert prices[2][site].tolist() == [0.0, 1e6]
    assert prices[1][site].tolist() == [0.0, 0.0]  # orders it later anyway
    assert prices[1][programme][0] == 1e5
    assert prices[1][programme][1] == pytest.approx(-2e5)  # no more than it is worth
    for key in costs:
        assert CHANCES @ np.array([one[key] for one in prices]) == pytest.approx(np.zeros(2), abs=1e-3)
    moved = stepped(prices, [decided, {}, {}], CHANCES, costs, 1e7)
    for key in costs:
        table = np.array([one[key] for one in moved])
        assert CHANCES @ table == pytest.approx(np.zeros(2), abs=1e-3)
    assert (np.array([one[site] for one in moved]) <= costs[site] + 1e-6).all()
