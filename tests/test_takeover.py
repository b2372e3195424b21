"""Whatever dies, a plan goes on elsewhere, and its outcome is recorded once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.jobs.slot import Slot
from api.jobs.worker import Worker
from api.store.contract import FINAL
from tests.jobs_support import Service, configured, patient, service_anywhere, service_on, told
from tests.postgres import postgres
from tests.worker_process import FAKE, ROOT, WorkerProcess, alive, until


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with service_on(None, tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request, tmp_path) -> Iterator[Service]:
    with service_anywhere(request, tmp_path) as made:
        yield made


def test_a_solver_dies_with_its_worker(service: Service):
    worker = service.worker()
    service.post(seconds=60.0)
    until(service.children)
    child = service.children()[0]
    assert alive(child)
    worker.kill()
    until(lambda: not alive(child))


def test_a_solver_ends_when_its_input_ends():
    command = [*FAKE, str(os.getpid())]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, env=_env())
    assert child.stdin is not None
    child.stdin.write(json.dumps(told(seconds=60.0)).encode() + b"\n")
    child.stdin.close()
    assert child.wait(50) == 75


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of its input tells")
def test_a_solver_whose_parent_is_gone_already_does_not_begin():
    child = subprocess.run([*FAKE, "1"], stdin=subprocess.DEVNULL, check=False, cwd=ROOT, env=_env(), timeout=60)
    assert child.returncode == 75


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_killed_workers_plan_goes_on_under_another(anywhere: Service):
    first = anywhere.worker()
    plan = anywhere.post(seconds=60.0, again=0.3)
    until(lambda: anywhere.solving(plan))
    with WorkerProcess(anywhere.config) as second:
        assert second.name != first.name
        first.kill()
        row = anywhere.finished(plan)
    assert (row.state, row.worker) == ("succeeded", second.name)
    assert anywhere.states(plan) == ["queued", "running", "queued", "running", "succeeded"]
    assert len(anywhere.children()) == 2
    seqs = [e.seq for e in anywhere.store.events(plan)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_restarted_worker_keeps_its_name_and_takes_up_its_own_plan(service: Service):
    config = patient(service.config)
    first = service.worker(config)
    plan = service.post(seconds=60.0, again=0.3)
    until(lambda: service.solving(plan))
    first.kill()
    with WorkerProcess(config) as again:
        assert again.name == first.name
        assert service.finished(plan).state == "succeeded"
    assert service.states(plan)[-1] == "succeeded"


@pytest.mark.parametrize("state", ["queued", "running", "succeeded", "cancelled"])
def test_a_restart_of_everything_loses_nothing(tmp_path: Path, state: str):
    config = configured(None, tmp_path)
    before = Service(config)
    plan = before.post(seconds=60.0 if state in ("running", "cancelled") else 0.5)
    if state != "queued":
        worker = before.worker()
        until(lambda: before.solving(plan))
        if state == "cancelled":
            before.store.request_cancel(plan)
        until(lambda: before.state(plan) == state)
        worker.kill()
    before.close()
    after = Service(config)
    assert after.state(plan) == state
    with WorkerProcess(config):
        if state == "running":
            until(lambda: len(after.children()) == 2)
            after.store.request_cancel(plan)
        row = after.finished(plan)
    assert row.state == {"queued": "succeeded", "running": "cancelled"}.get(state, state)
    assert sum(s in FINAL for s in after.states(plan)) == 1
    after.close()


def test_a_worker_that_wakes_up_after_its_plan_was_taken_changes_nothing(service: Service):
    first = service.worker()
    plan = service.post(seconds=6.0, again=0.5)
    until(lambda: service.solving(plan))
    with WorkerProcess(service.config) as second:
        service.pause(first)
        until(lambda: service.row(plan).worker == second.name)
        first.signal(signal.SIGCONT)
        row = service.finished(plan)
        time.sleep(1.5)  # time for the other to record its own, which must not count
    first.close()
    assert service.row(plan) == row
    assert service.states(plan).count("succeeded") == 1


def test_a_plan_that_never_reached_the_queue_is_found(service: Service):
    plan = service.post(enqueue=False)
    with WorkerProcess(service.config):
        assert service.finished(plan).state == "succeeded"


def test_waiting_long_in_the_queue_is_no_loss(service: Service):
    plans = [service.post(seconds=0.9) for _ in range(6)]
    with WorkerProcess(service.config):
        for plan in plans:
            assert service.finished(plan).state == "succeeded"
    assert len(service.children()) == 6
    assert {len(service.states(plan)) for plan in plans} == {3}


def test_a_worker_told_to_end_hands_its_plans_over(service: Service):
    config = patient(service.config)
    first = service.worker(config)
    plan = service.post(seconds=60.0, again=0.3)
    until(lambda: service.solving(plan))
    with WorkerProcess(config) as second:
        first.close()
        assert first.process.returncode == 0
        row = service.finished(plan)
    assert (row.state, row.worker) == ("succeeded", second.name)


def test_a_plan_that_kills_every_worker_is_given_up(service: Service):
    deadly = replace(service.config, max_attempts=2, silence_s=0.8)
    plan = service.post(end="kill-worker")
    for _ in range(2):
        worker = service.worker(deadly)
        worker.process.wait(60)
        worker.close()
    with WorkerProcess(deadly):
        problem = service.finished(plan).problem
    assert problem is not None
    assert problem["code"] == "gave-up"


def test_a_plan_that_lost_its_worker_does_not_wait_behind_the_others(service: Service):
    config = replace(service.config, concurrency=1)
    first = service.worker(config)
    plan = service.post(seconds=60.0, again=0.3)
    until(lambda: service.solving(plan))
    others = [service.post(seconds=1.0) for _ in range(12)]
    first.kill()
    (config.data_dir / "workers" / "name").write_text("elsewhere")  # not restarted: another machine
    with WorkerProcess(config):
        service.finished(plan)
        assert "queued" in {service.state(other) for other in others}


def test_two_workers_share_the_work(anywhere: Service):
    config = patient(anywhere.config)
    with WorkerProcess(config), WorkerProcess(config):
        plans = [anywhere.post(seconds=0.7) for _ in range(8)]
        rows = [anywhere.finished(plan) for plan in plans]
    assert {row.state for row in rows} == {"succeeded"}
    assert len({row.worker for row in rows}) == 2
    assert len(anywhere.children()) == 8


def delivered(service: Service, plan: str) -> Any:
    return service.queue._client.list_workflows(workflow_ids=[f"{plan}.1"])[0]


def test_jobs_are_kept_as_portable_json(service: Service):
    plan = service.post()
    with WorkerProcess(service.config):
        service.finished(plan)
        until(lambda: delivered(service, plan).status == "SUCCESS")
    found = delivered(service, plan)
    assert (found.output, found.app_version) == ("succeeded", "1")
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(service.config.data_dir / "jobs.sqlite") as connection:
        kept = connection.execute("SELECT DISTINCT serialization FROM workflow_status").fetchall()
        kept += connection.execute("SELECT DISTINCT serialization FROM operation_outputs").fetchall()
    connection.close()
    assert set(kept) == {("portable_json",)}
    assert service.queue.tidy() == 0
    assert service.queue.tidy(timedelta(seconds=-1)) == 1
    assert service.queue._client.list_workflows() == []


# --- starting -------------------------------------------------------------------------------------------------------------


def test_a_worker_that_starts_hands_out_what_its_predecessor_left(anywhere: Service):
    config = patient(anywhere.config)
    first = anywhere.worker(config)
    plan = anywhere.post(seconds=60.0, again=0.3)
    until(lambda: anywhere.solving(plan))
    with WorkerProcess(config) as second:
        first.kill()
        slot = Slot(config.data_dir)  # its successor, which dies before it takes anything up
        assert slot.worker == first.name
        Worker(config, anywhere.store, anywhere.queue, slot.worker).inherit()
        slot.release()
        row = anywhere.finished(plan)
    assert (row.state, row.worker) == ("succeeded", second.name)
    assert anywhere.states(plan) == ["queued", "running", "queued", "running", "succeeded"]


def test_a_delivery_that_a_dead_worker_took_but_did_not_begin_goes_to_another(anywhere: Service):
    config = patient(anywhere.config)
    plan = anywhere.post()
    client = anywhere.queue._client
    taken = sa.text(
        "UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'gone' WHERE workflow_uuid = :id"
    )
    if anywhere.store.is_sqlite:
        taken = sa.text(str(taken).replace("dbos.", ""))
    with client._sys_db.engine.begin() as connection:
        assert connection.execute(taken, {"id": f"{plan}.1"}).rowcount == 1
    assert anywhere.queue.held("gone") == [(plan, 1)]
    assert anywhere.queue.held("another") == []
    Worker(config, anywhere.store, anywhere.queue, "gone").inherit()
    assert anywhere.queue.held("gone") == []
    with WorkerProcess(config):
        assert anywhere.finished(plan).state == "succeeded"
    assert len(anywhere.children()) == 1
