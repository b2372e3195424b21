"""Prices on what is common: whatever they are, what they prove bounds the extensive form solved whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.tidy import whole_columns
from fleetplan.prepare import Prepared, prepare
from fleetplan.recourse.cuts import better_prices
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.idle import IdleCosts
from fleetplan.recourse.price import Prices, written_prices
from fleetplan.recourse.settled import settled_pairs
from fleetplan.reruns.commit import PRICED, costs_of, priced
from fleetplan.reruns.patch import apply_patch
from fleetplan.scope import judge_request
from tests.recourse_support import HERE, LATE, asked, extensive, in_all, solved_late
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
    costs = in_all(costs_of(prepared()[0].formulation, UNTIL))
    assert {key[0] for key in costs} == PRICED
    prices: list[dict[Any, Any]] = [{} for _ in CHANCES]
    for key, cost in costs.items():
        table = draw.normal(size=(len(CHANCES), len(cost))) * cost
        table -= CHANCES @ table
        for own, row in zip(prices, table, strict=True):
            own[key] = row
    assert proven(prices) >= truth() * (1.0 - AGREE)


PROGRAMME, SITE = ("programme", "beta", "belport", 0), ("site", "", "belport", 0)
COSTS = IdleCosts({PROGRAMME: np.array([1e5, 2e6]), SITE: np.array([1e3, 4e5])}, {SITE: np.array([4e5, 2e5])})


def plan(npv_usd: float, programme: int = 0, site: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Any:
    """Return what stands for a plan of four periods, two of them before the month."""
    return SimpleNamespace(objective=npv_usd, programme=programme, site=site)


@pytest.fixture
def _read(monkeypatch: pytest.MonkeyPatch) -> None:
    def decided(one: Any, _until: str) -> dict[Any, Any]:
        return {PROGRAMME: np.array([0, one.programme]), SITE: np.array(one.site[:2])}

    monkeypatch.setattr("fleetplan.recourse.cuts.decided_by", decided)
    monkeypatch.setattr("fleetplan.recourse.cuts.ended_by", lambda one: {SITE: np.array(one.site)})


@pytest.mark.usefixtures("_read")
def test_prices_are_best_by_the_plans_known_and_cancel_out():
    known = [[plan(9e6, 1, (0, 1, 1, 1))], [plan(1e6), plan(8e5, 1)], [plan(0.0), plan(-3e6, 1)]]
    none: list[dict[Any, Any]] = [{}, {}, {}]
    prices, least_usd = better_prices(none, known, CHANCES, COSTS, UNTIL)
    for key, most in in_all(COSTS).items():
        table = np.array([one[key] for one in prices])
        assert CHANCES @ table == pytest.approx(np.zeros(2), abs=1e-3)
        assert (table <= most + 1e-3).all()
    worth = [max(p.objective + paid(own, p) for p in plans) for own, plans in zip(prices, known, strict=True)]
    at_none = float(CHANCES @ [max(p.objective for p in plans) for plans in known])
    assert least_usd == pytest.approx(CHANCES @ worth, abs=1.0)
    assert least_usd < at_none - 1e5
    again, same_usd = better_prices(prices, known, CHANCES, COSTS, UNTIL)
    assert same_usd == pytest.approx(least_usd, abs=1.0)
    for before, after in zip(prices, again, strict=True):
        assert all(before[key] == pytest.approx(after[key], abs=1.0) for key in before)


@pytest.mark.usefixtures("_read")
def test_who_builds_many_later_is_not_paid_for_one_left_undone_now():
    known = [[plan(9e6, 0, (0, 1, 1, 1))], [plan(1e6)], [plan(1e6), plan(9e5, 0, (0, 0, 40, 40))]]
    prices, _ = better_prices([{}, {}, {}], known, CHANCES, COSTS, UNTIL)
    beyond = [one[SITE][1] - COSTS.before[SITE][1] for one in prices]
    assert beyond[1] > 1e5  # paid for what it costs later too
    assert beyond[2] <= 1e5 / 39  # forty of them would be paid for


def paid(prices: Prices, one: Any) -> float:
    """Return what a plan is paid at prices."""
    by_then, later = COSTS.before[SITE], COSTS.later[SITE]
    first = np.minimum(prices[SITE], by_then) @ np.array(one.site[:2])
    rest = max(0.0, prices[SITE][1] - by_then[1]) * (later @ np.array(one.site[2:])) / later.sum()
    return float(prices[PROGRAMME][1] * one.programme + first + rest)


def test_prices_by_what_is_known_bound_more_closely_than_none():
    solved, _ = solved_late()
    known = [[solved.perfect[name], solved.followed["plan"][name]] for name in ("kept", "late", "stopped")]
    none: list[dict[Any, Any]] = [{}, {}, {}]
    prices, least_usd = better_prices(none, known, CHANCES, costs_of(prepared()[0].formulation, UNTIL), UNTIL)
    found = proven(prices)
    assert found >= truth() * (1.0 - AGREE)
    assert found >= least_usd - AGREE * abs(found)
    assert found < proven(none) - 1e5
