"""Units of work: parts of one plan's search, offered to every worker that is free.

A unit is a row while somebody may work on it. A worker leases it for a while and renews the lease as long as it works; a
unit whose lease runs out, since its worker died or hangs, is free again. Whoever solves a unit finds the same bytes, so an
answer counts whoever brings it, and a second one changes nothing. Plans that have ended have no units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from api.store import tables
from api.store.database import Database
from api.store.leases import lapsed

MOST_LEASES = 3
"""How many workers may lose or fail at a unit; then it is left to the plan's own worker."""

_u, _p, _w = tables.units, tables.plans, tables.workers


@dataclass(frozen=True, slots=True)
class LeasedUnit:
    """A unit that a worker may solve; ``content`` is the problem."""

    plan: str
    number: int
    content: bytes


class Units(Database):
    """The part of the store that holds units of work."""

    def offer_unit(self, plan: str, number: int, urgency: int, content: bytes) -> bool:
        """Offer a unit to whoever is free; False where the plan is not running (any more)."""
        with self.writing() as connection:
            running = sa.select(_p.c.id).where(_p.c.id == plan, _p.c.state == "running")
            if connection.execute(running).first() is None:
                return False
            values = {"plan": plan, "number": number, "urgency": urgency, "content": content, "leases": 0}
            connection.execute(sa.insert(_u).values(offered_at=self.now(connection), **values))
            return True

    def claim_unit(self, plan: str, number: int) -> bool:
        """Take a unit back for the plan's own worker; return whether nobody works on it."""
        with self.writing() as connection:
            one = sa.and_(_u.c.plan == plan, _u.c.number == number, _u.c.answer.is_(None))
            free = sa.or_(_u.c.worker.is_(None), lapsed(_u.c.leased_until, self.now(connection)))
            return bool(connection.execute(sa.delete(_u).where(one, free)).rowcount)

    def withdraw_unit(self, plan: str, number: int) -> None:
        """Take a unit back whoever works on it."""
        with self.writing() as connection:
            connection.execute(sa.delete(_u).where(_u.c.plan == plan, _u.c.number == number))

    def clear_units(self, plan: str) -> None:
        """Take all units of a plan back."""
        with self.writing() as connection:
            clear_units(connection, plan)

    def open_units(self, worker: str) -> bool:
        """Return whether there is a unit that a worker may lease: not of a plan of its own."""
        with self.reading() as connection:
            return connection.execute(self._leasable(connection, worker).limit(1)).first() is not None

    def _leasable(self, connection: sa.Connection, worker: str) -> sa.Select[tuple[str, int]]:
        free = sa.or_(_u.c.worker.is_(None), lapsed(_u.c.leased_until, self.now(connection)))
        return (
            sa.select(_u.c.plan, _u.c.number)
            .join_from(_u, _p, _p.c.id == _u.c.plan)
            .where(_u.c.answer.is_(None), free, _u.c.leases < MOST_LEASES)
            .where(_p.c.state == "running", _p.c.worker != worker)
            .order_by(_u.c.urgency, _u.c.offered_at, _u.c.number)
        )

    def lease_unit(self, worker: str, lease_s: float) -> LeasedUnit | None:
        """Lease the most urgent unit that is free for so many seconds; None if there is none."""
        with self.writing() as connection:
            wanted = self._leasable(connection, worker).limit(1)
            if not self.is_sqlite:
                wanted = wanted.with_for_update(of=_u, skip_locked=True)
            row = connection.execute(wanted).first()
            if row is None:
                return None
            until = self.now(connection) + timedelta(seconds=lease_s)
            leased = (
                sa.update(_u)
                .where(_u.c.plan == row.plan, _u.c.number == row.number)
                .values(worker=worker, leased_until=until, leases=_u.c.leases + 1)
                .returning(_u.c.content)
            )
            return LeasedUnit(row.plan, row.number, connection.execute(leased).scalar_one())

    def renew_unit(self, unit: LeasedUnit, worker: str, lease_s: float) -> bool:
        """Lease a unit for longer; False where it is wanted no more, or another has it."""
        with self.writing() as connection:
            until = self.now(connection) + timedelta(seconds=lease_s)
            return bool(connection.execute(_mine(unit, worker).values(leased_until=until)).rowcount)

    def is_wanted(self, unit: LeasedUnit, worker: str) -> bool:
        """Return whether a worker still has a unit to solve."""
        with self.reading() as connection:
            one = sa.and_(_u.c.plan == unit.plan, _u.c.number == unit.number)
            held = sa.select(_u.c.number).where(one, _u.c.worker == worker, _u.c.answer.is_(None))
            return connection.execute(held).first() is not None

    def return_unit(self, unit: LeasedUnit, worker: str) -> None:
        """Give a unit back unsolved."""
        with self.writing() as connection:
            connection.execute(_mine(unit, worker).values(worker=None, leased_until=None))

    def answer_unit(self, unit: LeasedUnit, answer: bytes) -> bool:
        """Store an answer, whoever has the unit by now; False where it is wanted no more, or has one."""
        with self.writing() as connection:
            one = sa.and_(_u.c.plan == unit.plan, _u.c.number == unit.number, _u.c.answer.is_(None))
            return bool(connection.execute(sa.update(_u).where(one).values(answer=answer)).rowcount)

    def take_answers(self, plan: str) -> Sequence[tuple[int, bytes]]:
        """Return the answers to a plan's units, once each, with their numbers."""
        there = sa.and_(_u.c.plan == plan, _u.c.answer.is_not(None))
        with self.reading() as connection:
            if connection.execute(sa.select(_u.c.number).where(there).limit(1)).first() is None:
                return []
        with self.writing() as connection:
            rows = connection.execute(sa.delete(_u).where(there).returning(_u.c.number, _u.c.answer)).all()
        return sorted((int(row.number), bytes(row.answer)) for row in rows)

    def free_workers(self, but: str, silence_s: float) -> int:
        """Return how many living workers have no plan to solve, ``but`` one."""
        with self.reading() as connection:
            since = self.now(connection) - timedelta(seconds=silence_s)
            busy = sa.select(_p.c.worker).where(_p.c.state == "running", _p.c.worker.is_not(None))
            free = sa.select(sa.func.count()).select_from(_w)
            free = free.where(_w.c.beat_at >= since, _w.c.id != but, _w.c.id.not_in(busy))
            return connection.execute(free).scalar_one()


def _mine(unit: LeasedUnit, worker: str) -> sa.Update:
    one = sa.and_(_u.c.plan == unit.plan, _u.c.number == unit.number, _u.c.answer.is_(None))
    return sa.update(_u).where(one, _u.c.worker == worker)


def clear_units(connection: sa.Connection, plan: str) -> None:
    """Take all units of a plan back, in the transaction that ends it."""
    connection.execute(sa.delete(_u).where(_u.c.plan == plan))
