"""Who solves which unit: processes here, helpers elsewhere; what is lost is done again, and nothing waits for ever."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fleetplan.helpers import Recruit
from fleetplan.optimize.pair import dispatch
from fleetplan.optimize.pair.dispatch import BOUNDS_FIRST, PLANS_FIRST, Dispatcher
from fleetplan.optimize.pair.unit_child import answered
from fleetplan.optimize.pair.unit_process import UnitProcess
from fleetplan.optimize.pair.units import (
    LONG,
    URGENT,
    USUAL,
    Answer,
    answer_bytes,
    answer_from,
    unit_bytes,
)
from tests.units_support import Pretended, unit_of
from tests.worker_process import until

PATIENCE_S = 60.0


def test_first_plans_come_before_all_and_better_ones_and_bounds_have_a_process_each_to_go_first():
    dispatcher = Dispatcher(2)
    for urgency in (LONG, LONG, USUAL, URGENT, URGENT):
        dispatcher.put(urgency, b"", lambda _: None)
    orders = (BOUNDS_FIRST, PLANS_FIRST, PLANS_FIRST, BOUNDS_FIRST, PLANS_FIRST)
    jobs = [dispatcher._next(order) for order in orders]
    assert [job.urgency for job in jobs if job is not None] == [URGENT, URGENT, USUAL, LONG, LONG]


@contextmanager
def dispatching(processes: int, recruit: Recruit | None = None) -> Iterator[Dispatcher]:
    """Give a dispatcher at work."""
    made = Dispatcher(processes, recruit)
    made.start()
    try:
        yield made
    finally:
        made.close()


def asked(dispatcher: Dispatcher, units: list[bytes], urgency: int = 1) -> queue.Queue[tuple[int, bytes]]:
    """Have units solved; return where the answers come, with the place of their unit."""
    heard: queue.Queue[tuple[int, bytes]] = queue.Queue()
    for place, unit in enumerate(units):

        def hear(answer: bytes, place: int = place) -> None:
            heard.put((place, answer))

        dispatcher.put(urgency, unit, hear)
    return heard


def all_of(heard: queue.Queue[tuple[int, bytes]], count: int) -> dict[int, bytes]:
    return dict(heard.get(timeout=PATIENCE_S) for _ in range(count))


@pytest.fixture(scope="module")
def units() -> list[bytes]:
    return [unit_bytes(unit_of("bound", k, seed)) for seed in range(3) for k in (0, 1)]


@pytest.fixture(scope="module")
def expected(units: list[bytes]) -> dict[int, bytes]:
    return {place: answered(unit) for place, unit in enumerate(units)}


def test_answers_are_the_same_bytes_whoever_solves_them(units: list[bytes], expected: dict[int, bytes]) -> None:
    with dispatching(2) as alone:
        assert all_of(asked(alone, units), len(units)) == expected
        assert (alone.tally.here, alone.tally.elsewhere) == (len(units), 0)
    with dispatching(1, Pretended()) as helped:
        heard = asked(helped, units * 5)
        found = all_of(heard, 5 * len(units))
        assert all(answer == expected[place % len(units)] for place, answer in found.items())
        assert helped.tally.here + helped.tally.elsewhere == 5 * len(units)


def test_helpers_do_all_where_there_is_no_process_here(units: list[bytes], expected: dict[int, bytes]) -> None:
    helpers = Pretended()
    with dispatching(0, helpers) as dispatcher:
        assert all_of(asked(dispatcher, units), len(units)) == expected
        assert (dispatcher.tally.here, dispatcher.tally.elsewhere) == (0, len(units))
    assert helpers.closed


def test_urgent_units_are_solved_before_others(units: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[bytes] = []
    ask = UnitProcess.ask

    def noted(self: UnitProcess, unit: bytes) -> None:
        solved.append(unit)
        ask(self, unit)

    monkeypatch.setattr(UnitProcess, "ask", noted)
    dispatcher = Dispatcher(1)
    usual, urgent = asked(dispatcher, units[:3], urgency=1), asked(dispatcher, units[3:], urgency=0)
    dispatcher.start()
    try:
        all_of(usual, 3)
        all_of(urgent, 3)
    finally:
        dispatcher.close()
    assert solved == [*units[3:], *units[:3]]


@pytest.mark.parametrize("solve", [lambda _: None, lambda _: answer_bytes(Answer(failed="out of memory"))])
def test_what_helpers_lose_or_fail_at_is_done_here(
    solve: Any, units: list[bytes], expected: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LATE_S", 0.2)
    helpers = Pretended(solve)
    with dispatching(1, helpers) as dispatcher:
        assert all_of(asked(dispatcher, units), len(units)) == expected
        assert dispatcher.tally.elsewhere == 0
    assert not helpers.offered


def test_helpers_that_are_out_of_reach_are_no_fault_of_the_search(
    units: list[bytes], expected: dict[int, bytes]
) -> None:
    class Broken(Pretended):
        def ready(self) -> int:
            msg = "no connection"
            raise OSError(msg)

    def none() -> Any:
        msg = "no database"
        raise OSError(msg)

    for recruit in (Broken(), none):
        with dispatching(1, recruit) as dispatcher:
            assert all_of(asked(dispatcher, units[:2]), 2) == {0: expected[0], 1: expected[1]}


def test_a_unit_whose_process_dies_is_solved_by_the_next(units: list[bytes], expected: dict[int, bytes]) -> None:
    killed = threading.Event()
    with dispatching(1) as dispatcher:
        until(lambda: dispatcher._children)
        victim = next(iter(dispatcher._children))
        heard = asked(dispatcher, units[:1])
        victim.kill()
        killed.set()
        assert all_of(heard, 1) == {0: expected[0]}
        assert dispatcher._children
        assert victim not in dispatcher._children


def test_a_unit_that_cannot_be_solved_is_told_as_failed_and_the_next_is_solved(
    units: list[bytes], expected: dict[int, bytes]
) -> None:
    with dispatching(1) as dispatcher:
        found = all_of(asked(dispatcher, [b"{}\n", units[0]]), 2)
    assert answer_from(found[0]).failed.startswith("KeyError")
    assert found[1] == expected[0]


def test_everything_ends_within_a_second(units: list[bytes]) -> None:
    helpers = Pretended(lambda _: None)
    heard: queue.Queue[tuple[int, bytes]]
    with dispatching(2, helpers) as dispatcher:
        until(lambda: len(dispatcher._children) == 2)
        heard = asked(dispatcher, units * 10)
        time.sleep(0.2)
        children = [child._process for child in dispatcher._children]
        began = time.monotonic()
        dispatcher.close()
        assert time.monotonic() - began < 10.0  # a second on a machine of its own
    assert all(child.poll() is not None for child in children)
    assert helpers.closed
    assert heard.qsize() < 10 * len(units)
