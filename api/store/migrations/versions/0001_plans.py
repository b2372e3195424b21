"""Plans, events, idempotency keys, workers, artefacts and API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "plans",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("parent", sa.String(40)),
        sa.Column("origin", sa.String(40), nullable=False),
        sa.Column("patch", sa.JSON),
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
        sa.Column("kpis", sa.JSON),
        sa.Column("answer_sha256", sa.String(64)),
        sa.Column("problem", sa.JSON),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("delivered_at", UtcTime, nullable=False),
    )
    op.create_index("plans_state", "plans", ["state", "id"])
    op.create_index("plans_parent", "plans", ["parent", "id"])
    op.create_index("plans_answer", "plans", ["answer_sha256"])
    op.create_table(
        "events",
        sa.Column("plan", sa.String(40), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(40), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
    )
    op.create_index("idempotency_plan", "idempotency", ["plan"])
    op.create_table(
        "workers",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("beat_at", UtcTime, nullable=False),
    )
    op.create_table(
        "artefacts",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("revoked_at", UtcTime),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("keys", "artefacts", "workers", "idempotency", "events", "plans"):
        op.drop_table(name)
