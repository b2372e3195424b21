"""The store keeps its promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from api.store import tables
from api.store.contract import CardFilter, NewPlan, PlanRow, State, Store
from api.store.database import make_engine
from api.store.errors import CardChanged, KeyReused, PlanUnfinished, PlanUnknown, TooManyComments, TooManyWait
from api.store.files import Files
from api.store.ids import new_id
from api.store.migrate import HEAD, migrate, revision
from api.store.sqlstore import SqlStore
from fleetplan.options import PlanOptions
from tests.postgres import fresh_database, postgres

ANSWER = json.dumps({"status": "optimal", "objective": 5.0, "bound": 6.0, "gap": 0.2, "kpis": {"npv_usd": 5}}).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'plans.sqlite'}"
        return
    with fresh_database(request.getfixturevalue("server"), new_id("test")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def shared(server: str) -> Iterator[str]:
    with fresh_database(server, "shared") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path: Path) -> Iterator[SqlStore]:
    sqlite = request.param == "sqlite"
    made = SqlStore(None if sqlite else request.getfixturevalue("shared"), tmp_path)
    made.migrate()
    yield made
    if not sqlite:
        with made.writing() as connection:
            for table in tables.metadata.sorted_tables:
                connection.execute(sa.delete(table))
    made.close()


def new(name: str = "tiny", **changes: Any) -> NewPlan:
    values: dict[str, Any] = {"request": {"name": name, "cities": ["zurich"]}, "options": PlanOptions(seed=7)}
    return NewPlan(**{**values, **changes})


def plan_in(store: SqlStore, state: str) -> str:
    plan = store.create(new())[0].id
    if state != "queued":
        store.start(plan, "w1")
    if state not in ("queued", "running"):
        final: State = state  # type: ignore[assignment]
        store.finish(plan, final, answer=ANSWER if state == "succeeded" else None)
    return plan


def at_once(number: int, act: Callable[[], Any]) -> list[Any]:
    barrier = threading.Barrier(number)

    def one(_: int) -> Any:
        barrier.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def kinds(store: SqlStore, plan: str) -> list[str]:
    return [e.data["state"] if e.kind == "state" else e.kind for e in store.events(plan)]


def test_it_is_a_store_of_the_contract(store: SqlStore):
    held: Store = store
    assert held.get("plan_x") is None


def test_migrations_lead_to_the_tables_and_back(url: str, tmp_path: Path):
    store = SqlStore(url, tmp_path)
    migrate(store)
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    migrate(store, to="base")
    with store.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
    store.close()


def test_processes_that_start_at_once_migrate_once(url: str, tmp_path: Path):
    stores = [SqlStore(url, tmp_path) for _ in range(4)]
    waiting = iter(stores)
    assert at_once(4, lambda: next(waiting).migrate()) == [None] * 4
    assert stores[0].counts() == {}
    for each in stores:
        each.close()


def test_a_plan_comes_back_as_it_was_stored(store: SqlStore):
    request = {"name": "Zürich", "cities": ["zurich"], "capital": {"per_quarter_usd": 1e6}}
    options = PlanOptions(time_limit_s=9.5, gap=0.02, seed=3, freeze_until="2027-06", change_price_usd=1e4)
    row, replayed = store.create(new(request=request, options=options))
    assert not replayed
    assert row == store.get(row.id)
    assert (row.request, row.options, row.name, row.state) == (request, options, "Zürich", "queued")
    assert (row.origin, row.parent, row.started_at, row.worker) == (row.id, None, None, None)
    assert row.created_at.utcoffset() == timedelta(0)


def test_a_rerun_knows_its_parent_and_its_origin(store: SqlStore):
    first = store.create(new())[0]
    second = store.create(new(parent=first.id, patch={"discount_rate": 0.2}))[0]
    third = store.create(new(parent=second.id, patch={"cities": None}))[0]
    assert (third.parent, third.origin, third.patch) == (second.id, first.id, {"cities": None})
    with pytest.raises(PlanUnknown):
        store.create(new(parent="plan_gone"))


def test_twenty_equal_posts_with_one_key_make_one_plan(store: SqlStore):
    answers = at_once(20, lambda: store.create(new(idempotency_key="k", body_sha256="b")))
    assert len({row.id for row, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19
    assert store.counts() == {"queued": 1}


def test_a_key_with_another_body_is_refused(store: SqlStore):
    store.create(new(idempotency_key="k", body_sha256="b"))
    with pytest.raises(KeyReused):
        store.create(new(idempotency_key="k", body_sha256="c"))


@pytest.mark.parametrize("purged", [False, True])
def test_a_key_is_forgotten_after_a_day(store: SqlStore, purged: bool):
    first = store.create(new(idempotency_key="k", body_sha256="b"))[0]
    with store.writing() as connection:
        old = store.now(connection) - timedelta(hours=25)
        connection.execute(sa.update(tables.idempotency).values(created_at=old))
    if purged:
        store.purge(30.0)
    second, replayed = store.create(new(idempotency_key="k", body_sha256="c"))
    assert not replayed
    assert second.id != first.id


def test_a_replay_gets_through_a_full_queue(store: SqlStore):
    store.queue_limit = 1
    store.create(new(idempotency_key="k", body_sha256="b"))
    assert store.create(new(idempotency_key="k", body_sha256="b"))[1]
    with pytest.raises(TooManyWait):
        store.create(new())


def test_the_queue_never_grows_over_its_limit(store: SqlStore):
    store.queue_limit = 5
    answers = at_once(16, lambda: store.create(new()))
    assert sum(isinstance(a, TooManyWait) for a in answers) == 11
    assert store.counts() == {"queued": 5}


def test_pages_go_newest_first_and_meet_every_plan_once(store: SqlStore):
    made = [store.create(new(str(n)))[0].id for n in range(7)]
    seen: list[PlanRow] = []
    while page := store.page(limit=3, after=seen[-1].id if seen else None):
        seen += page
        store.create(new("later"))  # a plan made meanwhile moves nothing
    assert [row.id for row in seen] == made[::-1]


def test_a_page_goes_on_after_a_plan_that_is_gone(store: SqlStore):
    older, gone = plan_in(store, "queued"), plan_in(store, "failed")
    store.delete(gone)
    assert [row.id for row in store.page(limit=9, after=gone)] == [older]


def test_pages_are_filtered(store: SqlStore):
    zurich = store.create(new())[0].id
    both = store.create(new(request={"cities": ["munich", "zurich"]}, parent=zurich))[0].id
    everywhere = store.create(new(request={"name": "all"}))[0].id
    odd = store.create(new(request={"cities": ["%", "new_york"]}))[0].id
    store.start(both, "w1")

    def ids(**wanted: Any) -> list[str]:
        return [row.id for row in store.page(limit=9, after=None, **wanted)]

    assert ids(city="munich") == [everywhere, both]
    assert ids(city="zurich") == [everywhere, both, zurich]
    assert ids(city="%") == [odd, everywhere]
    assert ids(city="newXyork") == [everywhere]
    assert ids(state="running") == [both]
    assert ids(parent=zurich) == [both]


def test_ids_sort_by_time_even_within_a_microsecond():
    made = [new_id("plan") for _ in range(5000)]
    assert made == sorted(set(made))


def test_events_of_many_writers_are_numbered_without_gaps(store: SqlStore):
    plan = plan_in(store, "running")
    numbers = at_once(8, lambda: [store.add_event(plan, "log", {"m": 1}) for _ in range(5)])
    assert sorted(n for some in numbers for n in some) == list(range(3, 43))
    assert [e.seq for e in store.events(plan, after=40)] == [41, 42]
    assert [e.seq for e in store.events(plan, limit=2)] == [1, 2]


def test_progress_moves_the_figures_of_the_plan(store: SqlStore):
    plan = plan_in(store, "running")
    store.add_event(plan, "phase", {"phase": "searching"})
    store.add_event(plan, "incumbent", {"best_usd": 2.0, "bound_usd": float("inf"), "gap": None})
    row = store.get(plan)
    assert row is not None
    assert (row.phase, row.objective, row.bound, row.gap) == ("searching", 2.0, None, None)
    assert row.first_plan_at is not None
    store.add_event(plan, "bound", {"best_usd": 2.0, "bound_usd": 3.0, "gap": 0.5})
    row = store.get(plan)
    assert row is not None
    assert (row.objective, row.bound, row.gap) == (2.0, 3.0, 0.5)


def test_an_outcome_is_recorded_once(store: SqlStore):
    plan = plan_in(store, "running")
    answers = at_once(8, lambda: store.finish(plan, "succeeded", answer=ANSWER))
    assert sorted(answers) == [False] * 7 + [True]
    assert not store.finish(plan, "failed", problem={"code": "late"})
    assert store.add_event(plan, "log", {}) == 0
    assert kinds(store, plan) == ["queued", "running", "verdict", "succeeded"]
    row = store.get(plan)
    assert row is not None
    assert (row.state, row.objective, row.bound, row.gap, row.kpis) == ("succeeded", 5.0, 6.0, 0.2, {"npv_usd": 5})
    assert row.finished_at is not None
    assert row.problem is None
    assert store.answer(plan) == ANSWER


def test_a_failure_keeps_its_problem(store: SqlStore):
    plan = plan_in(store, "running")
    assert store.finish(plan, "infeasible", problem={"code": "infeasible", "clashes": ["a"]})
    row = store.get(plan)
    assert row is not None
    assert row.problem == {"code": "infeasible", "clashes": ["a"]}
    assert store.answer(plan) is None
    assert store.events(plan)[-2].data["problem"]["code"] == "infeasible"


def test_a_queued_plan_is_cancelled_at_once(store: SqlStore):
    plan = plan_in(store, "queued")
    assert store.request_cancel(plan).state == "cancelled"
    assert kinds(store, plan) == ["queued", "cancelled"]
    assert not store.start(plan, "w1")


def test_a_running_plan_is_asked_to_stop(store: SqlStore):
    plan, other = plan_in(store, "running"), plan_in(store, "running")
    row = store.request_cancel(plan)
    assert (row.state, row.cancel_requested) == ("running", True)
    assert store.beat("w1", [plan, other]) == [plan]
    assert store.beat("w2", [plan]) == []


@pytest.mark.parametrize("state", ["succeeded", "infeasible", "cancelled", "failed"])
def test_a_final_plan_stays_as_it_is_when_cancelled(store: SqlStore, state: str):
    plan = plan_in(store, state)
    row = store.request_cancel(plan)
    assert (row.state, row.cancel_requested) == (state, False)


def test_cancelling_or_deleting_nothing(store: SqlStore):
    with pytest.raises(PlanUnknown):
        store.request_cancel("plan_gone")
    store.delete("plan_gone")


def test_only_one_worker_gets_a_plan(store: SqlStore):
    plan = plan_in(store, "queued")
    names = iter(["w1", "w2", "w3", "w4"])
    assert sorted(at_once(4, lambda: store.start(plan, next(names)))) == [False, False, False, True]
    row = store.get(plan)
    assert row is not None
    assert row.worker is not None
    assert store.start(plan, row.worker)  # restarted, it takes its plan up again
    assert store.attempts(plan) == 2


def test_a_silent_workers_plan_is_released_once(store: SqlStore):
    plan = plan_in(store, "running")
    assert store.orphans(60.0) == [(plan, "w1")]  # never heard of
    store.beat("w1", [plan])
    assert store.orphans(60.0) == []
    assert store.orphans(0.0) == [(plan, "w1")]
    assert store.living(60.0) == {"w1"}
    assert sorted(at_once(4, lambda: store.release(plan, "w1")), key=str) == [2, None, None, None]
    assert kinds(store, plan) == ["queued", "running", "queued"]
    assert store.start(plan, "w2")
    assert not store.start(plan, "w1")  # it wakes up too late
    assert store.release(plan, "w1") is None


def test_a_plan_asked_to_stop_is_cancelled_when_its_worker_is_lost(store: SqlStore):
    plan = plan_in(store, "running")
    store.request_cancel(plan)
    assert store.release(plan, "w1") is None
    assert kinds(store, plan) == ["queued", "running", "cancelled"]


def test_a_waiting_plan_is_delivered_again_by_one(store: SqlStore):
    plan = plan_in(store, "queued")
    assert store.waiting(60.0) == []
    assert store.waiting(-1.0) == [(plan, 1)]
    assert sorted(at_once(4, lambda: store.redeliver(plan, 1)), key=str) == [2, None, None, None]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_open_plan_is_not_deleted(store: SqlStore, state: str):
    plan = plan_in(store, state)
    with pytest.raises(PlanUnfinished):
        store.delete(plan)
    assert store.get(plan) is not None


def test_deleting_keeps_what_another_plan_names(store: SqlStore):
    first, second = plan_in(store, "succeeded"), plan_in(store, "succeeded")
    row = store.get(first)
    assert row is not None
    assert row.answer_sha256 is not None
    store.delete(first)
    assert (store.get(first), store.events(first)) == (None, [])
    assert store.answer(second) == ANSWER
    store.delete(second)
    assert store.read(row.answer_sha256) is None


def test_a_key_of_a_deleted_plan_makes_a_new_one(store: SqlStore):
    first = store.create(new(idempotency_key="k", body_sha256="b"))[0].id
    store.request_cancel(first)
    store.delete(first)
    assert not store.create(new(idempotency_key="k", body_sha256="b"))[1]


def test_bytes_are_stored_once_and_whole(store: SqlStore, tmp_path: Path):
    hashes = at_once(8, lambda: store.put(b"content"))
    assert set(hashes) == {"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"}
    assert store.read(hashes[0]) == b"content"
    assert store.read("0" * 64) is None
    files = [p for p in (tmp_path / "artefacts").rglob("*") if p.is_file()]
    assert [p.name for p in files] == [hashes[0]]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "/x"])
def test_only_a_hash_becomes_a_path(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match="SHA-256"):
        Files(tmp_path).path(name)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError):
        Files(tmp_path).put(b"content")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_machines_that_share_only_postgresql_share_answers(server: str, tmp_path: Path):
    with fresh_database(server, new_id("test")) as url:
        here, there = SqlStore(url, tmp_path / "here"), SqlStore(url, tmp_path / "there")
        here.migrate()
        plan = plan_in(here, "succeeded")
        assert there.answer(plan) == ANSWER
        here.close()
        there.close()


def test_keys_are_kept_as_hashes_and_can_be_revoked(store: SqlStore):
    secret = store.add_key("ci", ["plan", "read"])
    found = store.find_key(secret)
    assert found is not None
    assert (found.name, found.scopes, found.revoked_at) == ("ci", frozenset({"plan", "read"}), None)
    assert store.find_key(secret + "x") is None
    with store.reading() as connection:
        assert secret not in str(connection.execute(sa.select(tables.keys)).all())
    assert store.revoke("ci") == 1
    assert store.revoke("ci") == 0
    assert store.find_key(secret) is None
    assert [key.revoked_at is None for key in store.list_keys()] == [False]


@pytest.mark.parametrize("scopes", [[], ["root"], ["plan", "root"]])
def test_unknown_scopes_are_refused(store: SqlStore, scopes: list[str]):
    with pytest.raises(ValueError, match="scopes"):
        store.add_key("x", scopes)


def test_other_databases_are_refused():
    with pytest.raises(ValueError, match="mysql"):
        make_engine("mysql://localhost/x")


def test_workers_long_gone_are_forgotten_unless_they_hold_a_plan(store: SqlStore):
    plan_in(store, "running")
    for name in ("w1", "w2", "w3"):
        store.beat(name, [])
    with store.writing() as connection:
        old = store.now(connection) - timedelta(days=3)
        connection.execute(sa.update(tables.workers).where(tables.workers.c.id != "w3").values(beat_at=old))
    store.purge(30.0)
    with store.reading() as connection:
        assert set(connection.execute(sa.select(tables.workers.c.id)).scalars()) == {"w1", "w3"}


# --- a database of an earlier version -------------------------------------------------------------------------------------

OLD_PLAN = {
    "id": "plan_1", "state": "succeeded", "name": "Zürich | first", "request": '{"name": "Zürich | first", "cities": ["zurich"]}',
    "options": '{"seed": 7, "gap": 0.02}', "parent": "plan_0", "origin": "plan_0", "patch": '{"cities": ["zurich"]}',
    "cities": "|zurich|", "created_at": datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "cancel_requested": False, "phase": "succeeded",
    "objective": 5.0, "bound": 6.0, "gap": 0.2, "kpis": '{"npv_usd": 5}', "last_seq": 1, "attempts": 1, "deliveries": 1,
    "delivered_at": datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
}  # fmt: skip
OLD_EVENT = {"plan": "plan_1", "seq": 1, "at": OLD_PLAN["created_at"], "kind": "state", "data": '{"state": "queued"}'}
OLD_KEY = {"key": "/k", "body_sha256": "b", "plan": "plan_1"}


def insert_raw(store: SqlStore, table: str, values: dict[str, Any]) -> None:
    """Write a row as the version of then did: with that version's columns, and nothing of today's code."""
    if store.is_sqlite:
        values = {k: v.replace(tzinfo=None).isoformat(" ") if isinstance(v, datetime) else v for k, v in values.items()}
    names = ", ".join(values)
    with store.writing() as connection:
        statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"  # noqa: S608
        connection.execute(sa.text(statement), values)


@pytest.mark.parametrize("step", ["0001", "0002"])
def test_a_database_of_an_earlier_version_is_brought_here_with_all_that_is_in_it(url: str, tmp_path: Path, step: str):
    store = SqlStore(url, tmp_path)
    migrate(store, to=step)
    sha256 = store.files.put(ANSWER)
    insert_raw(store, "plans", {**OLD_PLAN, "answer_sha256": sha256})
    insert_raw(
        store, "plans", {**OLD_PLAN, "id": "plan_0", "parent": None, "patch": None, "state": "queued", "kpis": None}
    )
    insert_raw(store, "events", OLD_EVENT)
    insert_raw(store, "idempotency", {**OLD_KEY, "created_at": datetime.now(UTC)})
    insert_raw(
        store, "keys",
        {"id": "key_1", "name": "boss", "sha256": hashlib.sha256(b"secret").hexdigest(), "scopes": '["admin"]',
         "created_at": OLD_PLAN["created_at"]},
    )  # fmt: skip
    if not store.is_sqlite:
        insert_raw(store, "artefacts", {"sha256": sha256, "content": ANSWER})
    store.migrate()
    row = store.get("plan_1")
    assert row is not None
    assert (row.name, row.request["cities"], row.options.seed, row.parent) == (
        "Zürich | first",
        ["zurich"],
        7,
        "plan_0",
    )
    assert (row.created_at, row.kpis, row.tags, row.revision) == (OLD_PLAN["created_at"], {"npv_usd": 5}, (), 1)
    assert (row.archived_at, row.chosen_at, row.deleted_at) == (None, None, None)
    assert store.answer("plan_1") == ANSWER
    assert [e.data for e in store.events("plan_1")] == [{"state": "queued"}]
    assert store.create(new(idempotency_key="/k", body_sha256="b"))[1]
    found = store.find_key("secret")
    assert found is not None
    assert found.name == "boss"
    assert store.change_card("plan_1", {"tags": ["board"], "chosen": True}).revision == 2
    assert [r.id for r in store.page(limit=9, after=None, card=CardFilter(tag="board"))] == ["plan_1"]
    assert store.start("plan_0", "w1")
    migrate(store, to=step)  # an older version is put back: what it knows of is there
    with store.reading() as connection:
        left = connection.execute(sa.text("SELECT id, name, state FROM plans ORDER BY id")).all()
    assert [tuple(r) for r in left] == [
        ("plan_0", "Zürich | first", "running"),
        ("plan_1", "Zürich | first", "succeeded"),
    ]
    store.close()


def test_every_step_is_known_and_the_newest_is_where_a_database_is_brought(tmp_path: Path):
    steps = sorted((Path(migrate.__code__.co_filename).parent / "migrations" / "versions").glob("0*_*.py"))
    numbers = [step.name[:4] for step in steps]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]  # no two of one number, none left out
    store = SqlStore(None, tmp_path)
    migrate(store, to=numbers[-2])
    store.migrate()  # a step that stands in the folder is run, whatever a merge made of anything else
    with store.reading() as connection:
        assert revision(connection) == HEAD == numbers[-1]
        assert {table.name for table in tables.metadata.sorted_tables} <= set(sa.inspect(connection).get_table_names())
    store.close()


# --- what people say ------------------------------------------------------------------------------------------------------


def test_a_card_counts_its_changes_and_knows_an_outdated_one(store: SqlStore):
    plan = plan_in(store, "succeeded")
    row = store.change_card(plan, {"name": "Q3 | <b>board</b>", "tags": ["q3", "50 %_off"], "archived": True})
    assert (row.name, row.tags, row.revision) == ("Q3 | <b>board</b>", ("q3", "50 %_off"), 2)
    assert row.archived_at is not None
    assert store.change_card(plan, {"archived": True, "tags": ["q3", "50 %_off"]}, revision=2) == row
    with pytest.raises(CardChanged):
        store.change_card(plan, {"archived": False}, revision=1)
    answers = at_once(6, lambda: store.change_card(plan, {"name": new_id("n")}, revision=2))
    assert sorted(isinstance(a, CardChanged) for a in answers) == [False] + [True] * 5
    with pytest.raises(PlanUnknown):
        store.change_card("plan_gone", {"archived": True})


def test_plans_are_found_by_their_cards(store: SqlStore):
    plain, tagged, old = (plan_in(store, "succeeded") for _ in range(3))
    store.change_card(tagged, {"tags": ["a%b", "Board"], "chosen": True})
    store.change_card(old, {"tags": ["aXb"], "archived": True})

    def ids(**card: Any) -> list[str]:
        return [row.id for row in store.page(limit=9, after=None, card=CardFilter(**card))]

    assert ids() == [old, tagged, plain]
    assert ids(archived=False) == [tagged, plain]
    assert ids(archived=True) == [old]
    assert (ids(chosen=True), ids(chosen=False)) == ([tagged], [old, plain])
    assert (ids(tag="a%b"), ids(tag="oard"), ids(tag="aXb", archived=False)) == ([tagged], [], [])
    assert store.tags() == {"a%b": 1, "aXb": 1, "Board": 1}


def test_of_a_plan_and_its_reruns_one_is_chosen(store: SqlStore):
    first, stranger = plan_in(store, "succeeded"), plan_in(store, "succeeded")
    child = store.create(new(parent=first))[0].id
    for plan in (stranger, first, child):
        store.change_card(plan, {"chosen": True})
    chosen = {row.id: row.revision for row in store.page(limit=9, after=None, card=CardFilter(chosen=True))}
    assert set(chosen) == {stranger, child}
    assert store.change_card(first, {}).revision == 3


def test_what_is_deleted_can_be_brought_back_until_the_bin_is_emptied(store: SqlStore):
    plan, other = plan_in(store, "succeeded"), plan_in(store, "queued")
    store.add_comment(plan, "good", author="boss", key="")
    with pytest.raises(PlanUnfinished):
        store.discard(other)
    discarded = store.discard(plan)
    assert store.discard(plan) == discarded
    assert (store.get(plan), store.counts()) == (None, {"queued": 1})
    assert [row.id for row in store.page(limit=9, after=None)] == [other]
    assert [row.id for row in store.page(limit=9, after=None, card=CardFilter(deleted=True))] == [plan]
    for refused in (lambda: store.change_card(plan, {}), lambda: store.add_comment(plan, "x", author="", key="")):
        with pytest.raises(PlanUnknown):
            refused()
    assert store.empty_bin(1.0) == 0
    store.restore(plan)
    assert store.restore(plan).deleted_at is None
    assert (store.answer(plan), len(store.comments(plan))) == (ANSWER, 1)
    store.discard(plan)
    assert store.empty_bin(0.0) == 1
    assert (store.card(plan), store.comments(plan), store.answer(plan)) == (None, [], None)
    with pytest.raises(PlanUnknown):
        store.restore(plan)


def test_a_posts_key_does_not_bring_a_deleted_plan_back(store: SqlStore):
    plan = store.create(new(idempotency_key="k", body_sha256="b"))[0].id
    store.request_cancel(plan)
    store.discard(plan)
    again, replayed = store.create(new(idempotency_key="k", body_sha256="b"))
    assert (replayed, again.id != plan) == (False, True)


def test_comments_stand_in_order_and_are_taken_back_by_whoever_made_them(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_in(store, "failed")
    mine, theirs = (store.add_comment(plan, f"<i>{k}</i>\nline", author=k, key=k) for k in ("me", "they"))
    assert [(c.author, c.text) for c in store.comments(plan)] == [
        ("me", "<i>me</i>\nline"),
        ("they", "<i>they</i>\nline"),
    ]
    assert not store.remove_comment(plan, theirs.id, key="me")
    assert store.remove_comment(plan, mine.id, key="me")
    assert store.remove_comment(plan, theirs.id, key=None)
    monkeypatch.setattr("api.store.cards.MOST_COMMENTS", 1)
    store.add_comment(plan, "one", author="", key="")
    with pytest.raises(TooManyComments):
        store.add_comment(plan, "two", author="", key="")
