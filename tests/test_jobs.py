"""Plans get solved once, whatever dies meanwhile."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.jobs import outcome
from api.jobs.config import JobConfig
from api.jobs.progress import Progress
from api.jobs.slot import Slot
from api.jobs.solve import GRACE_S, Solve, job
from api.store.contract import NewPlan
from fleetplan.options import PlanOptions
from tests.jobs_support import Service, patient, service_anywhere, service_on, told
from tests.postgres import postgres
from tests.worker_process import FAKE, WorkerProcess, alive, until

TINY = {
    "name": "tiny",
    "horizon": {"start": "2027-01", "months": 12},
    "cities": ["zurich"],
    "capital": {"per_quarter_usd": 50e6},
}
REAL = JobConfig(None, Path()).solver


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


# --- outcomes -------------------------------------------------------------------------------------------------------------


def test_every_outcome_is_told_and_nothing_leaks(service: Service):
    ends = {end: service.post(end=end) for end in ("", "infeasible", "problem", "die", "garbage")}
    with WorkerProcess(service.config):
        rows = {end: service.finished(plan) for end, plan in ends.items()}
    assert rows[""].state == "succeeded"
    assert rows[""].answer_sha256 is not None
    assert rows["infeasible"].state == "infeasible"
    problems = {end: row.problem for end, row in rows.items() if row.problem is not None}
    assert problems["infeasible"]["clashes"] == [{"parties": [{"kind": "capital"}], "sentence": "rule a"}]
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


def test_repairs_of_a_plan_that_ended_at_once_are_found_by_a_worker_even_if_the_queue_lost_them(anywhere: Service):
    seen = {"code": "infeasible", "clashes": [{"sentence": "too soon"}], "searched": False, "mending": True}
    ends = ("infeasible", "problem", "")

    def post(end: str) -> str:
        asked = NewPlan({"name": "fake", "fake": {"end": end}}, PlanOptions(time_limit_s=10.0), problem=seen)
        return anywhere.store.create(asked)[0].id

    plans = {end: post(end) for end in ends}  # handed to no queue: the sweep sees to that
    with WorkerProcess(anywhere.config):
        until(lambda: all(anywhere.row(plan).phase == "infeasible" for plan in plans.values()), 60.0)
    rows = {end: anywhere.row(plan) for end, plan in plans.items()}
    assert {row.state for row in rows.values()} == {"infeasible"}
    problems = [row.problem or {} for row in rows.values()]
    assert [p["clashes"][0]["sentence"] for p in problems] == ["rule a", "too soon", "too soon"]
    assert [(p["searched"], p["mending"]) for p in problems] == [(True, False), (False, False), (False, False)]
    assert anywhere.states(plans["infeasible"]) == ["queued", "infeasible"]


def test_a_solver_that_was_killed_once_is_started_once_more(service: Service, tmp_path: Path):
    log = tmp_path / "starts"
    plan = service.post(end="die-once", log=str(log))
    with WorkerProcess(service.config):
        assert service.finished(plan).state == "succeeded"
    assert len(log.read_text(encoding="ascii").splitlines()) == 2


def test_a_rerun_is_told_its_parents_plan(service: Service):
    parent = service.post()
    with WorkerProcess(patient(service.config)):
        service.finished(parent)
        new = NewPlan({"name": "again", "fake": {}}, PlanOptions(), parent=parent, patch={})
        child = service.store.create(new)[0].id
        leaning = replace(new, options=PlanOptions(change_price_usd=1e6))
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
        kept = PlanOptions(time_limit_s=10.0, freeze_until="2027-03", change_price_usd=1e5)
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


def test_a_real_solver_that_is_stopped_ends_with_a_checked_plan_or_says_why(tmp_path: Path):
    seen: list[tuple[str, dict[str, Any]]] = []
    solve = Solve(REAL, 60.0, lambda kind, data: seen.append((kind, data)))
    request = {**TINY, "horizon": {"start": "2027-01", "months": 48}, "cities": ["zurich", "munich"]}
    hard = job({**request, "capital": {"per_quarter_usd": 4e6}}, PlanOptions(gap=0.0, time_limit_s=60.0), None)
    found: list[outcome.Outcome] = []
    thread = threading.Thread(target=lambda: found.append(solve.run(hard)))
    thread.start()
    until(lambda: any(kind == "incumbent" for kind, _ in seen) or found, 200)
    solve.cancel()
    thread.join(60)
    assert found[0].state in ("cancelled", "succeeded")
    assert found[0].answer is not None
    assert json.loads(found[0].answer)["certificate"]["checker"] == "passed"


def test_a_time_limit_leaves_time_to_check_and_store():
    assert job({}, PlanOptions(time_limit_s=100.0), None)["options"]["time_limit_s"] == 90.0


def test_a_solver_that_is_late_is_asked_to_stop_then_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.jobs.solve.GRACE_S", 0.2)
    solve = Solve(FAKE, 0.2, lambda *_: None)
    found: list[outcome.Outcome] = []
    thread = threading.Thread(target=lambda: found.append(solve.run(told(seconds=60.0))))
    thread.start()
    ticking(solve, lambda: bool(found))
    assert found[0].state == "succeeded"  # it kept the best plan when asked
    assert json.loads(found[0].answer or b"")["status"] == "time_limit"  # and nobody stopped it by hand

    monkeypatch.setattr("api.jobs.solve.PREPARE_S", 0.1)
    solve = Solve(FAKE, 0.2, lambda *_: None)
    thread = threading.Thread(target=lambda: found.append(solve.run(told(before_plan=60.0))))
    thread.start()
    ticking(solve, lambda: len(found) > 1)
    assert found[1].problem is not None
    assert found[1].problem["code"] == "time-limit"


def test_a_solver_that_was_asked_to_stop_has_longer_where_all_are_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.jobs.solve.PREPARE_S", 0.0)
    now = [100.0]
    monkeypatch.setattr("api.jobs.solve.time.monotonic", lambda: now[0])
    killed: list[float] = []
    solve = Solve(FAKE, 60.0, lambda *_: None)
    monkeypatch.setattr(solve, "_kill", lambda: killed.append(now[0]))
    solve.tick()
    for seconds in (1.0, 3.0 * GRACE_S):
        now[0] = 100.0 + seconds
        solve.tick(late=4.0)
    assert not killed
    solve.tick()
    assert killed == [100.0 + 3.0 * GRACE_S]


# --- cancelling -----------------------------------------------------------------------------------------------------------


def test_cancel_reaches_a_running_solver_and_keeps_its_plan(anywhere: Service):
    with WorkerProcess(anywhere.config):
        plan = anywhere.post(seconds=60.0)
        until(lambda: anywhere.solving(plan))
        anywhere.store.request_cancel(plan)
        anywhere.finished(plan)
    assert anywhere.state(plan) == "cancelled"
    assert json.loads(anywhere.store.answer(plan) or b"")["status"] == "stopped"
    assert anywhere.kinds(plan)[-2:] == ["verdict", "cancelled"]


def test_cancel_before_a_first_plan_ends_the_solver_at_once(service: Service):
    with WorkerProcess(service.config):
        plan = service.post(before_plan=60.0)
        until(service.children)
        service.store.request_cancel(plan)
        service.finished(plan)
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
    first.kill()
    assert service.store.request_cancel(plan).state == "running"
    with WorkerProcess(service.config):
        assert service.finished(plan).state == "cancelled"
    assert len(service.children()) == 1


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
    plan = service.store.create(NewPlan({"name": "x"}, PlanOptions()))[0].id
    assert not service.queue.enqueue(plan)
    assert service.state(plan) == "queued"


def test_the_solver_is_a_module_of_this_package_and_of_this_python():
    assert JobConfig(None, Path()).solver == (sys.executable, "-m", "api.jobs.solver_child")
