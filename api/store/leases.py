"""Work that is asked once, leased by a worker for a while, and answered once: what its tables have in common.

Such a table has the columns ``id``, ``state`` (queued, running, succeeded, failed), ``problem``, ``answer``, ``worker``,
``leased_until``, ``leases``, ``started_at`` and ``finished_at``. A worker that dies loses its lease; what too many lost has
failed.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.store.rows import finite

MOST_LEASES = 3
"""How many workers may lose a piece of work; then it has failed."""

LONGEST_LEASE = timedelta(minutes=10)
"""No worker leases anything for longer at once."""

CLOCKS_APART = timedelta(minutes=1)
"""By so much one worker's moment may lie before another's, who leased something just now."""


def lapsed(leased_until: sa.ColumnElement[datetime], now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a lease has run out; one far into the future is of a clock set back since."""
    return sa.or_(leased_until < now, leased_until > now + LONGEST_LEASE + CLOCKS_APART)


def digest(asked: Mapping[str, Any]) -> str:
    """Return a hash of what was asked, by which the same is known again."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of one table."""

    table: sa.Table

    def free(self, now: datetime) -> sa.Select[Any]:
        """Return the ids of what may be taken up: what waits, and what nobody holds any more."""
        c = self.table.c
        let_go = sa.and_(c.state == "running", lapsed(c.leased_until, now))
        return sa.select(c.id).where(sa.or_(c.state == "queued", let_go))

    def take(
        self, connection: sa.Connection, wanted: sa.Select[Any], worker: str, lease_s: float, now: datetime
    ) -> str | None:
        """Lease the first of what is wanted for so many seconds; None if there is none. What too many lost has failed."""
        c = self.table.c
        lost = sa.and_(c.state == "running", lapsed(c.leased_until, now), c.leases >= MOST_LEASES)
        given_up = {"code": "gave-up", "detail": f"{MOST_LEASES} workers died over it"}
        failed = {"state": "failed", "problem": given_up, "finished_at": now, "worker": None}
        connection.execute(sa.update(self.table).where(lost).values(failed))
        first = wanted.limit(1)
        if connection.dialect.name != "sqlite":
            first = first.with_for_update(skip_locked=True, of=self.table)
        found = connection.execute(first).scalars().first()
        if found is not None:
            until = now + timedelta(seconds=lease_s)
            taken = {
                "state": "running",
                "worker": worker,
                "leased_until": until,
                "leases": c.leases + 1,
                "started_at": now,
            }
            connection.execute(sa.update(self.table).where(c.id == found).values(taken))
        return None if found is None else str(found)

    def mine(self, one: str, worker: str) -> sa.Update:
        """Return an update of what a worker holds; of nothing, where another holds it by now."""
        c = self.table.c
        return sa.update(self.table).where(c.id == one, c.worker == worker, c.state == "running")

    def given_back(self) -> dict[str, Any]:
        """Return the values of what is given back unmade; it does not count as lost."""
        return {"state": "queued", "worker": None, "leased_until": None, "leases": self.table.c.leases - 1}


def ended(answer: bytes | None, problem: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """Return the values of what ended: with an answer, or a problem."""
    return {
        "state": "failed" if answer is None else "succeeded",
        "answer": None if answer is None else zlib.compress(answer),
        "problem": None if problem is None else finite(problem),
        "worker": None,
        "leased_until": None,
        "finished_at": now,
    }
