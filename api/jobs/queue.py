"""The durable queue. The plans table is the truth, the queue only brings plans to workers.

A plan is stored first and enqueued second. What is lost in between (or with a dead worker) is found by the workers' sweep
and handed out again as the next delivery: the workflow ``plan_….2`` after ``plan_….1``.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSClient, WorkflowSerializationFormat, error
from sqlalchemy.exc import SQLAlchemyError

from api.jobs.config import JobConfig
from api.jobs.older_sqlite import teach_every_connection
from api.store.database import BUSY_S
from api.store.errors import StoreUnusable
from api.store.sqlstore import SqlStore

QUEUE = "plans"
WORKFLOW = "solve_plan"
APPLICATION = "fleetplan"
VERSION = "1"
"""Pinned: jobs of an older release are taken up by a newer one. Raise it when a job's arguments change."""

KEPT = timedelta(hours=1)
TIDY_AT_ONCE = 500
"""How long the queue remembers deliveries that ended, and how many it forgets in one go."""

FIRST, AGAIN = 10, 1
"""Priorities, the lower the sooner: a plan that lost its worker does not queue up behind all the others again."""

PORTABLE = WorkflowSerializationFormat.PORTABLE
_log = logging.getLogger(__name__)

teach_every_connection()  # before DBOS opens its first


def prepare(config: JobConfig, store: SqlStore) -> None:
    """Bring both databases to the tables of today; one process at a time, the others wait."""
    store.migrate()
    logging.getLogger("dbos").setLevel(logging.WARNING)
    try:
        DBOS.migrate(config.queue_url)
    except (SQLAlchemyError, error.DBOSException) as trouble:
        said = (str(trouble).splitlines() or [type(trouble).__name__])[0]
        msg = f"the queue's database {config.queue_file or 'on PostgreSQL'} cannot be used: {said}"
        raise StoreUnusable(msg) from trouble
    if config.queue_file is not None:
        with closing(sqlite3.connect(config.queue_file, timeout=BUSY_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # kept by the file; DBOS leaves it at the slower default


class JobQueue:
    """Hands plans to workers. The databases must have been prepared."""

    def __init__(self, config: JobConfig) -> None:
        self._client = DBOSClient(
            system_database_url=config.queue_url, application_name=APPLICATION, retry_connection_errors=False
        )

    def enqueue(self, plan: str) -> bool:
        """Hand out a plan that was just stored; False when the queue is out of reach, and the sweep will do it later."""
        try:
            self.deliver(plan, 1)
        except (SQLAlchemyError, error.DBOSException):
            _log.exception("plan %s is stored and will be queued by the sweep", plan)
            return False
        return True

    def deliver(self, plan: str, delivery: int) -> None:
        """Hand out a plan under a delivery number; the same number twice is the same delivery."""
        if delivery > 1:
            self._withdraw(f"{plan}.{delivery - 1}")
        self._client.enqueue(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": f"{plan}.{delivery}",
                "app_version": VERSION,
                "serialization_type": PORTABLE,
                "priority": FIRST if delivery == 1 else AGAIN,
            },
            plan,
        )

    def _withdraw(self, workflow: str) -> None:
        """Keep an earlier delivery from running when its worker comes back."""
        if self._client.list_workflows(workflow_ids=[workflow], load_input=False, load_output=False):
            self._client.cancel_workflow(workflow)

    def lost(self, deliveries: Iterable[tuple[str, int]], living: frozenset[str]) -> list[tuple[str, int]]:
        """Return deliveries that neither wait in the queue nor are with a living worker."""
        wanted = {f"{plan}.{delivery}": (plan, delivery) for plan, delivery in deliveries}
        if not wanted:
            return []
        found: list[Any] = self._client.list_workflows(
            workflow_ids=list(wanted),
            status=["ENQUEUED", "DELAYED", "PENDING"],
            load_input=False,
            load_output=False,
        )
        safe = {w.workflow_id for w in found if w.status != "PENDING" or w.executor_id in living}
        return [pair for workflow, pair in wanted.items() if workflow not in safe]

    def held(self, worker: str) -> list[tuple[str, int]]:
        """Return deliveries that a worker took from the queue and did not end."""
        found: list[Any] = self._client.list_workflows(
            executor_id=worker, status=["PENDING"], load_input=False, load_output=False
        )
        pairs = (w.workflow_id.rpartition(".") for w in found)
        return [(plan, int(number)) for plan, _, number in pairs if number.isdecimal()]

    def tidy(self, older: timedelta = KEPT) -> int:
        """Remove some of the deliveries that ended long ago; return how many."""
        before = (datetime.now(UTC) - older).isoformat()
        ended: list[Any] = self._client.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before,
            limit=TIDY_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if ended:
            self._client.delete_workflows([w.workflow_id for w in ended])
        return len(ended)

    def close(self) -> None:
        """Close every connection."""
        self._client.destroy()
