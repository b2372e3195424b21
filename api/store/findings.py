"""What was found out of stored plans and is kept with them: how sure a plan is, so far. Asked once, kept with its hash.

An answer is kept squeezed in the database, under what was asked: the version and the catalogue that it was found with belong to
that, so an older answer stays beside a newer one. It goes with its plan.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.contract import FindingRow
from api.store.database import Database
from api.store.errors import AnswerDamaged
from api.store.ids import new_id

_KEEP_LOCK = 710_104
_f, _p = tables.findings, tables.plans
_ROW = [_f.c[name] for name in ("id", "plan", "asked", "sha256", "bytes", "kept_at")]


class Findings(Database):
    """The part of the store that holds what was found out of plans."""

    def keep_finding(self, plan: str, asked: Mapping[str, Any], content: bytes) -> FindingRow | None:
        """Keep an answer with its plan; what was asked before stays as it was answered. None where the plan is gone."""
        with self.writing(_KEEP_LOCK) as connection:
            if connection.execute(sa.select(_p.c.id).where(_p.c.id == plan)).first() is None:
                return None
            same = sa.and_(_f.c.plan == plan, _f.c.asked_sha256 == _digest(asked))
            row = connection.execute(sa.select(*_ROW).where(same)).mappings().first()
            if row is None:
                new = {
                    "id": new_id("fnd"),
                    "plan": plan,
                    "asked_sha256": _digest(asked),
                    "asked": dict(asked),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "bytes": len(content),
                    "answer": zlib.compress(content),
                    "kept_at": self.now(connection),
                }
                row = connection.execute(sa.insert(_f).values(new).returning(*_ROW)).mappings().one()
            return FindingRow(**row)

    def finding(self, plan: str, asked: Mapping[str, Any]) -> bytes | None:
        """Return what is kept of an answer; None where that was not asked yet.

        Raises
        ------
        AnswerDamaged
            If what is kept is not what was.
        """
        wanted = sa.select(_f.c.answer, _f.c.sha256).where(_f.c.plan == plan, _f.c.asked_sha256 == _digest(asked))
        with self.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            return None
        try:
            content = zlib.decompress(row.answer)
        except zlib.error:
            content = b""
        if hashlib.sha256(content).hexdigest() != row.sha256:
            msg = f"what is kept of the doubt of plan {plan} is damaged"
            raise AnswerDamaged(msg)
        return content

    def findings(self, plan: str) -> Sequence[FindingRow]:
        """Return what is kept with a plan, oldest first, without the answers."""
        with self.reading() as connection:
            wanted = sa.select(*_ROW).where(_f.c.plan == plan).order_by(_f.c.id)
            return [FindingRow(**row) for row in connection.execute(wanted).mappings()]


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def drop_finding(connection: sa.Connection, plan: str, asked: Mapping[str, Any]) -> None:
    """Forget one answer of a plan, in a transaction."""
    connection.execute(sa.delete(_f).where(_f.c.plan == plan, _f.c.asked_sha256 == _digest(asked)))


def drop_findings(connection: sa.Connection, plan: str) -> None:
    """Forget what was found out of a plan, in the transaction that deletes it."""
    connection.execute(sa.delete(_f).where(_f.c.plan == plan))
