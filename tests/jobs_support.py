"""The API's side of the jobs for tests: a store, a queue, and workers that are killed with it at the latest."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.jobs.config import JobConfig
from api.jobs.queue import JobQueue, prepare
from api.jobs.solve import job
from api.store.contract import FINAL, NewPlan, PlanRow
from api.store.ids import new_id
from api.store.sqlstore import SqlStore
from fleetplan.options import PlanOptions
from tests.postgres import fresh_database
from tests.worker_process import FAKE, WorkerProcess, until


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

    def pause(self, worker: WorkerProcess) -> None:
        """Stop a worker's process in mid-work, but not while it holds a lock of SQLite: nobody could write then."""
        while True:
            worker.stop()
            if not self.store.is_sqlite or all(_is_free(file) for file in self.config.data_dir.glob("*.sqlite")):
                return
            worker.signal(signal.SIGCONT)
            time.sleep(0.05)

    def post(self, *, enqueue: bool = True, request: dict[str, Any] | None = None, **fake: Any) -> str:
        body = request or {"name": "fake", "fake": {"log": str(self.log), **fake}}
        plan = self.store.create(NewPlan(body, PlanOptions(time_limit_s=10.0)))[0].id
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

    def finished(self, plan: str, seconds: float = 60.0) -> PlanRow:
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


def _is_free(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=0.5, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def patient(config: JobConfig) -> JobConfig:
    """Return settings under which nobody is taken for dead because the machine is busy."""
    return replace(config, silence_s=600.0)


def configured(url: str | None, folder: Path) -> JobConfig:
    return JobConfig(url, folder, concurrency=2, heartbeat_s=0.2, silence_s=1.2, solver=FAKE)


def told(**fake: Any) -> dict[str, Any]:
    """Return what a solver process is told."""
    return job({"name": "x", "fake": fake}, PlanOptions(), None)


@contextmanager
def service_on(database: str | None, folder: Path) -> Iterator[Service]:
    """Give a service on a database, SQLite for None, and end it with its workers."""
    made = Service(configured(database, folder))
    try:
        yield made
    finally:
        made.close()


@contextmanager
def service_anywhere(request: pytest.FixtureRequest, folder: Path) -> Iterator[Service]:
    """Give a service on the kind of database that a fixture's parameter names; ``server`` is the fixture of PostgreSQL."""
    if request.param == "sqlite":
        with service_on(None, folder) as made:
            yield made
        return
    with fresh_database(request.getfixturevalue("server"), new_id("test")) as url, service_on(url, folder) as made:
        yield made
