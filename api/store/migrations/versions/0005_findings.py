"""What was found out of plans, kept with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of findings."""
    op.create_table(
        "findings",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("plan", sa.String(40), nullable=False),
        sa.Column("asked_sha256", sa.String(64), nullable=False),
        sa.Column("asked", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", UtcTime, nullable=False),
        sa.UniqueConstraint("plan", "asked_sha256", name="findings_asked"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("findings")
