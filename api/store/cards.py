"""What people say about plans once they are there: their names, tags, what is archived, chosen or in the bin, and comments.

A plan and its request never change; its card does, and counts its changes (``revision``), so that two people who change it at
once learn of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.store import tables
from api.store.contract import FINAL, CardFilter, PlanRow, Titled
from api.store.database import Database
from api.store.errors import CardChanged, PlanUnfinished, PlanUnknown, TooManyComments
from api.store.ids import new_id
from api.store.rows import plan_row

MOST_COMMENTS = 500
"""Comments that one plan may have."""

MOST_TAGGED = 5000
"""So many of the newest plans are looked through for their tags."""

_p, _c = tables.plans, tables.comments


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment: who said what about a plan, and when. ``key`` is the key it was sent with, empty where none are in use."""

    id: str
    plan: str
    at: datetime
    key: str
    author: str
    text: str


class Cards(Database):
    """The cards of plans."""

    def card(self, plan: str) -> PlanRow | None:
        """Return a plan, be it in the bin or not; None when there is none."""
        with self.reading() as connection:
            row = connection.execute(sa.select(_p).where(_p.c.id == plan)).mappings().first()
        return None if row is None else plan_row(row)

    def change_card(self, plan: str, changes: Mapping[str, Any], *, revision: int | None = None) -> PlanRow:
        """Change a plan's card and return its row; what is the same already changes nothing.

        Parameters
        ----------
        changes
            ``name`` (text), ``tags`` (texts), ``archived`` and ``chosen`` (true or false): those that are to change. Of a plan
            and all its reruns at most one is chosen.
        revision
            The card that the change was made from; None for any.

        Raises
        ------
        PlanUnknown
            If there is no such plan, or it is in the bin.
        CardChanged
            If the card has changed since that revision.
        """
        with self.writing() as connection:
            row = self._card(connection, plan)
            if row.deleted_at is not None:
                raise PlanUnknown(plan)
            if revision is not None and row.revision != revision:
                msg = f"the card of {plan} is at revision {row.revision}, not {revision}"
                raise CardChanged(msg)
            values = {
                name: value
                for name, value in self._wanted(connection, row, changes).items()
                if value != getattr(row, name)
            }
            if not values:
                return row
            if values.get("chosen_at") is not None:
                kin = sa.and_(_p.c.origin == row.origin, _p.c.id != plan, _p.c.chosen_at.is_not(None))
                others = sa.update(_p).where(kin)
                connection.execute(others.values(chosen_at=None, revision=_p.c.revision + 1))
            return self._changed(connection, plan, values)

    def _wanted(self, connection: sa.Connection, row: PlanRow, changes: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {name: changes[name] for name in ("name",) if name in changes}
        if "tags" in changes:
            wanted["tags"] = tuple(changes["tags"])
        now = self.now(connection)
        for name, column in (("archived", "archived_at"), ("chosen", "chosen_at")):
            if name in changes:
                before = getattr(row, column)
                wanted[column] = (before or now) if changes[name] else None
        return wanted

    def discard(self, plan: str) -> PlanRow:
        """Put a final plan into the bin: it can be brought back until it is emptied. A plan in it stays as it is.

        Raises
        ------
        PlanUnknown
            If there is no such plan.
        PlanUnfinished
            If it is not final.
        """
        with self.writing() as connection:
            row = self._card(connection, plan)
            if row.state not in FINAL:
                msg = f"a plan that is {row.state} cannot be deleted"
                raise PlanUnfinished(msg)
            if row.deleted_at is not None:
                return row
            return self._changed(connection, plan, {"deleted_at": self.now(connection)})

    def restore(self, plan: str) -> PlanRow:
        """Bring a plan back out of the bin; one that is not in it stays as it is.

        Raises
        ------
        PlanUnknown
            If there is no such plan (any more).
        """
        with self.writing() as connection:
            row = self._card(connection, plan)
            return row if row.deleted_at is None else self._changed(connection, plan, {"deleted_at": None})

    def in_bin(self, older: timedelta, limit: int) -> Sequence[str]:
        """Return plans that have been in the bin for so long, the oldest first."""
        with self.reading() as connection:
            due = _p.c.deleted_at <= self.now(connection) - older
            return list(
                connection.execute(sa.select(_p.c.id).where(due).order_by(_p.c.deleted_at).limit(limit)).scalars()
            )

    def titles(self, *, after: str | None, limit: int) -> Sequence[Titled]:
        """Return what plans are called, the newest first, from just after the plan with id ``after``; not those in the bin."""
        note = _p.c.request["note"].as_string()
        wanted = sa.select(_p.c.id, _p.c.name, note.label("note"), _p.c.tags).where(_p.c.deleted_at.is_(None))
        if after is not None:
            wanted = wanted.where(_p.c.id < after)
        with self.reading() as connection:
            rows = connection.execute(wanted.order_by(_p.c.id.desc()).limit(limit))
            return [Titled(row.id, row.name, row.note or "", row.tags) for row in rows]

    def tags(self) -> Mapping[str, int]:
        """Return every tag in use with the number of plans that have it, in the order of the alphabet."""
        used = sa.select(_p.c.tags).where(_p.c.tags != "", _p.c.deleted_at.is_(None))
        found: dict[str, int] = {}
        with self.reading() as connection:
            for tags in connection.execute(used.order_by(_p.c.id.desc()).limit(MOST_TAGGED)).scalars():
                for tag in tags:
                    found[tag] = found.get(tag, 0) + 1
        return dict(sorted(found.items(), key=lambda item: item[0].casefold()))

    def _card(self, connection: sa.Connection, plan: str) -> PlanRow:
        one = sa.select(_p).where(_p.c.id == plan)
        row = connection.execute(one if self.is_sqlite else one.with_for_update()).mappings().first()
        if row is None:
            raise PlanUnknown(plan)
        return plan_row(row)

    def _changed(self, connection: sa.Connection, plan: str, values: Mapping[str, Any]) -> PlanRow:
        change = sa.update(_p).where(_p.c.id == plan).values(**values, revision=_p.c.revision + 1).returning(_p)
        return plan_row(connection.execute(change).mappings().one())

    # --- comments -------------------------------------------------------------------------------------------------------

    def add_comment(self, plan: str, text: str, *, author: str, key: str) -> CommentRow:
        """Store a comment and return it.

        Raises
        ------
        PlanUnknown
            If there is no such plan, or it is in the bin.
        TooManyComments
            If the plan has as many as it may.
        """
        with self.writing() as connection:
            if self._card(connection, plan).deleted_at is not None:
                raise PlanUnknown(plan)
            there = sa.select(sa.func.count()).select_from(_c).where(_c.c.plan == plan)
            if connection.execute(there).scalar_one() >= MOST_COMMENTS:
                msg = f"a plan has {MOST_COMMENTS} comments at most"
                raise TooManyComments(msg)
            row = CommentRow(new_id("comment"), plan, self.now(connection), key, author, text)
            connection.execute(sa.insert(_c).values({name: getattr(row, name) for name in CommentRow.__slots__}))
            return row

    def comments(self, plan: str) -> Sequence[CommentRow]:
        """Return a plan's comments, the oldest first."""
        with self.reading() as connection:
            rows = connection.execute(sa.select(_c).where(_c.c.plan == plan).order_by(_c.c.id)).mappings()
            return [CommentRow(**row) for row in rows]

    def remove_comment(self, plan: str, comment: str, *, key: str | None) -> bool:
        """Remove a comment; with a key named only one sent with it. Return whether there was one."""
        with self.writing() as connection:
            one = sa.and_(_c.c.plan == plan, _c.c.id == comment)
            mine = one if key is None else sa.and_(one, _c.c.key == key)
            return bool(connection.execute(sa.delete(_c).where(mine)).rowcount)


def of_card(card: CardFilter) -> sa.ColumnElement[bool]:
    """Return the condition that a plan's card is one of those meant."""
    found: list[sa.ColumnElement[bool]] = [_p.c.deleted_at.is_not(None) if card.deleted else _p.c.deleted_at.is_(None)]
    for column, wanted in ((_p.c.archived_at, card.archived), (_p.c.chosen_at, card.chosen)):
        if wanted is not None:
            found.append(column.is_not(None) if wanted else column.is_(None))
    if card.tag is not None:
        found.append(sa.type_coerce(_p.c.tags, sa.Text).contains(f"|{card.tag}|", autoescape=True))
    return sa.and_(*found)
