"""Units of work that workers share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of units."""
    op.create_table(
        "units",
        sa.Column("plan", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("worker", sa.String(80)),
        sa.Column("leased_until", UtcTime),
        sa.Column("leases", sa.Integer, nullable=False),
        sa.Column("offered_at", UtcTime, nullable=False),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("units")
