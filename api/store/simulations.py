"""Months of stored plans that are replayed: asked once, leased by a worker for a while, answered once.

A replay is of the plan's own bytes and given seeds, so that whoever makes it finds the same; what is asked twice is one replay.
Those that somebody asked for come first, then those of plans that were just stored, the months that matter most first.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.contract import SimulationRow
from api.store.database import Database
from api.store.errors import PlanUnknown, TooManyWait
from api.store.ids import new_id
from api.store.leases import Leases, digest, ended
from api.store.rows import finite

MOST_WAITING = 200
"""How many replays that somebody asked for may wait."""

_ASK_LOCK = 710_103
_s, _p = tables.simulations, tables.plans
_SHOWN = (
    *("id", "plan", "asked", "background", "state", "progress", "standing", "problem"),
    *("created_at", "started_at", "finished_at"),
)
_ROW = [_s.c[name] for name in _SHOWN]
_leases = Leases(_s)


@dataclass(frozen=True, slots=True)
class LeasedSimulation:
    """A month that a worker may replay."""

    id: str
    plan: str
    asked: Mapping[str, Any]
    background: bool


class Simulations(Database):
    """The part of the store that holds replays."""

    def ask_simulation(self, plan: str, asked: Mapping[str, Any]) -> tuple[SimulationRow, bool]:
        """Have a month of a plan replayed; return it and whether that was asked for before. One that failed is tried anew.

        Raises
        ------
        TooManyWait
            If as many wait as may.
        PlanUnknown
            If the plan is gone.
        """
        with self.writing(_ASK_LOCK) as connection:
            now = self.now(connection)
            if connection.execute(sa.select(_p.c.id).where(_p.c.id == plan)).first() is None:
                raise PlanUnknown(plan)
            same = sa.and_(_s.c.plan == plan, _s.c.asked_sha256 == digest(asked))
            row = connection.execute(sa.select(*_ROW).where(same)).mappings().first()
            if row is None or row["state"] == "failed":
                waiting = sa.select(sa.func.count()).where(_s.c.state == "queued", sa.not_(_s.c.background))
                if connection.execute(waiting).scalar_one() >= MOST_WAITING:
                    raise TooManyWait
            if row is None:
                add = sa.insert(_s).values(_new(plan, asked, now, background=False)).returning(*_ROW)
                return SimulationRow(**connection.execute(add).mappings().one()), False
            known = row["state"] != "failed"
            anew: dict[str, Any] = {} if known else {"state": "queued", "problem": None, "leases": 0, "progress": 0.0}
            moved = sa.update(_s).where(same).values(background=False, urgency=0, **anew).returning(*_ROW)
            return SimulationRow(**connection.execute(moved).mappings().one()), known

    def simulation(self, plan: str, simulation: str) -> SimulationRow | None:
        """Return a replay of a plan, or None."""
        with self.reading() as connection:
            wanted = sa.select(*_ROW).where(_s.c.id == simulation, _s.c.plan == plan)
            row = connection.execute(wanted).mappings().first()
        return None if row is None else SimulationRow(**row)

    def simulations(self, plans: Sequence[str]) -> Sequence[SimulationRow]:
        """Return the replays of some plans, oldest first, without their answers."""
        wanted = sa.select(*_ROW).where(_s.c.plan.in_(list(plans))).order_by(_s.c.id)
        with self.reading() as connection:
            return [SimulationRow(**row) for row in connection.execute(wanted).mappings()]

    def simulation_answer(self, simulation: str) -> bytes | None:
        """Return what came of a replay, once it is known."""
        with self.reading() as connection:
            held = connection.execute(sa.select(_s.c.answer).where(_s.c.id == simulation)).scalar()
        return None if held is None else zlib.decompress(held)

    # --- workers ----------------------------------------------------------------------------------------------------------

    def simulations_wait(self, *, background: bool) -> bool:
        """Return whether there is a replay to take up; without ``background``, one that somebody asked for."""
        with self.reading() as connection:
            return connection.execute(self._free(connection, background=background).limit(1)).first() is not None

    def plans_wait(self) -> bool:
        """Return whether a plan waits to be solved, or is being solved."""
        with self.reading() as connection:
            open_plans = sa.select(_p.c.id).where(_p.c.state.in_(("queued", "running"))).limit(1)
            return connection.execute(open_plans).first() is not None

    def _free(self, connection: sa.Connection, *, background: bool) -> sa.Select[Any]:
        wanted = _leases.free(self.now(connection))
        if not background:
            wanted = wanted.where(sa.not_(_s.c.background))
        return wanted.order_by(_s.c.background, _s.c.urgency, _s.c.id)

    def lease_simulation(self, worker: str, lease_s: float, *, background: bool) -> LeasedSimulation | None:
        """Lease the most urgent replay for so many seconds; None if there is none. What too many lost has failed."""
        with self.writing() as connection:
            wanted = self._free(connection, background=background)
            found = _leases.take(connection, wanted, worker, lease_s, self.now(connection))
            if found is None:
                return None
            taken = sa.update(_s).where(_s.c.id == found).values(progress=0.0)
            row = connection.execute(taken.returning(_s.c.id, _s.c.plan, _s.c.asked, _s.c.background)).one()
            return LeasedSimulation(row.id, row.plan, row.asked, row.background)

    def renew_simulation(self, simulation: str, worker: str, lease_s: float, progress: float) -> bool:
        """Lease a replay for longer and note how far it is; False where another has it, or its plan is gone."""
        with self.writing() as connection:
            until = self.now(connection) + timedelta(seconds=lease_s)
            return bool(
                connection.execute(
                    _leases.mine(simulation, worker).values(leased_until=until, progress=progress)
                ).rowcount
            )

    def return_simulation(self, simulation: str, worker: str) -> None:
        """Give a replay back that was not made; it does not count as lost."""
        with self.writing() as connection:
            connection.execute(_leases.mine(simulation, worker).values(**_leases.given_back(), progress=0.0))

    def end_simulation(
        self,
        simulation: str,
        worker: str,
        *,
        answer: bytes | None = None,
        standing: Mapping[str, Any] | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> bool:
        """Record what came of a replay: an answer with its standing, or a problem; False where another has it."""
        with self.writing() as connection:
            values = ended(answer, problem, self.now(connection))
            known = {"progress": 1.0, "standing": None if standing is None else finite(standing)}
            return bool(connection.execute(_leases.mine(simulation, worker).values(**values, **known)).rowcount)


def _new(plan: str, asked: Mapping[str, Any], now: datetime, *, background: bool, urgency: int = 0) -> dict[str, Any]:
    return {
        "id": new_id("sim"),
        "plan": plan,
        "asked_sha256": digest(asked),
        "asked": dict(asked),
        "background": background,
        "urgency": urgency,
        "state": "queued",
        "progress": 0.0,
        "leases": 0,
        "created_at": now,
    }


def add_simulations(connection: sa.Connection, plan: str, months: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Have months of a plan replayed in the background, in the transaction that stores the plan."""
    if months:
        rows = [_new(plan, asked, now, background=True, urgency=k) for k, asked in enumerate(months)]
        connection.execute(sa.insert(_s), rows)


def drop_simulations(connection: sa.Connection, plan: str) -> None:
    """Forget a plan's replays, in the transaction that deletes it."""
    connection.execute(sa.delete(_s).where(_s.c.plan == plan))
