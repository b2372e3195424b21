"""Faults of the machine and of those who run it: each is told in a sentence, and nothing opens or lies by mistake."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.deps import Costly
from api.documents import Document, Kept
from api.jobs.config import JobConfig
from api.jobs.queue import prepare
from api.middleware import Doorkeeper
from api.pages.sign_in import inside
from api.problems import TooSlow
from api.security import Guard, Guesses
from api.settings import Settings
from api.sockets import Patient
from api.store import database, tables
from api.store.errors import AnswerDamaged, StoreFull, StoreUnusable
from api.store.files import Files
from api.store.sqlstore import SqlStore
from fleetplan.cli import app
from tests.api_support import BODY, answer, running
from tests.loops import run_alone

PLENTY = 10**18
ALTERED = "9" * 20  # stands in no digest or number of a plan by chance


# --- stored answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["altered", "truncated", "deleted"])
def test_a_stored_answer_that_was_changed_is_never_shown(tmp_path: Path, harm: str):
    with running(tmp_path) as service:
        plan = service.made()
        row = service.store.get(plan)
        assert row is not None
        assert row.answer_sha256 is not None
        path = service.store.files.path(row.answer_sha256)
        whole = path.read_bytes()
        if harm == "deleted":
            path.unlink()
        else:
            altered = whole.replace(b'"objective":', b'"objective":' + ALTERED.encode())
            path.write_bytes(altered if harm == "altered" else whole[:1000])
        for address in (f"/v1/plans/{plan}/map", f"/v1/plans/{plan}/explanation", f"/v1/plans/{plan}/export"):
            told = service.client.get(address)
            assert (told.status_code, told.json()["code"]) == (500, "answer-damaged"), told.text
            assert ALTERED not in told.text
        page = service.client.get(f"/plans/{plan}", headers={"Accept": "text/html"})
        assert page.status_code == 500
        assert "damaged" in page.text
        again = service.made()
        assert path.read_bytes() == whole
        assert service.client.get(f"/v1/plans/{again}/explanation").status_code == 200
        assert service.client.get(f"/v1/plans/{plan}/explanation").status_code == 200


def test_files_are_compared_with_their_hash_and_mended(tmp_path: Path):
    files = Files(tmp_path)
    sha256 = files.put(b"whole")
    files.path(sha256).write_bytes(b"wh")
    with pytest.raises(AnswerDamaged, match="altered or cut off"):
        files.read(sha256)
    assert files.put(b"whole") == sha256
    assert files.read(sha256) == b"whole"
    assert files.read(hashlib.sha256(b"none").hexdigest()) is None


def test_what_a_dead_process_left_half_written_is_swept(tmp_path: Path):
    files = Files(tmp_path)
    folder = files.path(files.put(b"x")).parent
    old, young = folder / "a.tmp", folder / "b.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert files.sweep() == 1
    assert (old.exists(), young.exists()) == (False, True)


# --- disk and database --------------------------------------------------------------------------------------------------


def test_without_room_no_plan_is_taken_and_the_service_is_not_ready(tmp_path: Path):
    with running(tmp_path, min_free_bytes=PLENTY) as service:
        told = service.client.post("/v1/plans", json=BODY)
        assert (told.status_code, told.json()["code"]) == (507, "disk-full")
        assert "are free in the data folder" in told.json()["detail"]
        ready = service.client.get("/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not-available")
        assert service.client.get("/health").status_code == 200
        assert not service.runner.enqueued


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_a_write_that_finds_no_room_says_so(error: Exception):
    with pytest.raises(StoreFull), database.told_when_full():
        raise error
    with pytest.raises(KeyError), database.told_when_full():
        raise KeyError


@pytest.mark.parametrize("harm", ["deleted", "replaced"])
def test_a_database_that_is_gone_takes_no_plan(tmp_path: Path, harm: str):
    with running(tmp_path) as service:
        service.post()
        path = tmp_path / "fleetplan.sqlite"
        path.unlink()
        if harm == "replaced":
            other = tmp_path / "other.sqlite"
            other.write_bytes(b"")
            other.rename(path)
        told = service.client.post("/v1/plans", json=BODY)
        assert (told.status_code, told.json()["code"]) == (503, "not-available")
        assert "deleted or replaced" in told.json()["detail"]
        assert service.client.get("/ready").status_code == 503


def _damaged(folder: Path) -> None:
    (folder / "fleetplan.sqlite").write_bytes(b"no database at all" * 100)


def _foreign(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "fleetplan.sqlite")) as connection:
        connection.execute("CREATE TABLE theirs (a)")


def _newer(folder: Path) -> None:
    store = SqlStore(None, folder)
    store.migrate()
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()


def _queue(folder: Path) -> None:
    (folder / "jobs.sqlite").write_bytes(b"no database at all" * 100)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_damaged, "file is not a database"),
        (_foreign, "another program's"),
        (_newer, "newer version of fleetplan (step 9999"),
        (_queue, "the queue's database"),
    ],
)
def test_a_database_that_is_none_of_ours_ends_the_start_in_a_line(tmp_path: Path, harm: Any, what: str):
    harm(tmp_path)
    with closing(SqlStore(None, tmp_path)) as store, pytest.raises(StoreUnusable) as caught:
        prepare(JobConfig(None, tmp_path), store)
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_no_data_folder(tmp_path: Path):
    (tmp_path / "file").write_text("")
    told = CliRunner().invoke(app, ["keys", "list", "--data", str(tmp_path / "file")])
    assert (told.exit_code, "is a file" in told.output, isinstance(told.exception, SystemExit)) == (4, True, True)


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_the_data_folder_is_this_users_alone(tmp_path: Path):
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir(mode=0o755)
    (old / "fleetplan.sqlite").touch(mode=0o644)
    for folder in (new, old):
        with closing(SqlStore(None, folder)) as store:
            store.migrate()
        for path in (folder, folder / "fleetplan.sqlite"):
            assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert stat.S_IMODE((new / "fleetplan.sqlite").stat().st_mode) == 0o600


def test_a_clock_that_is_set_back_hides_no_silent_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = SqlStore(None, tmp_path)
    store.migrate()
    with running(tmp_path) as service:
        plan = service.post()
    store.beat("w", [])
    assert store.start(plan, "w")
    assert store.living(30) == {"w"}
    assert not store.orphans(30)
    back = datetime.now(UTC) - timedelta(hours=2)
    monkeypatch.setattr(store, "now", lambda _: back)
    assert store.orphans(30) == [(plan, "w")]
    assert store.living(30) == frozenset()
    with store.writing() as connection:
        connection.execute(sa.update(tables.plans).values(state="queued"))
    assert [found for found, _ in store.waiting(30)] == [plan]
    store.close()


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({"FLEETPLAN_CONFIG": "/nope.toml"}, "FLEETPLAN_CONFIG names"),
        ({"FLEETPLAN_WORKERS": "many"}, "FLEETPLAN_WORKERS"),
        ({"FLEETPLAN_ALLOWED_HOSTS": '["a'}, "FLEETPLAN_ALLOWED_HOSTS"),
    ],
)
def test_a_setting_with_a_fault_ends_the_start_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], what: str
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(app, ["keys", "list", "--data", str(tmp_path)])
    assert (told.exit_code, isinstance(told.exception, SystemExit)) == (2, True)
    assert what in told.output


@pytest.mark.parametrize(
    "given", ["plans.example.com, Other.example.com", '["plans.example.com", "other.example.com"]']
)
def test_names_come_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, given: str):
    monkeypatch.setenv("FLEETPLAN_ALLOWED_HOSTS", given)
    assert Settings().allowed_hosts == ["plans.example.com", "other.example.com"]


# --- open by mistake ----------------------------------------------------------------------------------------------------


def test_a_name_for_a_proxy_needs_a_key(tmp_path: Path):
    with pytest.raises(Exception, match=r"plans\.example\.com without an API key"):
        running(tmp_path, allowed_hosts=["plans.example.com"]).__enter__()
    with closing(SqlStore(None, tmp_path)) as store:
        store.add_key("k", ["read"])
    with running(tmp_path, allowed_hosts=["plans.example.com"]) as service:
        assert service.client.get("/v1/plans", headers={"Host": "plans.example.com"}).status_code == 401
        assert service.client.get("/v1/plans").status_code == 401


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "Via"])
def test_what_a_proxy_passes_on_needs_a_key(tmp_path: Path, header: str):
    with running(tmp_path) as service:
        assert service.client.get("/v1/plans").status_code == 200
        assert service.client.get("/v1/plans", headers={header: "for=192.0.2.1"}).status_code == 401


def test_revoking_the_last_key_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.security.FRESH_S", 0.0)
    with running(tmp_path) as service:
        secret = service.store.add_key("k", ["admin"])
        assert service.client.get("/v1/plans", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        service.store.revoke("k")
        assert service.client.get("/v1/plans").status_code == 401
        assert service.client.get("/v1/plans", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_revoked_key_is_no_longer_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.security.FRESH_S", 0.0)
    store = SqlStore(None, tmp_path)
    store.migrate()
    guard = Guard(Settings(data_dir=tmp_path), store)

    async def walk() -> list[bool]:
        nobody = await guard.caller(None)
        found = [await guard.in_force(nobody)]
        secret = store.add_key("k", ["read"])
        caller = await guard.caller(f"Bearer {secret}")
        found += [await guard.in_force(nobody), await guard.in_force(caller)]
        store.revoke("k")
        return [*found, await guard.in_force(caller)]

    assert run_alone(walk()) == [True, False, True, False]
    store.close()


def test_guesses_are_answered_ever_later(monkeypatch: pytest.MonkeyPatch):
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("api.security.sleep", sleep)

    async def guess() -> None:
        guesses = Guesses()
        for _ in range(30):
            await guesses.wait("192.0.2.1")
        await guesses.wait("192.0.2.2")

    run_alone(guess())
    assert waits[:3] == [0.01, 0.02, 0.04]
    assert waits[29:] == [5.0, 0.01]


def test_streams_that_open_at_one_moment_are_counted(tmp_path: Path):
    with running(tmp_path, max_streams=2) as service:
        plan = service.post()
        codes: list[int] = []

        def follow() -> None:
            with TestClient(service.client.app, base_url="http://127.0.0.1:8000") as client:
                codes.append(client.get(f"/v1/plans/{plan}/events").status_code)

        threads = [threading.Thread(target=follow) for _ in range(8)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 20
        while len(codes) < 6 and time.monotonic() < until:
            time.sleep(0.02)
        assert codes == [503] * 6
        assert len(service.service.streams) == 2
        service.runner.end(plan)
        for thread in threads:
            thread.join(10)
        assert sorted(codes) == [200, 200, *[503] * 6]
        assert not service.service.streams


# --- manners ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/health", "/v1/plans", "/plans", "/v1/plans/{}", "/v1/plans/{}/events", "/v1/cities"]
)
def test_head_is_get_without_a_body(tmp_path: Path, address: str):
    with running(tmp_path) as service:
        address = address.format(service.post())
        head = service.client.head(address)
        assert (head.status_code, head.content) == (200, b"")
        if "events" not in address:
            assert head.headers["content-type"] == service.client.get(address).headers["content-type"]
        assert not service.service.streams
    assert answer()


def test_allow_names_every_method(tmp_path: Path):
    with running(tmp_path) as service:
        assert service.client.put("/v1/plans").headers["allow"] == "GET, HEAD, POST"
        assert service.client.put("/v1/plans/x").headers["allow"] == "DELETE, GET, HEAD"
        assert service.client.get("/v1/validations").headers["allow"] == "POST"


def test_a_next_address_in_any_letters_is_no_fault():
    assert inside("/plans?name=Zürich") == "/plans?name=Z%C3%BCrich"
    assert inside("/plans?name=Z%C3%BCrich&x=1#a") == "/plans?name=Z%C3%BCrich&x=1#a"


def test_a_body_that_never_ends_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.middleware.BODY_S", 0.05)
    with running(tmp_path) as service:
        door = Doorkeeper(service.client.app, service.service)
        parts = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> Any:
            if not parts:
                await asyncio.sleep(60)
            return parts.pop()

        with pytest.raises(TooSlow, match="was not there within"):
            run_alone(door._bounded({"type": "http", "method": "POST", "path": "/v1/plans", "headers": []}, receive))


def test_who_says_nothing_is_dropped():
    """A connection without a request, and a second request that never ends, are closed; one in time is not."""
    timers: list[Any] = []

    def call_later(seconds: float, act: Any) -> Any:
        timers.append(
            SimpleNamespace(seconds=seconds, act=act, off=False, cancel=lambda: setattr(timers[-1], "off", True))
        )
        return timers[-1]

    protocol: Any = Patient.__new__(Patient)
    protocol.loop = SimpleNamespace(call_later=call_later)
    protocol._wait()
    assert [(timer.seconds, timer.off) for timer in timers] == [(10.0, False)]
    protocol._come()
    assert timers[0].off
    protocol._wait()
    assert not timers[1].off


# --- costly work --------------------------------------------------------------------------------------------------------


def test_what_many_ask_for_at_once_is_made_once():
    kept, made = Kept(most_bytes=1000), list[int]()

    def make() -> Document:
        time.sleep(0.1)
        made.append(1)
        return Document(b"map")

    def fail() -> Document:
        msg = "no map"
        raise KeyError(msg)

    async def ask() -> list[Document]:
        found = await asyncio.gather(*(kept.made("map", make) for _ in range(8)))
        failed = await asyncio.gather(*(kept.made("other", fail) for _ in range(2)), return_exceptions=True)
        assert [type(error) for error in failed] == [KeyError, KeyError]
        return [*found, await kept.made("map", make)]

    assert {id(document) for document in run_alone(ask())} == {id(kept.get("map"))}
    assert made == [1]
    assert kept.get("other") is None


def test_one_client_runs_few_costly_calls_at_once():
    costly, most = Costly(), {"a": 0, "b": 0, "all": 0}
    now, lock = {"a": 0, "b": 0, "all": 0}, threading.Lock()

    def work(name: str) -> None:
        with lock:
            for key in (name, "all"):
                now[key] += 1
                most[key] = max(most[key], now[key])
        time.sleep(0.02)
        with lock:
            for key in (name, "all"):
                now[key] -= 1

    async def ask() -> None:
        requests = {name: Request({"type": "http", "client": (name, 1)}) for name in ("a", "b")}
        await asyncio.gather(*(costly.run(requests[name], work, name) for name in "ab" * 10))

    run_alone(ask())
    assert most == {"a": 2, "b": 2, "all": 4}
