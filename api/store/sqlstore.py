"""The store on SQLite or PostgreSQL: :class:`SqlStore` keeps the promises of :class:`api.store.contract.Store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.cards import Cards, of_card
from api.store.contract import EVERY_CARD, FINAL, MENDING, CardFilter, EventRow, Head, NewPlan, PlanRow, State
from api.store.database import default_url, private_folder
from api.store.errors import AnswerDamaged, KeyReused, PlanUnfinished, PlanUnknown, TooManyWait
from api.store.evaluations import Evaluations, drop_evaluations
from api.store.files import Files
from api.store.findings import drop_finding, drop_findings
from api.store.keys import Keys
from api.store.migrate import migrate
from api.store.rows import ALL_CITIES, event_row, finite, headline, is_finding, new_row, plan_row
from api.store.simulations import Simulations, add_simulations, drop_simulations
from api.store.so_far import ASKED, SoFar
from api.store.units import Units, clear_units
from api.store.work import RETENTION, WAITS, Work, append

_CREATE_LOCK = 710_101
_FILES_LOCK = 710_102
_AT_ONCE = 500
MOST_FORGOTTEN = 5000
_PROGRESS = {"phase", "incumbent", "bound"}
_p, _e = tables.plans, tables.events


class SqlStore(Work, Units, Simulations, Evaluations, SoFar, Keys, Cards):
    """Everything durable, in one database and one folder.

    Parameters
    ----------
    url
        ``postgresql://...`` or ``sqlite:///FILE``; without one, a SQLite file in the data folder.
    data_dir
        Where artefacts lie. On PostgreSQL they are in the database too, so that machines need not share a disk.
    queue_limit
        How many plans may wait; 0 for any number.
    """

    def __init__(self, url: str | None, data_dir: Path, *, queue_limit: int = 0) -> None:
        private_folder(data_dir)
        super().__init__(url or default_url(data_dir))
        self.files = Files(data_dir / "artefacts")
        self.queue_limit = queue_limit

    def migrate(self) -> None:
        """Bring the database to the tables of today, and sweep what dead processes left half written."""
        migrate(self)
        self.files.sweep()

    # --- plans ----------------------------------------------------------------------------------------------------------

    def create(self, new: NewPlan) -> tuple[PlanRow, bool]:
        """Store a plan as queued, or as infeasible; return it and whether it is the replay of an earlier call with the same key.

        Raises
        ------
        KeyReused
            If the key was used with another body within 24 hours.
        TooManyWait
            If as many plans wait as may.
        PlanUnknown
            If the parent is not there.
        """
        self.check_file()
        with self.writing(_CREATE_LOCK) as connection:
            now = self.now(connection)
            earlier = self._earlier(connection, new)
            if earlier is not None:
                return earlier, True
            self._refuse_when_full(connection)
            row = new_row(new, self._origin(connection, new.parent), now)
            stored = connection.execute(sa.insert(_p).values(row).returning(_p)).mappings().one()
            append(connection, row["id"], 1, now, ("state", {"state": "queued"}))
            if new.problem is not None:
                append(connection, row["id"], 2, now, ("verdict", {"state": row["state"], "problem": row["problem"]}))
                append(connection, row["id"], 3, now, ("state", {"state": row["state"]}))
            if new.idempotency_key is not None:
                used = {"key": new.idempotency_key, "body_sha256": new.body_sha256, "plan": row["id"]}
                connection.execute(sa.insert(tables.idempotency).values(created_at=now, **used))
            return plan_row(stored), False

    def _earlier(self, connection: sa.Connection, new: NewPlan) -> PlanRow | None:
        if new.idempotency_key is None:
            return None
        i = tables.idempotency
        row = connection.execute(sa.select(i).where(i.c.key == new.idempotency_key)).mappings().first()
        if row is None:
            return None
        one = sa.select(_p).where(_p.c.id == row["plan"], _p.c.deleted_at.is_(None))
        plan = connection.execute(one).mappings().first()
        if plan is None or row["created_at"] < self.now(connection) - RETENTION:
            connection.execute(sa.delete(i).where(i.c.key == new.idempotency_key))
            return None
        if row["body_sha256"] != new.body_sha256:
            raise KeyReused
        return plan_row(plan)

    def _refuse_when_full(self, connection: sa.Connection) -> None:
        if not self.queue_limit:
            return
        queued = sa.select(sa.func.count()).select_from(_p).where(WAITS)
        if connection.execute(queued).scalar_one() >= self.queue_limit:
            raise TooManyWait

    def _origin(self, connection: sa.Connection, parent: str | None) -> str | None:
        if parent is None:
            return None
        origin = connection.execute(sa.select(_p.c.origin).where(_p.c.id == parent)).scalar()
        if origin is None:
            raise PlanUnknown(parent)
        return str(origin)

    def get(self, plan: str) -> PlanRow | None:
        """Return a plan, or None; one in the bin is not there."""
        with self.reading() as connection:
            one = sa.select(_p).where(_p.c.id == plan, _p.c.deleted_at.is_(None))
            row = connection.execute(one).mappings().first()
        return None if row is None else plan_row(row)

    def page(
        self,
        *,
        limit: int,
        after: str | None,
        state: str | None = None,
        city: str | None = None,
        parent: str | None = None,
        card: CardFilter = EVERY_CARD,
    ) -> Sequence[PlanRow]:
        """Return plans, newest first, from just after the plan with id ``after`` (which may be gone by now)."""
        wanted = sa.select(_p).where(of_card(card)).order_by(_p.c.id.desc()).limit(limit)
        if after is not None:
            wanted = wanted.where(_p.c.id < after)
        if state is not None:
            wanted = wanted.where(_p.c.state == state)
        if city is not None:
            named = _p.c.cities.contains(f"|{city}|", autoescape=True)
            wanted = wanted.where(sa.or_(_p.c.cities == ALL_CITIES, named))
        if parent is not None:
            wanted = wanted.where(_p.c.parent == parent)
        with self.reading() as connection:
            return [plan_row(row) for row in connection.execute(wanted).mappings()]

    def request_cancel(self, plan: str) -> PlanRow:
        """Ask a plan to stop; a queued one is cancelled at once, a final one stays as it is.

        One that waits to be taken up again ends with the best plan that its search had found.

        Raises
        ------
        PlanUnknown
            If there is no such plan.
        """
        best = self.so_far(plan)
        with self.writing(_FILES_LOCK) as connection:
            now = self.now(connection)
            one = _p.c.id == plan
            at_once = {
                "state": "cancelled",
                "phase": "cancelled",
                "cancel_requested": True,
                "finished_at": now,
                "last_seq": _p.c.last_seq + 1,
            }
            queued = sa.update(_p).where(one, _p.c.state == "queued").values(at_once).returning(_p.c.last_seq)
            done = connection.execute(queued).first()
            if done is not None:
                append(connection, plan, done.last_seq, now, ("state", {"state": "cancelled"}))
                if best is not None:
                    left = {key: value for key, value in headline(best).items() if key != "status"}
                    answer = {"answer_sha256": self._keep(connection, best), **left}
                    connection.execute(sa.update(_p).where(one).values(answer))
                    drop_finding(connection, plan, ASKED)
            else:
                running = sa.update(_p).where(one, _p.c.state == "running")
                connection.execute(running.values(cancel_requested=True))
            row = connection.execute(sa.select(_p).where(one)).mappings().first()
        if row is None:
            raise PlanUnknown(plan)
        return plan_row(row)

    def delete(self, plan: str) -> None:
        """Remove a final plan with its events and files that nothing else names; a plan that is gone is no fault.

        Raises
        ------
        PlanUnfinished
            If the plan is not final.
        """
        with self.writing(_FILES_LOCK) as connection:
            row = connection.execute(sa.select(_p.c.state, _p.c.answer_sha256).where(_p.c.id == plan)).first()
            if row is None:
                return
            if row.state not in FINAL:
                msg = f"a plan that is {row.state} cannot be deleted"
                raise PlanUnfinished(msg)
            clear_units(connection, plan)
            drop_simulations(connection, plan)
            drop_evaluations(connection, plan)
            drop_findings(connection, plan)
            connection.execute(sa.delete(_e).where(_e.c.plan == plan))
            connection.execute(sa.delete(tables.comments).where(tables.comments.c.plan == plan))
            connection.execute(sa.delete(tables.idempotency).where(tables.idempotency.c.plan == plan))
            connection.execute(sa.delete(_p).where(_p.c.id == plan))
            if row.answer_sha256 is not None:
                self._drop(connection, row.answer_sha256)

    def forget_empty(self, days: float) -> int:
        """Remove plans that failed or were stopped before a first plan so many days ago; return how many. 0 days: none."""
        if not days:
            return 0
        with self.reading() as connection:
            old = _p.c.finished_at < self.now(connection) - timedelta(days=days)
            empty = sa.and_(_p.c.state.in_(("failed", "cancelled")), _p.c.answer_sha256.is_(None), old)
            found = list(connection.execute(sa.select(_p.c.id).where(empty).limit(MOST_FORGOTTEN)).scalars())
        for plan in found:
            self.delete(plan)
        return len(found)

    def empty_bin(self, days: float) -> int:
        """Remove plans for good that have been in the bin for so many days; return how many."""
        found = self.in_bin(timedelta(days=days), MOST_FORGOTTEN)
        for plan in found:
            self.delete(plan)
        return len(found)

    def stored_bytes(self) -> int:
        """Return how much is stored: what the database's tables take, without what they left free, and every file."""
        with self.reading() as connection:
            if self.is_sqlite:
                pages, free, size = (
                    int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
                    for name in ("page_count", "freelist_count", "page_size")
                )
                held = (pages - free) * size
            else:
                held = int(
                    connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one()
                )
        return held + self.files.stored_bytes()

    # --- events ---------------------------------------------------------------------------------------------------------

    def heads(self, plans: Sequence[str]) -> Mapping[str, Head]:
        """Return how far plans are; those that are gone are left out."""
        found: dict[str, Head] = {}
        with self.reading() as connection:
            for start in range(0, len(plans), _AT_ONCE):
                some = sa.select(_p.c.id, _p.c.last_seq, _p.c.state).where(_p.c.id.in_(plans[start : start + _AT_ONCE]))
                found |= {row.id: Head(row.last_seq, row.state in FINAL) for row in connection.execute(some)}
        return found

    def events(self, plan: str, *, after: int = 0, limit: int = 500) -> Sequence[EventRow]:
        """Return events with ``seq > after``, oldest first."""
        wanted = sa.select(_e).where(_e.c.plan == plan, _e.c.seq > after).order_by(_e.c.seq).limit(limit)
        with self.reading() as connection:
            return [event_row(row) for row in connection.execute(wanted).mappings()]

    def add_event(self, plan: str, kind: str, data: Mapping[str, Any]) -> int:
        """Append an event and return its ``seq``; a phase, an incumbent or a bound moves the plan's figures too.

        A plan that is final takes no more events: 0 is returned.
        """
        clean: dict[str, Any] = finite(data)
        with self.writing() as connection:
            now = self.now(connection)
            values: dict[str, Any] = {"last_seq": _p.c.last_seq + 1}
            if kind in _PROGRESS:
                values |= _figures(kind, clean)
            if kind == "incumbent":
                values["first_plan_at"] = sa.func.coalesce(_p.c.first_plan_at, sa.literal(now, tables.UtcTime))
            open_plan = sa.update(_p).where(_p.c.id == plan, _p.c.state.not_in(FINAL))
            seq = connection.execute(open_plan.values(values).returning(_p.c.last_seq)).scalar()
            if seq is None:
                return 0
            append(connection, plan, seq, now, (kind, clean))
            return int(seq)

    # --- outcome ----------------------------------------------------------------------------------------------------------

    def finish(
        self,
        plan: str,
        state: State,
        *,
        answer: bytes | None = None,
        problem: Mapping[str, Any] | None = None,
        replay: Sequence[Mapping[str, Any]] = (),
    ) -> bool:
        """Record the outcome once, with a verdict and the terminal event; False when it had been recorded before.

        ``replay`` are months of the plan that are to be replayed while nothing else waits, those that matter most first.
        """
        found = {} if answer is None else headline(answer)
        cause = None if problem is None else finite(problem)
        values: dict[str, Any] = {"state": state, "phase": state, "problem": cause, "last_seq": _p.c.last_seq + 2}
        values |= {key: found[key] for key in ("objective", "bound", "gap", "kpis") if key in found}
        with self.writing(_FILES_LOCK) as connection:
            now = self.now(connection)
            if answer is not None and is_finding(found):
                values["first_plan_at"] = sa.func.coalesce(_p.c.first_plan_at, sa.literal(now, tables.UtcTime))
            once = sa.update(_p).where(_p.c.id == plan, _p.c.state.not_in(FINAL))
            seq = connection.execute(once.values(finished_at=now, **values).returning(_p.c.last_seq)).scalar()
            if seq is None:
                return False
            clear_units(connection, plan)
            drop_finding(connection, plan, ASKED)
            if answer is not None:
                named = sa.update(_p).where(_p.c.id == plan)
                connection.execute(named.values(answer_sha256=self._keep(connection, answer)))
            verdict: dict[str, Any] = {
                key: found[key] for key in ("status", "objective", "bound", "gap") if key in found
            }
            if cause is not None:
                verdict["problem"] = cause
            append(connection, plan, seq - 1, now, ("verdict", {"state": state, **verdict}))
            append(connection, plan, seq, now, ("state", {"state": state}))
            add_simulations(connection, plan, replay, now)
            return True

    def mend(self, plan: str, problem: Mapping[str, Any]) -> bool:
        """Write down what was found that would give a plan that ended at once one; False when that had been done before."""
        with self.writing() as connection:
            one = sa.update(_p).where(_p.c.id == plan, _p.c.phase == MENDING)
            return bool(connection.execute(one.values(phase="infeasible", problem=finite(problem))).rowcount)

    def answer(self, plan: str) -> bytes | None:
        """Return the stored plan.json.

        Raises
        ------
        AnswerDamaged
            If there is one and its bytes are gone, or not those that were stored.
        """
        with self.reading() as connection:
            sha256 = connection.execute(sa.select(_p.c.answer_sha256).where(_p.c.id == plan)).scalar()
        if sha256 is None:
            return None
        content = self.read(sha256)
        if content is None:
            msg = f"the stored file {sha256[:12]}… is gone"
            raise AnswerDamaged(msg)
        return content

    # --- files ------------------------------------------------------------------------------------------------------------

    def put(self, content: bytes) -> str:
        """Store bytes under their SHA-256, by a temporary name and a rename; return the hash."""
        with self.writing(_FILES_LOCK) as connection:
            return self._keep(connection, content)

    def read(self, sha256: str) -> bytes | None:
        """Return stored bytes; a file that is damaged is written anew where the database holds it too."""
        try:
            content = self.files.read(sha256)
        except AnswerDamaged:
            if self.is_sqlite:
                raise
            content = None
        if content is not None or self.is_sqlite:
            return content
        a = tables.artefacts
        with self.reading() as connection:
            held: bytes | None = connection.execute(sa.select(a.c.content).where(a.c.sha256 == sha256)).scalar()
        if held is not None:
            self.files.put(held)
        return held

    def _keep(self, connection: sa.Connection, content: bytes) -> str:
        sha256 = self.files.put(content)
        if not self.is_sqlite:
            a = tables.artefacts
            held = connection.execute(sa.select(a.c.sha256).where(a.c.sha256 == sha256)).first()
            if held is None:
                connection.execute(sa.insert(a).values(sha256=sha256, content=content))
        return sha256

    def _drop(self, connection: sa.Connection, sha256: str) -> None:
        named = connection.execute(sa.select(_p.c.id).where(_p.c.answer_sha256 == sha256).limit(1)).first()
        if named is None:
            connection.execute(sa.delete(tables.artefacts).where(tables.artefacts.c.sha256 == sha256))
            self.files.remove(sha256)


def _figures(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    moved = {"phase": str(data["phase"])[:40]} if kind == "phase" and "phase" in data else {}
    names = {"best_usd": "objective", "bound_usd": "bound", "gap": "gap"}
    return moved | {column: data[key] for key, column in names.items() if data.get(key) is not None}
