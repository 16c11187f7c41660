"""Flags of smart functions, and what was done with them and said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_flags",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("held", sa.String(16), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True)),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("updated_by", sa.String(200), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "flag_events",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("flag", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    )
    op.create_index("ix_flag_events_flag_what_at", "flag_events", ["flag", "what", "at"])


def downgrade() -> None:
    op.drop_table("flag_events")
    op.drop_table("feature_flags")
