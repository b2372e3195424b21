"""What people say about plans: tags, archive, the chosen one, a bin, comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.store.tables import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a card to every plan: no tag, neither archived, chosen nor deleted."""
    op.add_column("plans", sa.Column("tags", sa.Text, nullable=False, server_default=""))
    op.add_column("plans", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    for name in ("archived_at", "chosen_at", "deleted_at"):
        op.add_column("plans", sa.Column(name, UtcTime))
    op.create_index("plans_origin", "plans", ["origin", "id"])
    op.create_index("plans_deleted", "plans", ["deleted_at"])
    op.create_table(
        "comments",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("plan", sa.String(40), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("comments_plan", "comments", ["plan", "id"])


def downgrade() -> None:
    """Remove the cards; what was in the bin stands among the plans again."""
    op.drop_table("comments")
    op.drop_index("plans_deleted", "plans")
    op.drop_index("plans_origin", "plans")
    for name in ("deleted_at", "chosen_at", "archived_at", "revision", "tags"):
        op.drop_column("plans", name)
