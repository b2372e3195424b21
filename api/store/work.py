"""Who works on what: heartbeats, silent workers, and plans that must be handed out again.

A plan is handed to the queue once when it is posted (delivery 1). Whoever finds its worker silent, or the delivery gone,
takes it back with a compare-and-set and hands it out under the next number, so that only one process does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from api.store import tables
from api.store.contract import MENDING
from api.store.database import Database
from api.store.units import clear_units

RETENTION = timedelta(hours=24)
"""How long an Idempotency-Key is remembered."""

Released = Literal["worker_lost", "handed_back"]
"""Why a running plan waits again: its worker is gone, or handed it back with the best that was found, since it ends."""

_p, _w = tables.plans, tables.workers

WAITS = sa.or_(_p.c.state == "queued", _p.c.phase == MENDING)
"""Plans for a worker to take up. Repairs of what ended at once are looked for without a claim: twice does no harm."""


def append(connection: sa.Connection, plan: str, seq: int, at: datetime, event: tuple[str, dict[str, Any]]) -> None:
    """Write an event whose number was drawn from the plan's row in the same transaction."""
    kind, data = event
    connection.execute(sa.insert(tables.events).values(plan=plan, seq=seq, at=at, kind=kind, data=data))


class Work(Database):
    """The part of the store that workers use among themselves."""

    def start(self, plan: str, worker: str) -> bool:
        """Mark a plan running under a worker; False if it is final, was asked to stop, or another worker has it."""
        with self.writing() as connection:
            now = self.now(connection)
            mine = sa.and_(_p.c.state == "running", _p.c.worker == worker)
            claim = (
                sa.update(_p)
                .where(_p.c.id == plan, sa.or_(_p.c.state == "queued", mine), sa.not_(_p.c.cancel_requested))
                .values(
                    state="running",
                    worker=worker,
                    phase="starting",
                    started_at=sa.func.coalesce(_p.c.started_at, sa.literal(now, tables.UtcTime)),
                    attempts=_p.c.attempts + 1,
                    last_seq=_p.c.last_seq + 1,
                )
                .returning(_p.c.last_seq, _p.c.attempts)
            )
            row = connection.execute(claim).first()
            if row is None:
                return False
            clear_units(connection, plan)  # of an attempt before this one
            append(connection, plan, row.last_seq, now, ("state", {"state": "running", "attempt": row.attempts}))
            return True

    def attempts(self, plan: str) -> int:
        """Return how often workers took a plan up."""
        with self.reading() as connection:
            return connection.execute(sa.select(_p.c.attempts).where(_p.c.id == plan)).scalar() or 0

    def deliveries(self, plan: str) -> int:
        """Return how often a plan was handed out."""
        with self.reading() as connection:
            return connection.execute(sa.select(_p.c.deliveries).where(_p.c.id == plan)).scalar() or 0

    def beat(self, worker: str, plans: Sequence[str]) -> Sequence[str]:
        """Record that a worker lives; return those of its plans that were asked to stop."""
        with self.writing() as connection:
            now = self.now(connection)
            known = connection.execute(sa.update(_w).where(_w.c.id == worker).values(beat_at=now)).rowcount
            if not known:
                connection.execute(sa.insert(_w).values(id=worker, beat_at=now))
        return [plan for plan in self.stops(worker) if plan in set(plans)]

    def stops(self, worker: str) -> Sequence[str]:
        """Return the plans running under a worker that were asked to stop."""
        with self.reading() as connection:
            asked = sa.select(_p.c.id).where(_p.c.state == "running", _p.c.worker == worker, _p.c.cancel_requested)
            return list(connection.execute(asked).scalars())

    def running(self, worker: str) -> Sequence[str]:
        """Return the plans that the store thinks are running under a worker."""
        with self.reading() as connection:
            own = sa.select(_p.c.id).where(_p.c.state == "running", _p.c.worker == worker)
            return list(connection.execute(own).scalars())

    def living(self, silence_s: float) -> frozenset[str]:
        """Return the workers heard of within so many seconds."""
        with self.reading() as connection:
            heard = sa.not_(_silent(self.now(connection), silence_s))
            return frozenset(connection.execute(sa.select(_w.c.id).where(heard)).scalars())

    def orphans(self, silence_s: float) -> Sequence[tuple[str, str]]:
        """Return running plans whose worker has been silent for so many seconds, with that worker."""
        with self.reading() as connection:
            silent = _silent(self.now(connection), silence_s)
            wanted = (
                sa.select(_p.c.id, _p.c.worker)
                .join_from(_p, _w, _w.c.id == _p.c.worker, isouter=True)
                .where(_p.c.state == "running", silent)
            )
            return [(row.id, row.worker) for row in connection.execute(wanted)]

    def release(self, plan: str, worker: str, reason: Released = "worker_lost") -> int | None:
        """Take a running plan from a worker and queue it again; return the number of its next delivery.

        ``reason`` is told with the plan's state: its worker is gone, or has handed it back.

        None when the plan is not (any more) running under that worker, or when it had been asked to stop: then it is
        cancelled, since nobody is left who could finish it.
        """
        with self.writing() as connection:
            now = self.now(connection)
            held = sa.and_(_p.c.id == plan, _p.c.state == "running", _p.c.worker == worker)
            cancel = (
                sa.update(_p)
                .where(held, _p.c.cancel_requested)
                .values(state="cancelled", phase="cancelled", finished_at=now, last_seq=_p.c.last_seq + 1)
                .returning(_p.c.last_seq)
            )
            row = connection.execute(cancel).first()
            if row is not None:
                clear_units(connection, plan)
                append(connection, plan, row.last_seq, now, ("state", {"state": "cancelled"}))
                return None
            back = {
                "state": "queued",
                "worker": None,
                "phase": "queued",
                "last_seq": _p.c.last_seq + 1,
                "deliveries": _p.c.deliveries + 1,
                "delivered_at": now,
            }
            queue = sa.update(_p).where(held).values(back).returning(_p.c.last_seq, _p.c.deliveries)
            row = connection.execute(queue).first()
            if row is None:
                return None
            clear_units(connection, plan)
            append(connection, plan, row.last_seq, now, ("state", {"state": "queued", "reason": reason}))
            return int(row.deliveries)

    def waiting(self, older_s: float) -> Sequence[tuple[str, int]]:
        """Return plans that wait, handed out at least so many seconds ago, with the number of that delivery."""
        with self.reading() as connection:
            now, patience = self.now(connection), timedelta(seconds=older_s)
            long_ago = sa.or_(_p.c.delivered_at < now - patience, _p.c.delivered_at > now + patience)
            wanted = sa.select(_p.c.id, _p.c.deliveries).where(WAITS, long_ago)
            return [(row.id, row.deliveries) for row in connection.execute(wanted)]

    def redeliver(self, plan: str, delivery: int) -> int | None:
        """Draw the next delivery number of a plan that waits; None if another process was faster."""
        with self.writing() as connection:
            now = self.now(connection)
            drawn = (
                sa.update(_p)
                .where(_p.c.id == plan, WAITS, _p.c.deliveries == delivery)
                .values(deliveries=delivery + 1, delivered_at=now)
            )
            return delivery + 1 if connection.execute(drawn).rowcount else None

    def counts(self) -> dict[str, int]:
        """Return how many plans there are in each state."""
        with self.reading() as connection:
            counted = sa.select(_p.c.state, sa.func.count()).where(_p.c.deleted_at.is_(None)).group_by(_p.c.state)
            return {str(state): int(number) for state, number in connection.execute(counted)}

    def purge(self, silence_s: float) -> None:
        """Forget Idempotency-Keys after their time, workers that have long been silent and hold nothing, and units of no use."""
        with self.writing() as connection:
            now = self.now(connection)
            i = tables.idempotency
            connection.execute(sa.delete(i).where(i.c.created_at < now - RETENTION))
            holding = sa.select(_p.c.worker).where(_p.c.state == "running")
            old = _w.c.beat_at < now - timedelta(seconds=max(86_400.0, 10 * silence_s))
            connection.execute(sa.delete(_w).where(old, _w.c.id.not_in(holding)))
            running = sa.select(_p.c.id).where(_p.c.state == "running")
            connection.execute(sa.delete(tables.units).where(tables.units.c.plan.not_in(running)))


def _silent(now: datetime, silence_s: float) -> sa.ColumnElement[bool]:
    """Return the condition that a worker has been silent for too long; a beat from the future is of a clock set back since."""
    patience = timedelta(seconds=silence_s)
    return sa.or_(_w.c.beat_at.is_(None), _w.c.beat_at < now - patience, _w.c.beat_at > now + patience)
