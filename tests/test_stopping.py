"""A service that is ended keeps what it had found: the best plan waits with its request, and the next search begins with it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.jobs.config import JobConfig
from api.store.contract import NewPlan, PlanRow
from api.store.sqlstore import SqlStore
from fleetplan.options import PlanOptions
from tests.api_support import BODY
from tests.service_process import ServiceProcess, client_of
from tests.worker_process import FAKE, WorkerProcess, until


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with (tmp_path / "log").open("wb") as log, ServiceProcess(tmp_path / "data", log=log) as started:
        yield started.ready()


def asked(starts: Path, **fake: Any) -> dict[str, Any]:
    return {"request": {**BODY["request"], "note": json.dumps({"log": str(starts), "seconds": 600.0, **fake})}}


def test_a_service_that_is_told_to_end_keeps_the_best_plan_and_goes_on_from_it(service: ServiceProcess, tmp_path: Path):
    def row() -> PlanRow:
        found = store.get(plan)
        assert found is not None
        return found

    store = SqlStore(None, tmp_path / "data")
    with client_of(service.url) as client:
        plan = client.post("/v1/plans", json=asked(tmp_path / "starts", again=0.0)).json()["id"]
    until(lambda: (row().objective or 0.0) >= 3.0)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(60) == 0
    left = json.loads(store.so_far(plan) or b"{}")
    assert (row().state, row().worker, left["status"]) == ("queued", None, "stopped")
    assert left["objective"] >= 3.0
    assert {"state": "queued", "reason": "handed_back"} in [event.data for event in store.events(plan)]
    with WorkerProcess(JobConfig(None, tmp_path / "data", solver=FAKE)):
        until(lambda: row().state == "succeeded")
    assert json.loads(store.answer(plan) or b"")["objective"] == left["objective"]  # it begins there, not at nothing
    assert store.so_far(plan) is None
    store.close()


def test_one_that_waits_to_be_taken_up_again_and_is_cancelled_ends_with_its_best_plan(tmp_path: Path):
    store = SqlStore(None, tmp_path)
    store.migrate()
    plan = store.create(NewPlan(BODY["request"], PlanOptions()))[0].id
    store.keep_so_far(plan, b'{"objective": 1.0}')
    store.keep_so_far(plan, b'{"status": "stopped", "objective": 2.0, "bound": 3.0, "gap": 0.5}')
    row = store.request_cancel(plan)
    assert (row.state, row.objective, row.bound) == ("cancelled", 2.0, 3.0)
    assert json.loads(store.answer(plan) or b"")["objective"] == 2.0
    assert (store.so_far(plan), store.findings(plan)) == (None, [])
    store.close()
