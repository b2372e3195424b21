"""Replays of stored plans: asked once, made while nothing else waits, told wherever the plan is told."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.jobs import simulating, simulation_child
from api.jobs.child import Lines
from api.jobs.config import JobConfig
from api.jobs.simulating import Simulating, months_of
from api.settings import Settings
from api.simulations import standing_of
from api.store.contract import NewPlan, SimulationRow
from api.store.errors import PlanUnknown, TooManyWait
from api.store.leases import LONGEST_LEASE, MOST_LEASES
from api.store.simulations import Simulations
from api.store.sqlstore import SqlStore
from fleetplan.errors import SolverError
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.replays.types import MonthTold, ReplayAsked
from fleetplan.simulate.of_plan import PlanReplays
from tests.api_support import Running, answer, running
from tests.fake_simulator import month, shortfalls
from tests.jobs_support import Service, configured
from tests.pages_support import page_at, words_of
from tests.worker_process import ROOT, until

FAKE = (sys.executable, str(ROOT / "tests" / "fake_simulator.py"))
LONG_S = 600.0
NO_WAY = "no way"


def asked(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"city": "zurich", "month": f"2029-{number:02d}", "days": "all", "seeds": [0], **more}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    made = SqlStore(None, tmp_path)
    made.migrate()
    yield made
    made.close()


def stored(store: SqlStore, replay: Any = ()) -> str:
    plan = store.create(NewPlan({"name": "x"}, PlanOptions()))[0].id
    store.start(plan, "w")
    assert store.finish(plan, "succeeded", answer=answer(), replay=replay)
    return plan


# --- the store --------------------------------------------------------------------------------------------------------------


def test_what_somebody_asked_for_comes_first_and_what_is_asked_twice_is_one(store: SqlStore):
    plan = stored(store, [asked(1), asked(2)])
    row, known = store.ask_simulation(plan, asked(7))
    assert (row.background, known) == (False, False)
    again, known = store.ask_simulation(plan, asked(2))
    assert (again.background, known) == (False, True)
    leased = [store.lease_simulation("w", LONG_S, background=True) for _ in range(4)]
    assert [one and one.asked["month"] for one in leased] == ["2029-02", "2029-07", "2029-01", None]
    assert not store.simulations_wait(background=True)
    with pytest.raises(PlanUnknown):
        store.ask_simulation("plan_x", asked())


def test_a_lost_replay_is_taken_up_until_it_is_given_up_and_may_be_asked_anew(store: SqlStore, monkeypatch):
    plan = stored(store)
    row, _ = store.ask_simulation(plan, asked())
    for k in range(MOST_LEASES):
        assert store.lease_simulation(f"w{k}", -1.0, background=False) is not None
    assert store.lease_simulation("last", LONG_S, background=False) is None
    found = store.simulation(plan, row.id)
    assert found is not None
    assert (found.state, (found.problem or {})["code"]) == ("failed", "gave-up")
    assert not store.renew_simulation(row.id, "w2", LONG_S, 0.5)
    anew, known = store.ask_simulation(plan, asked())
    assert (anew.state, known, anew.problem) == ("queued", False, None)
    monkeypatch.setattr("api.store.simulations.MOST_WAITING", 1)
    with pytest.raises(TooManyWait):
        store.ask_simulation(plan, asked(9))


def test_a_lease_of_a_clock_that_was_set_back_since_has_run_out(store: SqlStore, monkeypatch: pytest.MonkeyPatch):
    row, _ = store.ask_simulation(stored(store), asked())
    assert store.lease_simulation("w", LONGEST_LEASE.total_seconds(), background=False) is not None
    now = store.now

    def earlier(by: timedelta) -> None:
        monkeypatch.setattr(store, "now", lambda connection: now(connection) - by)

    earlier(timedelta(seconds=5))
    assert store.lease_simulation("another", LONG_S, background=False) is None
    earlier(timedelta(hours=2))
    again = store.lease_simulation("another", LONG_S, background=False)
    assert again is not None
    assert again.id == row.id


def test_an_answer_is_kept_until_the_plan_is_deleted(store: SqlStore):
    plan = stored(store)
    row, _ = store.ask_simulation(plan, asked())
    one = store.lease_simulation("w", LONG_S, background=False)
    assert one is not None
    store.return_simulation(one.id, "w")
    assert store.lease_simulation("w", LONG_S, background=False) == one
    assert store.renew_simulation(row.id, "w", LONG_S, 0.5)
    assert not store.end_simulation(row.id, "another", answer=b"{}")
    assert store.end_simulation(row.id, "w", answer=b"{}", standing={"stands": True})
    assert store.simulation_answer(row.id) == b"{}"
    store.delete(plan)
    assert store.simulations([plan]) == []
    assert store.simulation_answer(row.id) is None


def test_months_of_what_is_no_plan_are_none():
    assert months_of(None, 5) == months_of(b"{}", 5) == months_of(answer(), 0) == []
    assert len(months_of(answer(), 5)) == 5


# --- the worker -------------------------------------------------------------------------------------------------------------


@contextmanager
def worker(store: SqlStore, *, busy: threading.Event | None = None) -> Iterator[threading.Event]:
    stop, own = threading.Event(), busy or threading.Event()
    one = Simulating(store, "w", lambda: LONG_S, FAKE, own.is_set)
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def state(store: SqlStore, plan: str, number: int) -> SimulationRow:
    return next(row for row in store.simulations([plan]) if row.asked["month"] == asked(number)["month"])


def test_months_are_made_one_after_the_other_and_what_fails_is_told(store: SqlStore, monkeypatch):
    monkeypatch.setattr(simulating, "LOOK_S", 0.05)
    plan = stored(store, [asked(1), asked(2), asked(3), asked(4)])
    with worker(store):
        until(lambda: all(r.state in {"succeeded", "failed"} for r in store.simulations([plan])))
    good, bad, dead, refused = (state(store, plan, k) for k in (1, 2, 3, 4))
    assert good.standing == {"city": "zurich", "month": "2029-01", "name": "Zurich", "stands": True, "shortfalls": []}
    assert bad.standing is not None
    assert bad.standing["shortfalls"] == shortfalls(stands=False)
    assert (dead.problem or {})["code"] == "simulation-died"
    assert (refused.problem or {})["detail"] == "not in the catalogue"
    found = standing_of(store.simulations([plan]))
    assert (found.planned, len(found.months), len(found.fallen), found.failed) == (4, 2, 1, 2)


def test_what_nobody_asked_for_waits_for_plans_and_ends_with_the_worker(store: SqlStore, monkeypatch):
    monkeypatch.setattr(simulating, "LOOK_S", 0.05)
    plan = stored(store, [asked(5)])
    busy = threading.Event()
    with worker(store, busy=busy):
        until(lambda: state(store, plan, 5).progress == 0.5)
        waiting = store.create(NewPlan({"name": "waits"}, PlanOptions()))[0].id
        until(lambda: state(store, plan, 5).state == "queued")
        store.ask_simulation(plan, asked(1))  # somebody asks: it is made all the same
        until(lambda: state(store, plan, 1).state == "succeeded")
        store.request_cancel(waiting)
        until(lambda: state(store, plan, 5).progress == 0.5)
    assert state(store, plan, 5).state == "queued"


def test_a_replay_ends_after_its_time_and_one_without_its_plan_at_once(store: SqlStore, monkeypatch):
    monkeypatch.setattr(simulating, "LOOK_S", 0.05)
    monkeypatch.setattr(simulating, "LONGEST_S", 0.0)
    plan = stored(store, [asked(5)])
    gone = store.create(NewPlan({"name": "gone"}, PlanOptions()))[0].id
    store.request_cancel(gone)
    store.ask_simulation(gone, asked())
    with worker(store):
        until(lambda: state(store, plan, 5).state == "failed" and state(store, gone, 1).state == "failed")
    assert (state(store, plan, 5).problem or {})["code"] == "time-limit"
    assert (state(store, gone, 1).problem or {})["code"] == "no-answer"


def test_a_plan_that_was_solved_is_replayed_by_its_worker(tmp_path: Path):
    whole = tmp_path / "whole.json"
    whole.write_bytes(answer())
    plain = configured(None, tmp_path / "data")
    with service_of(replace(plain, replays_each=2, simulator=FAKE, helpers=0)) as made:
        made.worker()
        plan = made.post(answer=str(whole))
        until(lambda: {r.state for r in made.store.simulations([plan])} == {"succeeded"})
        assert all(row.background for row in made.store.simulations([plan]))
        assert len(made.store.simulations([plan])) == 2


@contextmanager
def service_of(config: JobConfig) -> Iterator[Service]:
    made = Service(config)
    try:
        yield made
    finally:
        made.close()


class Quiet(PlanReplays):
    """A plan whose months come out as the fake ones do."""

    def __init__(self, plan: Plan, *_: Any) -> None:
        self.plan = plan

    def month(self, asked: ReplayAsked, progress: Any = None) -> Any:
        progress(0.5)
        if asked.month == "2029-02":
            raise SolverError(NO_WAY)
        return None, MonthTold.model_validate(month(asked.model_dump(mode="json"), stands=True))


def test_the_process_that_replays_a_month_says_what_came_of_it(monkeypatch):
    monkeypatch.setattr("fleetplan.simulate.of_plan.PlanReplays", Quiet)
    monkeypatch.setattr("fleetplan.catalogue.load_catalogue", lambda: None)

    def made(number: int, plan: bytes = answer()) -> list[dict[str, Any]]:
        out = io.BytesIO()
        simulation_child.replay({"plan": plan.decode(), "asked": asked(number)}, Lines(out))
        return [json.loads(line) for line in out.getvalue().splitlines()]

    progress, known = made(1)
    assert progress == {"kind": "progress", "done": 0.5}
    assert known["standing"]["stands"] is True
    assert known["month"]["sentences"][0] == "Zurich, Jan 2029: the plan stands."
    assert made(2)[-1]["detail"] == "no way"
    (refused,) = made(1, b'{"name": "of another version"}')
    assert (refused["kind"], refused["faults"][0]["where"]) == ("problem", "plan.json: /schema_version")


def test_the_process_itself_reads_its_job_and_ends_with_a_word():
    job = json.dumps({"plan": "{}", "asked": asked()}).encode() + b"\n"
    command = [sys.executable, "-m", "api.jobs.simulation_child", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(job)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["kind"] == "problem"
        process.stdin.close()


def test_settings_say_how_many_months_of_each_plan_are_replayed(monkeypatch):
    monkeypatch.setenv("FLEETPLAN_REPLAYS_EACH", "3")
    assert Settings().job_config().replays_each == 3
    monkeypatch.delenv("FLEETPLAN_REPLAYS_EACH")
    assert Settings().job_config().replays_each == 24


# --- over HTTP and on the pages ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("replays")) as started:
        yield started


@pytest.fixture(scope="module")
def plan(service: Running) -> str:
    return service.made()


def live() -> tuple[str, str]:
    """Return a city of the plan in these tests and a month in which it is open."""
    made = Plan.model_validate_json(answer())
    city = next(c for c in made.cities if c.launch)
    return city.city, str(city.launch)


def post(service: Running, plan: str, body: Any) -> Any:
    return service.client.post(f"/v1/plans/{plan}/simulations", json=body)


def end(store: Simulations, told: dict[str, Any], *, stands: bool) -> None:
    one = store.lease_simulation("w", LONG_S, background=True)
    assert one is not None
    found = month(dict(one.asked), stands=stands)
    standing = {**{k: found[k] for k in ("city", "month", "name", "stands")}, "shortfalls": shortfalls(stands=stands)}
    store.end_simulation(told["id"], "w", answer=json.dumps(found).encode(), standing=standing)


def test_a_month_is_asked_for_followed_and_told(service: Running, plan: str):
    city, opened = live()
    body = {"city": city, "month": opened, "seeds": [1, 2]}
    sent = post(service, plan, body)
    assert (sent.status_code, sent.headers["Retry-After"]) == (202, "2")
    told = sent.json()
    assert (told["state"], told["result"], told["background"]) == ("queued", None, False)
    assert sent.headers["Location"] == told["href"]
    assert post(service, plan, body).json()["id"] == told["id"]
    assert service.client.get(f"/v1/plans/{plan}").json()["replays"]["replayed"] == 0
    end(service.store, told, stands=False)
    known = service.client.get(told["href"])
    assert known.json()["result"]["deployments"][0]["hours"][0]["asked"] == 9.0
    assert service.client.get(told["href"], headers={"If-None-Match": known.headers["ETag"]}).status_code == 304
    assert post(service, plan, body).status_code == 200
    listed = service.client.get(f"/v1/plans/{plan}/simulations").json()
    assert listed["standing"]["months"][0]["stands"] is False
    assert "does not stand" in listed["sentences"][0]
    until(lambda: service.client.get(f"/v1/plans/{plan}").json()["replays"]["fallen"] == 1)
    assert service.client.get("/v1/plans").json()["plans"][0]["replays"]["fallen"] == 1


def test_the_pages_show_and_flag_it(service: Running, plan: str):
    city, opened = live()
    other = post(service, plan, {"city": city, "month": opened, "days": "weekday"}).json()
    said = words_of(page_at(service, "/plans"))
    assert "does not stand in 1 of 1 month replayed" in said
    page = page_at(service, f"/plans/{plan}")
    assert 'id="fallen"' in page
    assert "riders wait 30 % longer (A) than promised" in words_of(page)
    page = page_at(service, f"/plans/{plan}/cities/{city}")
    assert page.count('<svg class="chart"') >= 4
    assert "A: its part." in words_of(page)
    assert "with other figures of the catalogue" in words_of(page)
    waiting = page_at(service, f"/plans/{plan}/cities/{city}?simulation={other['id']}")
    assert "waits to be replayed" in words_of(waiting)
    html = service.client.get(f"/v1/plans/{plan}/export?format=html").text
    assert "Replayed request by request" in html
    assert "Replayed request by request" not in service.client.get(f"/v1/plans/{plan}/export?format=json").text


def test_every_fault_of_what_is_asked_is_told(service: Running, plan: str):
    wrong = post(service, plan, {"city": "atlantis", "month": "2029-01", "seeds": [0, 0]})
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["/city", "/seeds"]
    wrong = post(service, plan, {"city": "zurich", "month": "soon", "days": "never", "seeds": [True], "more": 1})
    assert wrong.status_code == 422
    assert {e["pointer"] for e in wrong.json()["errors"]} == {"/month", "/days", "/seeds/0", "/more"}
    missing = service.client.get(f"/v1/plans/{plan}/simulations/sim_x")
    assert (missing.status_code, missing.json()["code"]) == (404, "simulation-not-found")
    assert post(service, service.post(), asked()).json()["code"] == "plan-not-ready"


def test_a_month_with_more_runs_outweighs_one_with_fewer():
    def row(key: str, seeds: int, *, stands: bool, days: str = "all") -> SimulationRow:
        standing = {"city": "zurich", "month": "2029-01", "name": "Z", "stands": stands, "shortfalls": []}
        told: dict[str, Any] = {"asked": asked(seeds=list(range(seeds)), days=days), "standing": standing}
        unknown: Any = None
        return SimulationRow(
            key, "p", background=False, state="succeeded", progress=1.0, problem=None,
            created_at=unknown, started_at=None, finished_at=None, **told,
        )  # fmt: skip

    rows = [row("c", 1, stands=False), row("a", 3, stands=True), row("d", 1, stands=False, days="weekend")]
    assert standing_of(rows).fallen == []
    assert standing_of(rows).planned == 1
