"""Plans made elsewhere that are put to the test, kept with the best plan of their request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table of evaluations."""
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("plan", sa.String(40), nullable=False),
        sa.Column("asked_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("problem", sa.JSON(none_as_null=True)),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("worker", sa.String(80)),
        sa.Column("leased_until", UtcTime),
        sa.Column("leases", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.UniqueConstraint("plan", "asked_sha256", name="evaluations_asked"),
        sa.Index("evaluations_state", "state", "id"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("evaluations")
