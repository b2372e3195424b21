"""Units of work in the store: leased by one worker at a time, lost with their worker, gone with their plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest
import sqlalchemy as sa

from api.jobs import helping
from api.jobs.helping import Helping
from api.jobs.offers import Offers, Sharing, expanded, squeezed
from api.store import tables
from api.store.contract import NewPlan
from api.store.ids import new_id
from api.store.leases import LONGEST_LEASE
from api.store.sqlstore import SqlStore
from api.store.units import MOST_LEASES, LeasedUnit
from fleetplan.options import PlanOptions
from tests.postgres import fresh_database, postgres
from tests.worker_process import until

LONG_S, SHORT_S = 600.0, 0.05


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        made = SqlStore(None, tmp_path)
        made.migrate()
        yield made
        made.close()
        return
    with fresh_database(request.getfixturevalue("server"), new_id("test")) as url:
        made = SqlStore(url, tmp_path)
        made.migrate()
        yield made
        made.close()


def running(store: SqlStore, worker: str = "owner") -> str:
    plan = store.create(NewPlan({"name": "large"}, PlanOptions()))[0].id
    assert store.start(plan, worker)
    return plan


def leased(store: SqlStore, worker: str, lease_s: float = LONG_S) -> LeasedUnit:
    unit = store.lease_unit(worker, lease_s)
    assert unit is not None
    return unit


def count(store: SqlStore) -> int:
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.units)).scalar_one()


def test_the_most_urgent_unit_goes_to_whoever_asks_and_its_answer_to_the_plan_once(store: SqlStore):
    plan = running(store)
    assert not store.open_units("helper")
    for number, urgency in ((0, 1), (1, 0), (2, 1)):
        assert store.offer_unit(plan, number, urgency, f"unit {number}".encode())
    assert store.open_units("helper")
    units = [leased(store, "helper") for _ in range(3)]
    assert [unit.number for unit in units] == [1, 0, 2]
    assert units[0] == LeasedUnit(plan, 1, b"unit 1")
    assert store.lease_unit("helper", LONG_S) is None
    assert store.take_answers(plan) == []
    assert store.answer_unit(units[0], b"answer")
    assert not store.answer_unit(units[0], b"another"), "the first answer counts"
    assert store.take_answers(plan) == [(1, b"answer")]
    assert store.take_answers(plan) == []
    assert not store.answer_unit(units[0], b"late")


def test_a_worker_takes_no_unit_of_its_own_plan(store: SqlStore):
    plan = running(store, "owner")
    store.offer_unit(plan, 0, 1, b"unit")
    assert not store.open_units("owner")
    assert store.lease_unit("owner", LONG_S) is None


def test_a_lease_that_runs_out_is_free_again_and_one_that_is_renewed_is_not(store: SqlStore):
    plan = running(store)
    store.offer_unit(plan, 0, 1, b"unit")
    lost = leased(store, "dead", SHORT_S)
    until(lambda: store.open_units("other"), 10.0)
    kept = leased(store, "other", SHORT_S)
    assert not store.renew_unit(lost, "dead", LONG_S), "another has it"
    assert not store.is_wanted(lost, "dead")
    assert store.renew_unit(kept, "other", LONG_S)
    time.sleep(2 * SHORT_S)
    assert not store.open_units("third")
    assert store.is_wanted(kept, "other")
    assert store.answer_unit(lost, b"from the dead"), "the same bytes, whoever brings them"
    assert not store.is_wanted(kept, "other")
    assert store.take_answers(plan) == [(0, b"from the dead")]


def test_a_unit_that_workers_lose_again_and_again_is_left_to_its_own(store: SqlStore):
    plan = running(store)
    store.offer_unit(plan, 0, 1, b"unit")
    for _ in range(MOST_LEASES):
        store.return_unit(leased(store, "weak"), "weak")
    assert store.lease_unit("weak", LONG_S) is None
    assert not store.open_units("strong")
    assert store.claim_unit(plan, 0)
    assert count(store) == 0


def test_the_plan_s_own_worker_takes_back_what_nobody_works_on(store: SqlStore):
    plan = running(store)
    for number in range(3):
        store.offer_unit(plan, number, 1, b"unit")
    held, lapsed = leased(store, "alive"), leased(store, "dead", SHORT_S)
    time.sleep(2 * SHORT_S)
    assert [store.claim_unit(plan, number) for number in range(3)] == [False, True, True]
    assert (held.number, lapsed.number) == (0, 1)
    assert not store.claim_unit(plan, 7)
    store.withdraw_unit(plan, 0)
    assert not store.is_wanted(held, "alive")
    assert count(store) == 0


def ended(store: SqlStore, plan: str) -> None:
    store.finish(plan, "failed", problem={"title": "x"})


def cancelled_with_its_worker(store: SqlStore, plan: str) -> None:
    store.request_cancel(plan)
    store.release(plan, "owner")


def requeued(store: SqlStore, plan: str) -> None:
    store.release(plan, "owner")


def begun_again(store: SqlStore, plan: str) -> None:
    store.start(plan, "owner")


@pytest.mark.parametrize("end", [ended, cancelled_with_its_worker, requeued, begun_again])
def test_units_are_gone_when_their_plan_ends_or_begins_anew(store: SqlStore, end: Callable[[SqlStore, str], None]):
    plan, other = running(store), running(store)
    for one in (plan, other):
        store.offer_unit(one, 0, 1, b"unit")
    held = leased(store, "helper")
    assert held.plan == plan
    end(store, plan)
    assert not store.is_wanted(held, "helper")
    assert not store.answer_unit(held, b"late")
    assert not store.renew_unit(held, "helper", LONG_S)
    assert count(store) == 1
    if end is not begun_again:
        assert not store.offer_unit(plan, 1, 1, b"unit"), "a plan that does not run has no units"
    store.offer_unit(other, 1, 1, b"unit")
    store.purge(1.0)
    assert count(store) == 2


def test_the_longest_lease_is_none_of_a_clock_set_back_for_whoever_looked_a_moment_before(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    store.offer_unit(running(store), 0, 1, b"unit")
    leased(store, "helper", LONGEST_LEASE.total_seconds())
    now = store.now

    def earlier(by: timedelta) -> None:
        monkeypatch.setattr(store, "now", lambda connection: now(connection) - by)

    earlier(timedelta(seconds=5))
    assert store.lease_unit("another", LONG_S) is None
    earlier(timedelta(hours=2))
    assert store.lease_unit("another", LONG_S) is not None, "that clock was set back"


def test_many_workers_at_once_get_every_unit_once(store: SqlStore):
    plan = running(store)
    for number in range(12):
        store.offer_unit(plan, number, 1, b"unit")

    def all_of(worker: str) -> list[int]:
        found = []
        while (unit := store.lease_unit(worker, LONG_S)) is not None:
            found.append(unit.number)
        return found

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(all_of, [f"w{n}" for n in range(4)]))
    assert sorted(number for part in parts for number in part) == list(range(12))


def test_workers_without_a_plan_are_counted_as_free(store: SqlStore):
    for worker in ("owner", "idle", "at work"):
        store.beat(worker, [])
    running(store, "owner")
    running(store, "at work")
    assert store.free_workers("owner", 60.0) == 1
    assert store.free_workers("idle", 60.0) == 0
    time.sleep(SHORT_S)
    assert store.free_workers("owner", 0.0) == 0


def test_offers_go_out_small_and_come_back_as_they_were(store: SqlStore):
    plan = running(store)
    offers = Offers(store, Sharing(store.url, "", plan, "owner", 60.0))
    store.beat("helper", [])
    assert offers.ready() == 1
    unit = b"a unit " * 1000
    offers.offer(0, 1, unit)
    held = leased(store, "helper")
    assert len(held.content) < len(unit) / 10
    assert expanded(held.content) == unit
    assert not offers.claim(0)
    store.answer_unit(held, squeezed(b"answer"))
    assert offers.answers() == [(0, b"answer")]
    offers.offer(1, 1, unit)
    assert offers.claim(1)
    offers.offer(2, 1, unit)
    offers.withdraw(2)
    assert count(store) == 0


# --- a worker that helps ----------------------------------------------------------------------------------------------------


class Pretended:
    """Stands for the process that solves units: ``answers`` says what comes of them, None for nothing in this life."""

    answers: bytes | Exception | None = b"answer"
    closed = 0

    def ask(self, unit: bytes) -> None:
        """Take a unit."""

    def answer(self, seconds: float) -> bytes | None:
        if isinstance(self.answers, Exception):
            raise self.answers
        if self.answers is None:
            time.sleep(seconds)
        return self.answers

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> type[Pretended]:
    made = type("Made", (Pretended,), {"closed": 0})
    monkeypatch.setattr(helping, "UnitProcess", made)
    monkeypatch.setattr(helping, "LOOK_S", 0.05)
    return made


class Helper:
    """A thread that helps, and what it is told."""

    def __init__(self, store: SqlStore, lease_s: float = LONG_S) -> None:
        self.stop, self.busy = threading.Event(), False
        one = Helping(store, "helper", lambda: lease_s, lambda: self.busy)
        self.thread = threading.Thread(target=one.run, args=(self.stop,))

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(10.0)


def holder(store: SqlStore) -> Any:
    with store.reading() as connection:
        return connection.execute(sa.select(tables.units.c.worker)).scalar()


def test_a_free_worker_solves_units_and_a_busy_one_none(store: SqlStore, pretended: type[Pretended]):
    plan, found = running(store), list[tuple[int, bytes]]()

    def answered() -> bool:
        found.extend(store.take_answers(plan))
        return bool(found)

    with Helper(store) as helper:
        store.offer_unit(plan, 0, 1, squeezed(b"unit"))
        until(answered, 20.0)
        assert [(number, expanded(answer)) for number, answer in found] == [(0, b"answer")]
        helper.busy = True
        until(lambda: pretended.closed == 1, 5.0)
        store.offer_unit(plan, 1, 1, squeezed(b"unit"))
        time.sleep(0.3)
        assert holder(store) is None


def test_work_that_is_wanted_no_more_ends_within_a_second(store: SqlStore, pretended: type[Pretended]):
    pretended.answers = None
    plan = running(store)
    with Helper(store) as helper:
        for number in (0, 1):
            store.offer_unit(plan, number, 1, squeezed(b"unit"))
            until(lambda: holder(store) == "helper", 20.0)
            if number:
                helper.busy = True
            else:
                store.clear_units(plan)
            waited_s = until(lambda number=number: pretended.closed > number, 5.0)  # type: ignore[misc]
            assert waited_s < 2.0  # a second, and what a busy machine adds
    until(lambda: holder(store) is None, 5.0)


def test_a_unit_whose_process_dies_is_given_back_and_leases_are_renewed(store: SqlStore, pretended: type[Pretended]):
    pretended.answers = EOFError()
    plan = running(store)
    with Helper(store):
        store.offer_unit(plan, 0, 1, squeezed(b"unit"))
        until(lambda: pretended.closed == MOST_LEASES, 20.0)
        until(lambda: holder(store) is None, 5.0)  # the process is dismissed first, then the unit is given back
    assert store.claim_unit(plan, 0)
    pretended.answers = None
    with Helper(store, lease_s=0.6):
        store.offer_unit(plan, 1, 1, squeezed(b"unit"))
        until(lambda: holder(store) == "helper", 20.0)
        time.sleep(1.5)
        assert not store.open_units("another")
