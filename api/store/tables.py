"""The tables, as the newest migration leaves them (a test compares the two)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no zone, so it is taken off on the way in and put on again on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the moment in UTC, bare on SQLite."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(sa.TypeDecorator[tuple[str, ...]]):
    """A few words, as ``|board|q3|``, so that one of them can be looked for; empty for none."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | str | None, dialect: sa.Dialect) -> str:  # noqa: ARG002
        """Return the words as one text; a text (part of a search) as it is."""
        if isinstance(value, str):
            return value
        return f"|{'|'.join(value)}|" if value else ""

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...]:  # noqa: ARG002
        """Return the words."""
        return tuple(word for word in (value or "").split("|") if word)


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON(none_as_null=True)


metadata = sa.MetaData()

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("request", _json(), nullable=False),
    sa.Column("options", _json(), nullable=False),
    sa.Column("parent", sa.String(40)),
    sa.Column("origin", sa.String(40), nullable=False),
    sa.Column("patch", _json()),
    # Which cities the request names, as |zurich|munich|; * when it names none, which means all.
    sa.Column("cities", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.Column("first_plan_at", UtcTime),
    sa.Column("finished_at", UtcTime),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("worker", sa.String(80)),
    sa.Column("phase", sa.String(40), nullable=False),
    sa.Column("objective", sa.Float(53)),
    sa.Column("bound", sa.Float(53)),
    sa.Column("gap", sa.Float(53)),
    sa.Column("kpis", _json()),
    sa.Column("answer_sha256", sa.String(64)),
    sa.Column("problem", _json()),
    sa.Column("last_seq", sa.Integer, nullable=False),
    # How often a worker took the plan up, and how often it was handed to the queue.
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False),
    sa.Column("delivered_at", UtcTime, nullable=False),
    # The card, which people change: see api/store/cards.py.
    sa.Column("tags", Words, nullable=False, server_default=""),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("archived_at", UtcTime),
    sa.Column("chosen_at", UtcTime),
    sa.Column("deleted_at", UtcTime),
    sa.Index("plans_state", "state", "id"),
    sa.Index("plans_parent", "parent", "id"),
    sa.Index("plans_answer", "answer_sha256"),
    sa.Index("plans_origin", "origin", "id"),
    sa.Index("plans_deleted", "deleted_at"),
)

comments = sa.Table(
    "comments",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    # The key that it was sent with (empty where none are in use), and its name then.
    sa.Column("key", sa.String(40), nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("comments_plan", "plan", "id"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("plan", sa.String(40), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("data", _json(), nullable=False),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body_sha256", sa.String(64), nullable=False),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Index("idempotency_plan", "plan"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("beat_at", UtcTime, nullable=False),
)

# Parts of a plan's search that any worker may solve; a row only while somebody may work on it, or its answer waits.
units = sa.Table(
    "units",
    metadata,
    sa.Column("plan", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("urgency", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("worker", sa.String(80)),
    sa.Column("leased_until", UtcTime),
    # How often workers took it up.
    sa.Column("leases", sa.Integer, nullable=False),
    sa.Column("offered_at", UtcTime, nullable=False),
)


def _leased() -> tuple[sa.Column[Any], ...]:
    """Return the columns of work that workers take up (:mod:`api.store.leases`); ``leases`` counts how often they did."""
    return (
        sa.Column("worker", sa.String(80)),
        sa.Column("leased_until", UtcTime),
        sa.Column("leases", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
    )


# Months of stored plans that are replayed; what was asked is asked once. The answer is MonthTold as JSON, squeezed.
simulations = sa.Table(
    "simulations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("asked_sha256", sa.String(64), nullable=False),
    sa.Column("asked", _json(), nullable=False),
    # Asked by nobody: it waits for everybody else, and is no longer background once somebody asks for the same.
    sa.Column("background", sa.Boolean, nullable=False),
    sa.Column("urgency", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("progress", sa.Float(53), nullable=False),
    sa.Column("standing", _json()),
    sa.Column("problem", _json()),
    sa.Column("answer", sa.LargeBinary),
    *_leased(),
    sa.UniqueConstraint("plan", "asked_sha256", name="simulations_asked"),
    sa.Index("simulations_state", "state", "urgency"),
)

# What was found out of plans and is kept with them: how sure they are. The answer is JSON, squeezed; the hash is the JSON's.
findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("asked_sha256", sa.String(64), nullable=False),
    sa.Column("asked", _json(), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("kept_at", UtcTime, nullable=False),
    sa.UniqueConstraint("plan", "asked_sha256", name="findings_asked"),
)

# Plans made elsewhere, put to the test: the file as it was sent and the answer, both squeezed; kept with the best plan.
evaluations = sa.Table(
    "evaluations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("plan", sa.String(40), nullable=False),
    sa.Column("asked_sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("problem", _json()),
    sa.Column("answer", sa.LargeBinary),
    *_leased(),
    sa.UniqueConstraint("plan", "asked_sha256", name="evaluations_asked"),
    sa.Index("evaluations_state", "state", "id"),
)

# Files by content for machines that share no disk; empty on SQLite, where every process sees the data folder.
artefacts = sa.Table(
    "artefacts",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", _json(), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
)
