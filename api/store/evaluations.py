"""Plans made elsewhere that are put to the test: sent once, leased by a worker for a while, answered once, kept with a plan.

The plan that one is kept with is the best plan of the same request. A worker takes one up when that plan has ended, however it
ended; a plan's evaluations go with it. What was sent is kept as it came, with its hash: the same file twice is one evaluation.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.contract import FINAL, EvaluationRow
from api.store.database import Database
from api.store.errors import PlanUnknown, TooManyWait
from api.store.ids import new_id
from api.store.leases import Leases, digest, ended

MOST_WAITING = 100
"""How many may wait in all."""

MOST_OF_A_PLAN = 200
"""How many one plan may have."""

_ASK_LOCK = 710_105
_v, _p = tables.evaluations, tables.plans
_SHOWN = ("id", "plan", "name", "sha256", "bytes", "state", "problem", "created_at", "started_at", "finished_at")
_ROW = [_v.c[name] for name in _SHOWN]
_leases = Leases(_v)


@dataclass(frozen=True, slots=True)
class LeasedEvaluation:
    """A plan made elsewhere that a worker may score, with the request and how its plan ended."""

    id: str
    plan: str
    name: str
    content: bytes
    request: Mapping[str, Any]
    infeasible: bool


class Evaluations(Database):
    """The part of the store that holds plans made elsewhere."""

    def ask_evaluation(self, plan: str, name: str, content: bytes) -> tuple[EvaluationRow, bool]:
        """Have a file scored; return it and whether the same was asked for before. One that failed is tried anew.

        Raises
        ------
        TooManyWait
            If as many wait, or as many are kept with the plan, as may.
        PlanUnknown
            If the plan is gone.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        asked = digest({"name": name, "sha256": sha256})
        with self.writing(_ASK_LOCK) as connection:
            now = self.now(connection)
            if connection.execute(sa.select(_p.c.id).where(_p.c.id == plan)).first() is None:
                raise PlanUnknown(plan)
            same = sa.and_(_v.c.plan == plan, _v.c.asked_sha256 == asked)
            row = connection.execute(sa.select(*_ROW).where(same)).mappings().first()
            if row is not None and row["state"] != "failed":
                return EvaluationRow(**row), True
            _refuse_when_full(connection, plan)
            if row is not None:
                anew = {"state": "queued", "problem": None, "leases": 0}
                again = sa.update(_v).where(same).values(anew).returning(*_ROW)
                return EvaluationRow(**connection.execute(again).mappings().one()), False
            new = {
                "id": new_id("evl"),
                "plan": plan,
                "asked_sha256": asked,
                "name": name,
                "sha256": sha256,
                "bytes": len(content),
                "content": zlib.compress(content),
                "state": "queued",
                "leases": 0,
                "created_at": now,
            }
            return EvaluationRow(
                **connection.execute(sa.insert(_v).values(new).returning(*_ROW)).mappings().one()
            ), False

    def evaluation(self, plan: str, evaluation: str) -> EvaluationRow | None:
        """Return an evaluation that is kept with a plan, or None."""
        with self.reading() as connection:
            wanted = sa.select(*_ROW).where(_v.c.id == evaluation, _v.c.plan == plan)
            row = connection.execute(wanted).mappings().first()
        return None if row is None else EvaluationRow(**row)

    def evaluations(self, plan: str) -> Sequence[EvaluationRow]:
        """Return a plan's evaluations, oldest first, without files and answers."""
        wanted = sa.select(*_ROW).where(_v.c.plan == plan).order_by(_v.c.id)
        with self.reading() as connection:
            return [EvaluationRow(**row) for row in connection.execute(wanted).mappings()]

    def evaluation_answer(self, evaluation: str) -> bytes | None:
        """Return what came of an evaluation, once it is known."""
        with self.reading() as connection:
            held = connection.execute(sa.select(_v.c.answer).where(_v.c.id == evaluation)).scalar()
        return None if held is None else zlib.decompress(held)

    def evaluation_file(self, evaluation: str) -> bytes | None:
        """Return the file as it was sent."""
        with self.reading() as connection:
            held = connection.execute(sa.select(_v.c.content).where(_v.c.id == evaluation)).scalar()
        return None if held is None else zlib.decompress(held)

    # --- workers ----------------------------------------------------------------------------------------------------------

    def _unscored(self, connection: sa.Connection) -> sa.Select[Any]:
        ready = _leases.free(self.now(connection)).join(_p, _p.c.id == _v.c.plan)
        return ready.where(_p.c.state.in_(sorted(FINAL))).order_by(_v.c.id)

    def evaluations_wait(self) -> bool:
        """Return whether there is one to take up."""
        with self.reading() as connection:
            return connection.execute(self._unscored(connection).limit(1)).first() is not None

    def lease_evaluation(self, worker: str, lease_s: float) -> LeasedEvaluation | None:
        """Lease the oldest one whose plan has ended, for so many seconds; None if there is none."""
        with self.writing() as connection:
            found = _leases.take(connection, self._unscored(connection), worker, lease_s, self.now(connection))
            if found is None:
                return None
            one = sa.select(_v.c.id, _v.c.plan, _v.c.name, _v.c.content, _p.c.request, _p.c.state)
            row = connection.execute(one.join(_p, _p.c.id == _v.c.plan).where(_v.c.id == found)).one()
        content = zlib.decompress(row.content)
        return LeasedEvaluation(row.id, row.plan, row.name, content, row.request, row.state == "infeasible")

    def renew_evaluation(self, evaluation: str, worker: str, lease_s: float) -> bool:
        """Lease an evaluation for longer; False where another has it, or its plan is gone."""
        with self.writing() as connection:
            until = self.now(connection) + timedelta(seconds=lease_s)
            return bool(connection.execute(_leases.mine(evaluation, worker).values(leased_until=until)).rowcount)

    def return_evaluation(self, evaluation: str, worker: str) -> None:
        """Give an evaluation back that was not made; it does not count as lost."""
        with self.writing() as connection:
            connection.execute(_leases.mine(evaluation, worker).values(_leases.given_back()))

    def end_evaluation(
        self, evaluation: str, worker: str, *, answer: bytes | None = None, problem: Mapping[str, Any] | None = None
    ) -> bool:
        """Record what came of an evaluation: an answer, or a problem; False where another has it."""
        with self.writing() as connection:
            values = ended(answer, problem, self.now(connection))
            return bool(connection.execute(_leases.mine(evaluation, worker).values(values)).rowcount)


def _refuse_when_full(connection: sa.Connection, plan: str) -> None:
    of_all = sa.select(sa.func.count()).where(_v.c.state == "queued")
    own = sa.select(sa.func.count()).where(_v.c.plan == plan)
    full = connection.execute(of_all).scalar_one() >= MOST_WAITING
    if full or connection.execute(own).scalar_one() >= MOST_OF_A_PLAN:
        raise TooManyWait


def drop_evaluations(connection: sa.Connection, plan: str) -> None:
    """Forget a plan's evaluations, in the transaction that deletes it."""
    connection.execute(sa.delete(_v).where(_v.c.plan == plan))
