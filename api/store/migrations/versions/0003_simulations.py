"""Months of stored plans, replayed request by request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of simulations."""
    op.create_table(
        "simulations",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("plan", sa.String(40), nullable=False),
        sa.Column("asked_sha256", sa.String(64), nullable=False),
        sa.Column("asked", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("background", sa.Boolean, nullable=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("progress", sa.Float(53), nullable=False),
        sa.Column("standing", sa.JSON(none_as_null=True)),
        sa.Column("problem", sa.JSON(none_as_null=True)),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("worker", sa.String(80)),
        sa.Column("leased_until", UtcTime),
        sa.Column("leases", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.UniqueConstraint("plan", "asked_sha256", name="simulations_asked"),
        sa.Index("simulations_state", "state", "urgency"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("simulations")
