"""Plans get solved once, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.jobs import outcome
from api.jobs.config import JobConfig
from api.jobs.progress import Progress
from api.jobs.queue import JobQueue, prepare
from api.jobs.slot import Slot
from api.jobs.solve import Solve, job
from api.store.contract import FINAL, NewPlan, PlanRow, SolveOptions
from api.store.ids import new_id
from api.store.sqlstore import SqlStore
from tests.postgres import fresh_database, postgres
from tests.worker_process import FAKE, ROOT, WorkerProcess, alive, until

TINY = {
    "name": "tiny",
    "horizon": {"start": "2027-01", "months": 12},
    "cities": ["zurich"],
    "capital": {"per_quarter_usd": 50e6},
}
REAL = JobConfig(None, Path()).solver


class Service:
    """The API's side of the jobs: a store and a queue."""

    def __init__(self, config: JobConfig) -> None:
        self.config = config
        self.store = SqlStore(config.database_url, config.data_dir)
        prepare(config, self.store)
        self.queue = JobQueue(config)
        self.workers: list[WorkerProcess] = []

    def worker(self, config: JobConfig | None = None) -> WorkerProcess:
        """Start a worker that is killed with the service at the latest."""
        self.workers.append(WorkerProcess(config or self.config))
        return self.workers[-1].ready()

    def post(self, *, enqueue: bool = True, request: dict[str, Any] | None = None, **fake: Any) -> str:
        body = request or {"name": "fake", "fake": {"log": str(self.log), **fake}}
        plan = self.store.create(NewPlan(body, SolveOptions(time_limit_s=10.0)))[0].id
        if enqueue:
            assert self.queue.enqueue(plan)
        return plan

    def row(self, plan: str) -> PlanRow:
        row = self.store.get(plan)
        assert row is not None
        return row

    def state(self, plan: str) -> str:
        return self.row(plan).state

    def solving(self, plan: str) -> bool:
        return self.row(plan).first_plan_at is not None

    def finished(self, plan: str, seconds: float = 30.0) -> PlanRow:
        until(lambda: self.state(plan) in FINAL, seconds)
        return self.row(plan)

    def kinds(self, plan: str) -> list[str]:
        return [e.data["state"] if e.kind == "state" else e.kind for e in self.store.events(plan)]

    def states(self, plan: str) -> list[str]:
        return [e.data["state"] for e in self.store.events(plan, limit=10_000) if e.kind == "state"]

    @property
    def log(self) -> Path:
        return self.config.data_dir / "starts"

    def children(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.queue.close()
        self.store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


def configured(url: str | None, folder: Path) -> JobConfig:
    return JobConfig(url, folder, concurrency=2, heartbeat_s=0.2, silence_s=1.2, solver=FAKE)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(configured(None, tmp_path))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request, tmp_path) -> Iterator[Service]:
    if request.param == "sqlite":
        made = Service(configured(None, tmp_path))
        yield made
        made.close()
        return
    with fresh_database(request.getfixturevalue("server"), new_id("test")) as url:
        made = Service(configured(url, tmp_path))
        yield made
        made.close()


# --- outcomes -------------------------------------------------------------------------------------------------------------


def test_every_outcome_is_told_and_nothing_leaks(service: Service):
    ends = {end: service.post(end=end) for end in ("", "infeasible", "problem", "die", "garbage")}
    with WorkerProcess(service.config):
        rows = {end: service.finished(plan) for end, plan in ends.items()}
    assert rows[""].state == "succeeded"
    assert rows[""].answer_sha256 is not None
    assert rows["infeasible"].state == "infeasible"
    problems = {end: row.problem for end, row in rows.items() if row.problem is not None}
    assert problems["infeasible"]["clashes"] == ["rule a", "rule b"]
    assert {end: p["code"] for end, p in problems.items()} == {
        "infeasible": "infeasible",
        "problem": "solver",
        "die": "solver-died",
        "garbage": "solver-died",
    }
    assert "SIGKILL" in problems["die"]["detail"]
    assert "secrets" not in json.dumps(problems)
    assert service.kinds(ends[""])[:3] == ["queued", "running", "phase"]
    assert service.kinds(ends[""])[-2:] == ["verdict", "succeeded"]


def test_a_rerun_is_told_its_parents_plan(service: Service):
    parent = service.post()
    with WorkerProcess(service.config):
        service.finished(parent)
        new = NewPlan({"name": "again", "fake": {}}, SolveOptions(), parent=parent, patch={})
        child = service.store.create(new)[0].id
        leaning = replace(new, options=SolveOptions(change_price_usd=1e6))
        orphan, cold = service.store.create(leaning)[0].id, service.store.create(new)[0].id
        service.queue.enqueue(child)
        service.finished(child)
        answer = json.loads(service.store.answer(child) or b"")
        assert answer["parent"]["name"] == "fake"
        service.store.delete(parent)
        service.queue.enqueue(orphan)
        service.queue.enqueue(cold)
        problem = service.finished(orphan).problem
        assert service.finished(cold).state == "succeeded"
    assert problem is not None
    assert problem["code"] == "parent-gone"


@pytest.mark.slow
def test_the_real_solver_plans_a_city(service: Service):
    plan = service.post(request=TINY)
    bad = service.post(request={**TINY, "cities": ["atlantis"]})
    with WorkerProcess(replace(service.config, solver=REAL)):
        row = service.finished(plan, 60)
        problem = service.finished(bad, 60).problem
        kept = SolveOptions(time_limit_s=10.0, freeze_until="2027-03", change_price_usd=1e5)
        again = service.store.create(NewPlan({**TINY, "discount_rate": 0.11}, kept, parent=plan, patch={}))[0].id
        service.queue.enqueue(again)
        rerun = service.finished(again, 60)
    assert (rerun.state, rerun.problem) == ("succeeded", None)
    assert row.state == "succeeded"
    stored = json.loads(service.store.answer(plan) or b"")
    assert stored["certificate"]["checker"] == "passed"
    assert (row.objective, row.bound) == (stored["objective"], stored["bound"])
    phases = [e.data["phase"] for e in service.store.events(plan) if e.kind == "phase"]
    assert phases[0] == "catalogue"
    assert phases[-1] == "done"
    assert problem is not None
    assert problem["code"] == "bad-request"
    assert "atlantis" in problem["errors"][0]["message"]


def ticking(solve: Solve, true: Callable[[], bool]) -> None:
    def ticked() -> bool:
        solve.tick()
        return true()

    until(ticked)


def told(**fake: Any) -> dict[str, Any]:
    return job({"name": "x", "fake": fake}, SolveOptions(), None)


def test_a_real_solver_that_is_stopped_ends_with_a_checked_plan_or_says_why(tmp_path: Path):
    seen: list[tuple[str, dict[str, Any]]] = []
    solve = Solve(REAL, 60.0, lambda kind, data: seen.append((kind, data)))
    request = {**TINY, "horizon": {"start": "2027-01", "months": 48}, "cities": ["zurich", "munich"]}
    hard = job({**request, "capital": {"per_quarter_usd": 4e6}}, SolveOptions(gap=0.0, time_limit_s=60.0), None)
    found: list[outcome.Outcome] = []
    thread = threading.Thread(target=lambda: found.append(solve.run(hard)))
    thread.start()
    until(lambda: any(kind == "incumbent" for kind, _ in seen) or found, 90)
    solve.cancel()
    thread.join(60)
    assert found[0].state in ("cancelled", "succeeded")
    assert found[0].answer is not None
    assert json.loads(found[0].answer)["certificate"]["checker"] == "passed"


def test_a_time_limit_leaves_time_to_check_and_store():
    assert job({}, SolveOptions(time_limit_s=100.0), None)["search_s"] == 90.0


def test_a_solver_that_is_late_is_asked_to_stop_then_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.jobs.solve.GRACE_S", 0.2)
    solve = Solve(FAKE, 0.2, lambda *_: None)
    found: list[outcome.Outcome] = []
    thread = threading.Thread(target=lambda: found.append(solve.run(told(seconds=60.0))))
    thread.start()
    ticking(solve, lambda: bool(found))
    assert found[0].state == "succeeded"  # it kept the best plan when asked

    monkeypatch.setattr("api.jobs.solve.PREPARE_S", 0.1)
    solve = Solve(FAKE, 0.2, lambda *_: None)
    thread = threading.Thread(target=lambda: found.append(solve.run(told(before_plan=60.0))))
    thread.start()
    ticking(solve, lambda: len(found) > 1)
    assert found[1].problem is not None
    assert found[1].problem["code"] == "time-limit"


# --- cancelling -----------------------------------------------------------------------------------------------------------


def test_cancel_reaches_a_running_solver_within_a_second_and_keeps_its_plan(anywhere: Service):
    with WorkerProcess(anywhere.config):
        plan = anywhere.post(seconds=60.0)
        until(lambda: anywhere.solving(plan))
        anywhere.store.request_cancel(plan)
        took = until(lambda: anywhere.state(plan) in FINAL)
    assert took <= 1.0
    assert anywhere.state(plan) == "cancelled"
    assert json.loads(anywhere.store.answer(plan) or b"")["status"] == "stopped"
    assert anywhere.kinds(plan)[-2:] == ["verdict", "cancelled"]


def test_cancel_before_a_first_plan_ends_the_solver_at_once(service: Service):
    with WorkerProcess(service.config):
        plan = service.post(before_plan=60.0)
        until(service.children)
        service.store.request_cancel(plan)
        assert until(lambda: service.state(plan) in FINAL) <= 1.0
        until(lambda: not alive(service.children()[0]))
    row = service.row(plan)
    assert (row.state, row.answer_sha256, row.problem) == ("cancelled", None, None)


def test_a_plan_cancelled_in_the_queue_never_starts(service: Service):
    plan = service.post()
    service.store.request_cancel(plan)
    other = service.post()
    with WorkerProcess(service.config):
        service.finished(other)
    assert len(service.children()) == 1
    assert service.states(plan) == ["queued", "cancelled"]


def test_a_final_plan_is_not_touched_by_cancel(service: Service):
    plan = service.post()
    with WorkerProcess(service.config):
        before = service.finished(plan)
        assert service.store.request_cancel(plan) == before
        time.sleep(0.5)
    assert service.row(plan) == before


def test_a_plan_asked_to_stop_ends_when_its_worker_dies(service: Service):
    first = service.worker()
    plan = service.post(seconds=60.0)
    until(lambda: service.solving(plan))
    first.signal(signal.SIGSTOP)
    service.store.request_cancel(plan)
    first.kill()
    with WorkerProcess(service.config):
        assert service.finished(plan).state == "cancelled"
    assert len(service.children()) == 1


# --- dying ----------------------------------------------------------------------------------------------------------------


def test_a_solver_dies_with_its_worker(service: Service):
    worker = service.worker()
    service.post(seconds=60.0)
    until(service.children)
    child = service.children()[0]
    assert alive(child)
    worker.kill()
    assert until(lambda: not alive(child)) < 1.0


def test_a_solver_ends_when_its_input_ends():
    command = [*FAKE, str(os.getpid())]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, env=_env())
    assert child.stdin is not None
    child.stdin.write(json.dumps(told(seconds=60.0)).encode() + b"\n")
    child.stdin.close()
    assert child.wait(10) == 75


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of its input tells")
def test_a_solver_whose_parent_is_gone_already_does_not_begin():
    child = subprocess.run([*FAKE, "1"], stdin=subprocess.DEVNULL, check=False, cwd=ROOT, env=_env(), timeout=20)
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
    patient = replace(service.config, silence_s=600.0)
    first = service.worker(patient)
    plan = service.post(seconds=60.0, again=0.3)
    until(lambda: service.solving(plan))
    first.kill()
    with WorkerProcess(patient) as again:
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
    plan = service.post(seconds=2.0)
    until(lambda: service.solving(plan))
    with WorkerProcess(service.config) as second:
        first.signal(signal.SIGSTOP)
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
    patient = replace(service.config, silence_s=600.0)
    first = service.worker(patient)
    plan = service.post(seconds=60.0, again=0.3)
    until(lambda: service.solving(plan))
    with WorkerProcess(patient) as second:
        first.close()
        assert first.process.returncode == 0
        row = service.finished(plan)
    assert (row.state, row.worker) == ("succeeded", second.name)


def test_a_plan_that_kills_every_worker_is_given_up(service: Service):
    deadly = replace(service.config, max_attempts=2, silence_s=0.8)
    plan = service.post(end="kill-worker")
    for _ in range(2):
        worker = service.worker(deadly)
        worker.process.wait(20)
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
    others = [service.post(seconds=0.3) for _ in range(12)]
    first.kill()
    (config.data_dir / "workers" / "name").write_text("elsewhere")  # not restarted: another machine
    with WorkerProcess(config):
        service.finished(plan)
        assert "queued" in {service.state(other) for other in others}


def test_two_workers_share_the_work(anywhere: Service):
    with WorkerProcess(anywhere.config), WorkerProcess(anywhere.config):
        plans = [anywhere.post(seconds=0.7) for _ in range(8)]
        rows = [anywhere.finished(plan) for plan in plans]
    assert {row.state for row in rows} == {"succeeded"}
    assert len({row.worker for row in rows}) == 2
    assert len(anywhere.children()) == 8


def test_jobs_are_kept_as_portable_json(service: Service):
    plan = service.post()
    with WorkerProcess(service.config):
        service.finished(plan)
        time.sleep(0.5)
    found = service.queue._client.list_workflows(workflow_ids=[f"{plan}.1"])[0]
    assert (found.status, found.output, found.app_version) == ("SUCCESS", "succeeded", "1")
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(service.config.data_dir / "jobs.sqlite") as connection:
        kept = connection.execute("SELECT DISTINCT serialization FROM workflow_status").fetchall()
        kept += connection.execute("SELECT DISTINCT serialization FROM operation_outputs").fetchall()
    connection.close()
    assert set(kept) == {("portable_json",)}
    assert service.queue.tidy() == 0
    assert service.queue.tidy(timedelta(seconds=-1)) == 1
    assert service.queue._client.list_workflows() == []


# --- small parts ------------------------------------------------------------------------------------------------------------


def test_progress_keeps_every_phase_and_better_plan_and_thins_out_bounds():
    now, seen = [0.0], list[tuple[str, Any]]()
    progress = Progress(
        lambda kind, data: seen.append((kind, data.get("bound_usd", data.get("phase")))), clock=lambda: now[0]
    )

    def take(phase: str, best: float | None = None, bound: float | None = None) -> None:
        progress.take({"phase": phase, "best_usd": best, "bound_usd": bound, "gap": None, "elapsed_s": now[0]})

    take("searching")
    for step in range(21):
        now[0] += 0.125
        take("searching", None, 100.0 - step)
    assert [kind for kind, _ in seen] == ["phase", "bound", "bound", "bound"]
    take("searching", 1.0, 70.0)
    take("searching", 2.0, 70.0)
    take("searching", 2.001, 60.0)
    take("whole vehicles", 2.0, 60.0)
    assert seen[4:] == [("incumbent", 70.0), ("incumbent", 70.0), ("bound", 60.0), ("phase", "whole vehicles")]


def test_workers_have_different_names_that_last(tmp_path: Path):
    first, second = Slot(tmp_path), Slot(tmp_path)
    assert first.worker != second.worker
    first.release()
    again = Slot(tmp_path)
    assert again.worker == first.worker
    again.release()
    second.release()


def test_failures_we_do_not_tell_about_are_internal():
    problem = outcome.failed("KeyError", "", []).problem
    assert problem is not None
    assert problem["code"] == "internal"


def test_the_queue_uses_the_database_of_the_plans_on_postgresql(tmp_path: Path):
    assert JobConfig("postgresql+psycopg://h/db", tmp_path).queue_url == "postgresql://h/db"
    assert JobConfig(None, tmp_path).queue_url == f"sqlite:///{tmp_path / 'jobs.sqlite'}"


def test_an_unreachable_queue_does_not_lose_a_plan(service: Service, monkeypatch: pytest.MonkeyPatch):
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    def broken(*_: Any, **__: Any) -> None:
        msg = "no connection"
        raise OperationalError(msg, {}, Exception())

    monkeypatch.setattr(service.queue._client, "enqueue", broken)
    plan = service.store.create(NewPlan({"name": "x"}, SolveOptions()))[0].id
    assert not service.queue.enqueue(plan)
    assert service.state(plan) == "queued"


def test_the_solver_is_a_module_of_this_package_and_of_this_python():
    assert JobConfig(None, Path()).solver == (sys.executable, "-m", "api.jobs.solver_child")
