"""Portfolios by blocks of cities: nothing is left out or counted twice, prices and mixes meet, plans keep every row."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.ending import Ending
from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair import citywise, race
from fleetplan.optimize.pair.asking import Alone, Asker, Hear
from fleetplan.optimize.pair.blocks import SHARED, Blocks, _blocks_of_cities, blocks_of_columns, split
from fleetplan.optimize.pair.citybounds import CityBounds
from fleetplan.optimize.pair.citywise import FITS, Citywise, plan_by_block, relaxed_by_block
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.pair.dispatch import Dispatcher
from fleetplan.optimize.pair.mixing import prices_of_shared
from fleetplan.optimize.pair.part import part_around
from fleetplan.optimize.pair.race import outline_of
from fleetplan.optimize.pair.relaxed import GAP, BlockRelaxation, Relaxed
from fleetplan.optimize.pair.units import Answer, Unit, answer_from, solved, unit_bytes
from fleetplan.optimize.pair.wire import Found, Message, Proven, Task
from fleetplan.optimize.search import search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied, whole_columns
from tests.test_optimize import random_request, request, written
from tests.units_support import Pretended

SEEDS = range(4)
USD = 1.0
SECONDS, SHORT_S = 20.0, 2.0
NEVER = threading.Event()


def by_blocks(f: Formulation) -> Blocks:
    """Return a small problem by blocks."""
    return split(f.model, blocks_of_columns(f))


def relaxed(blocks: Blocks) -> Relaxed:
    """Return its relaxation, solved by blocks."""
    found = relaxed_by_block(blocks, 2, NEVER)
    assert found is not None
    return found


class Listener:
    """Stands for the channel of a solver process: keeps what is told, and stops after so many plans."""

    nodes: NodeClock | None = None
    in_looks = False

    def __init__(self, task: Task, plans: int = 1) -> None:
        self.task, self.left, self.told = task, plans, list[Message]()
        self.stopped, self.best_usd, self.nothing_usd = threading.Event(), -np.inf, -np.inf

    def tell(self, message: Message) -> None:
        """Keep a message."""
        self.told.append(message)
        if isinstance(message, Found):
            self.best_usd = max(self.best_usd, message.value_usd)
            self.left -= 1
            if not self.left:
                self.stopped.set()

    def taken(self) -> list[Found]:
        """Return nothing: nobody else works."""
        return []


@pytest.mark.parametrize("seed", SEEDS)
def test_blocks_hold_every_column_and_row_once(seed: int) -> None:
    f = written(random_request(seed))
    blocks = by_blocks(f)
    assert len(blocks.parts) > 1
    columns = np.concatenate([*(block.columns for block in blocks.parts), blocks.shared])
    rows = np.concatenate([*(block.rows for block in blocks.parts), blocks.coupling])
    assert (np.sort(columns) == np.arange(f.model.columns)).all()
    assert (np.sort(rows) == np.arange(f.model.rows)).all()
    entries = sum(block.model.matrix.nnz + block.ties.nnz for block in blocks.parts) + blocks.ties.nnz
    assert entries == f.model.matrix.nnz


def test_a_city_lies_in_one_block_and_steps_are_never_shared() -> None:
    f = written(request())
    of_column = blocks_of_columns(f)
    for own in f.columns.deployments:
        inside = {int(k) for part in (own.begun, own.open, own.vehicles, own.trips) for k in of_column[part].ravel()}
        assert len(inside) == 1
        assert SHARED not in inside
    assert (of_column[f.columns.capital] == SHARED).all()


@pytest.mark.parametrize(("cities", "count"), [(3, 2), (4, 5)])
def test_a_programme_of_few_cities_keeps_them_together_and_one_of_many_does_not(cities: int, count: int) -> None:
    sharing = [SimpleNamespace(city=f"c{k}", stack="alpha", shared=("wide",)) for k in range(cities)]
    alone = SimpleNamespace(city="other", stack="alpha", shared=())
    f: Any = SimpleNamespace(
        instance=SimpleNamespace(deployments=[*sharing, alone]),
        columns=SimpleNamespace(programmes={("alpha", "wide"): np.zeros(1, np.int64)}),
    )
    assert len(set(_blocks_of_cities(f).values())) == count


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_and_mix_meet_at_the_relaxation(seed: int) -> None:
    f = written(random_request(seed))
    found = relaxed(by_blocks(f))
    whole = solve(f.model, relax=True)
    assert whole.value is not None
    size = max(1.0, abs(whole.value))
    assert found.bound >= whole.value - USD
    assert found.bound <= whole.value + 2 * GAP * size
    assert f.model.worst_violation(found.x) < 1e-5
    assert f.model.value(found.x) >= whole.value - 2 * GAP * size
    assert found.bound == pytest.approx(proven_bound(f.model, found.prices))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rough_solution_goes_on_to_a_close_one_and_proves_less_before(seed: int) -> None:
    blocks = by_blocks(written(random_request(seed)))
    relaxation = BlockRelaxation(blocks, 1, NEVER)
    rough, rounds = relaxation.solve(0.5), relaxation.rounds
    closely = relaxation.solve()
    assert rough is not None
    assert closely is not None
    assert closely.bound <= rough.bound + USD
    assert relaxation.rounds >= rounds
    assert closely.bound <= relaxed(blocks).bound + 2 * GAP * max(1.0, abs(closely.bound))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_prices_make_shared_columns_pay_for_what_blocks_need_and_limits_cost_nothing(seed: int) -> None:
    blocks = by_blocks(written(random_request(seed)))
    free = np.zeros(len(blocks.coupling))
    best = [solve(part.priced(free), relax=True).x for part in blocks.parts]
    schedules = [x for x in best if x is not None]
    prices = prices_of_shared(blocks, schedules)
    assert prices is not None
    assert (prices[~blocks.linking] == 0.0).all()
    left = blocks.model.cost[blocks.shared] - blocks.ties.T @ prices
    assert left.max(initial=0.0) <= USD  # or more of it would be bought without end
    need = sum(part.ties @ x for part, x in zip(blocks.parts, schedules, strict=True))
    rows = blocks.model.row_upper[blocks.coupling], blocks.model.row_lower[blocks.coupling]
    ends = np.where(prices > 0, *rows)
    paid = float((prices * (need - np.where(prices == 0.0, 0.0, ends)))[prices != 0.0].sum())
    assert paid >= -USD
    values = np.array([part.priced(prices).value(x) for part, x in zip(blocks.parts, schedules, strict=True)])
    assert np.isfinite(values).all()


def test_a_row_that_doing_nothing_breaks_is_kept_by_the_mix() -> None:
    floor = {"id": "some", "type": "fleet_floor", "vehicles": 60, "start": "2028-06"}
    f = written(request(constraints=[floor]))
    found = relaxed(by_blocks(f))
    whole = solve(f.model, relax=True)
    assert whole.value is not None
    assert f.model.worst_violation(found.x) < 1e-5
    assert found.bound >= whole.value - USD


def test_what_blocks_cannot_keep_is_left_to_the_whole() -> None:
    f = written(request(constraints=[{"id": "much", "type": "fleet_floor", "vehicles": 5000, "start": "2028-01"}]))
    assert relaxed_by_block(by_blocks(f), 1, NEVER) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_has_the_values_and_limits_of_the_whole(seed: int) -> None:
    f = written(random_request(seed))
    blocks, outline = by_blocks(f), outline_of(f, f.model, whole_columns(f))
    plan = search(f, time_limit_s=60, gap=1e-4, seed=0, report=lambda *_: None)
    assert plan is not None
    for chosen in ([], [0], [1, 0]):
        part = part_around(outline, blocks, chosen, plan.x, f.model.cost)
        own, x = part.outline.model, plan.x[part.columns]
        assert own.worst_violation(x) < 1e-4
        assert len(part.outline.steps) == sum(len(_deployments_in(f, blocks, k)) for k in chosen)
        answer = solve(replace(own, whole=part.outline.whole), gap=1e-6)
        assert answer.x is not None
        assert answer.value is not None
        changed = plan.x.copy()
        changed[part.columns] = answer.x
        assert f.model.worst_violation(changed) < 1e-4
        assert f.model.value(changed) - plan.value == pytest.approx(answer.value - own.value(x), abs=USD)


def _deployments_in(f: Formulation, blocks: Blocks, k: int) -> list[int]:
    inside = set(blocks.parts[k].columns.tolist())
    return [q for q, own in enumerate(f.columns.deployments) if int(own.open[0, -1]) in inside]


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_by_block_keep_every_row_and_lie_below_every_bound(seed: int) -> None:
    f = written(random_request(seed))
    outline = outline_of(f, f.model, whole_columns(f))
    listener = Listener(Task(outline, 0), plans=3)
    threading.Timer(SHORT_S, listener.stopped.set).start()
    assert plan_by_block(listener, blocks_of_columns(f), Alone())
    plans = [told for told in listener.told if isinstance(told, Found)]
    bounds = [told.bound_usd for told in listener.told if isinstance(told, Proven)]
    optimum = solve(replace(f.model, whole=outline.whole), gap=1e-6)
    assert optimum.value is not None
    assert plans
    for plan in plans:
        assert is_plan(f, tidied(f, plan.x, outline.whole))
        assert plan.value_usd <= min(bounds) + USD
    assert [plan.value_usd for plan in plans] == sorted(plan.value_usd for plan in plans)
    assert plans[-1].value_usd >= optimum.value - 0.1 * abs(optimum.value)


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_by_block_fall_and_hold_for_the_best_plan(seed: int) -> None:
    f = written(random_request(seed))
    blocks, outline = by_blocks(f), outline_of(f, f.model, whole_columns(f))
    optimum, found = solve(f.model, gap=1e-6), relaxed(blocks)
    assert optimum.value is not None
    listener: Any = Listener(Task(outline, 0))
    threading.Timer(SHORT_S, listener.stopped.set).start()
    CityBounds(listener, blocks, found.prices, Alone()).run()
    bounds = [told.bound_usd for told in listener.told]
    assert bounds == sorted(bounds, reverse=True)
    assert min(bounds) >= optimum.value - USD
    assert min(bounds) <= found.bound + USD


def test_both_processes_work_by_block_where_a_problem_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    f = written(request())
    plain = search(f, time_limit_s=60, gap=1e-3, seed=0, report=lambda *_: None)
    monkeypatch.setattr(race, "LARGE_COLUMNS", 0)
    assert outline_of(f, f.model, whole_columns(f)).blocks is not None
    with Crew() as crew:
        both = search(f, time_limit_s=SECONDS, gap=0.05, seed=0, report=lambda *_: None, crew=crew)
    assert plain is not None
    assert both is not None
    assert both.bound >= plain.value - USD
    assert plain.bound >= both.value - USD
    assert f.model.worst_violation(both.x) < 1e-3


def test_a_problem_without_a_plan_is_known_as_such_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "LARGE_COLUMNS", 0)
    f = written(request(constraints=[{"id": "much", "type": "fleet_floor", "vehicles": 5000, "start": "2028-01"}]))
    with Crew() as crew:
        assert search(f, time_limit_s=60, gap=0.01, seed=0, report=lambda *_: None, crew=crew) is None


# --- who solves the blocks ---


class Pool:
    """Has units solved by a dispatcher's processes."""

    at_once = 2

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher

    def ask(self, unit: Unit, urgency: int = 1, hear: Hear | None = None) -> Future[Answer]:
        """Have a unit solved."""
        future: Future[Answer] = Future()
        self.dispatcher.put(urgency, unit_bytes(unit), lambda data: future.set_result(answer_from(data)))
        return future


class Told:
    """Answers with what it is told, one after another, and then with what is true."""

    at_once = 1

    def __init__(self, answers: list[Answer]) -> None:
        self.answers, self.asked = answers, 0

    def ask(self, unit: Unit, urgency: int = 1, hear: Hear | None = None) -> Future[Answer]:  # an asker's own signature
        """Answer a unit."""
        future: Future[Answer] = Future()
        future.set_result(self.answers.pop(0) if self.answers else solved(unit))
        self.asked += 1
        return future


def plans_of(f: Formulation, asker: Asker, count: int) -> list[bytes]:
    """Return the first plans that are found by block, as bytes."""
    listener = Listener(Task(outline_of(f, f.model, whole_columns(f)), 0), plans=count)
    plan_by_block(listener, blocks_of_columns(f), asker)
    return [told.x.tobytes() for told in listener.told if isinstance(told, Found)][:count]


def test_the_same_plans_are_found_whoever_solves_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citywise, "LAST", 1)  # both blocks at once
    monkeypatch.setattr(citywise, "LEAST_TRIES", 4)
    monkeypatch.setattr(citywise, "PATIENCE", 1)
    f = written(random_request(1))
    alone = plans_of(f, Alone(), 3)
    dispatcher = Dispatcher(2, Pretended(count=2))
    dispatcher.start()
    try:
        assert plans_of(f, Pool(dispatcher), 3) == alone
    finally:
        dispatcher.close()
    assert alone


def city_by_city(f: Formulation, asker: Asker) -> Citywise:
    """Return a search block by block that has found nothing yet."""
    blocks = by_blocks(f)
    listener = Listener(Task(outline_of(f, f.model, whole_columns(f)), 0), plans=100)
    return Citywise(listener, blocks, relaxed(blocks), asker)


def test_what_does_not_fit_where_the_others_stand_by_now_is_planned_again() -> None:
    f = written(random_request(0))
    search_of = city_by_city(f, Alone())
    flight = search_of._sent("first", [0])
    found = flight.future.result()
    assert found.x is not None
    too_much = found.x.copy()
    too_much[: -len(search_of.blocks.shared)] += 1e4
    told = search_of.asker = Told([Answer(too_much)])
    assert search_of._taken(search_of._sent("first", [0])) == []
    assert told.asked == 2
    assert search_of._missed(search_of.x) <= FITS


def test_a_block_that_nobody_can_plan_is_told_and_the_others_are_planned() -> None:
    f = written(random_request(0))
    search_of = city_by_city(f, Told([Answer(failed="broken")]))
    assert search_of._made_whole([1, 0]) == [1]
    assert search_of._missed(search_of.x) <= FITS


def test_a_block_without_room_is_planned_with_another_that_gives_way() -> None:
    f = written(random_request(0))
    search_of = city_by_city(f, Told([Answer()]))
    assert search_of.first_plan()
    assert search_of.asker.asked == len(search_of.blocks.parts) + 1  # type: ignore[attr-defined]
    assert is_plan(f, tidied(f, search_of.x, search_of.outline.whole))


def test_no_plan_is_made_where_nobody_gives_way_to_a_block() -> None:
    f = written(random_request(0))
    assert not city_by_city(f, Told([Answer() for _ in range(20)])).first_plan()


def test_a_search_by_block_ends_when_there_is_nothing_more_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citywise, "LEAST_TRIES", 3)
    monkeypatch.setattr(citywise, "PATIENCE", 1)
    f = written(random_request(0))
    blocks, outline = by_blocks(f), outline_of(f, f.model, whole_columns(f))
    listener: Any = Listener(Task(outline, 0), plans=1000)
    assert plan_by_block(listener, blocks_of_columns(f), Alone())
    CityBounds(listener, blocks, relaxed(blocks).prices, Alone()).run()
    assert not listener.stopped.is_set()


@pytest.mark.slow
def test_a_portfolio_that_is_searched_out_does_not_wait_for_its_time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "LARGE_COLUMNS", 0)
    f = written(request())
    with Crew() as crew:
        found = search(f, time_limit_s=250, gap=0.0, seed=0, report=lambda *_: None, crew=crew)
        assert found is not None
        assert found.ending in {Ending.exhausted, Ending.proven}
        assert crew.tally is not None
        assert crew.tally.here > 0
