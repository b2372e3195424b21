"""One request, many workers: its units go to whoever is free, outlive their workers, and end with the plan."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.jobs.config import JobConfig
from api.store import tables
from api.store.contract import NewPlan
from fleetplan.options import PlanOptions
from tests.jobs_support import Service, service_anywhere
from tests.postgres import postgres
from tests.worker_process import ROOT, until

SOLVER = (sys.executable, str(ROOT / "tests" / "small_blocks_solver.py"))
MANY = {
    "name": "three cities",
    "horizon": {"start": "2027-01", "months": 48, "single_months": 12},
    "cities": ["bay-area", "los-angeles", "houston"],
    "capital": {"per_quarter_usd": 20e6},
}
PATIENCE_S = 100.0
GHOST = "ghost"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request, tmp_path: Path) -> Iterator[Service]:
    with service_anywhere(request, tmp_path) as made:
        yield made


def config_of(service: Service) -> JobConfig:
    """Return the settings of workers whose own processes solve no unit of their plans."""
    return replace(service.config, solver=SOLVER, silence_s=5.0, helpers=1)


def posted(service: Service) -> str:
    plan = service.store.create(NewPlan(MANY, PlanOptions(time_limit_s=100.0, gap=0.0005)))[0].id
    assert service.queue.enqueue(plan)
    return plan


def units(service: Service) -> int:
    with service.store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.units)).scalar_one()


def haunted(service: Service) -> bool:
    """Pretend that a ghost is free to help; return whether something is offered to it."""
    service.store.beat(GHOST, [])
    return service.store.open_units(GHOST)


@pytest.mark.slow
def test_two_workers_solve_one_request_and_a_unit_that_was_lost_with_its_worker_is_solved_by_another(service: Service):
    service.worker(config_of(service))
    plan = posted(service)
    until(lambda: haunted(service), PATIENCE_S, 0.2)
    lost = service.store.lease_unit(GHOST, 1.0)
    assert lost is not None
    assert lost.plan == plan
    service.worker(config_of(service))
    row = service.finished(plan, PATIENCE_S)
    assert (row.state, row.problem) == ("succeeded", None)
    assert json.loads(service.store.answer(plan) or b"")["certificate"]["checker"] == "passed"
    assert units(service) == 0


@pytest.mark.slow
def test_cancel_takes_units_back(service: Service):
    worker = service.worker(config_of(service))
    plan = posted(service)
    until(lambda: haunted(service), PATIENCE_S, 0.2)
    held = service.store.lease_unit(GHOST, 600.0)
    assert held is not None
    service.store.request_cancel(plan)
    assert service.finished(plan, 30.0).state == "cancelled"
    assert units(service) == 0
    assert not service.store.answer_unit(held, b"late")
    assert worker.process.poll() is None
