"""Watches over Midwatch's own use of models."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage_watches",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "usage_watch_states",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("watch", sa.String(100), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured", sa.Float()),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fires_since", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_usage_watch_states_watch", "usage_watch_states", ["watch"])


def downgrade() -> None:
    op.drop_table("usage_watch_states")
    op.drop_table("usage_watches")
