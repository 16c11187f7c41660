"""Batches of repairs: which plans, in which order, who asked, where it stopped and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fix_batches",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("plans", sa.JSON(), nullable=False),
        sa.Column("applier", sa.String(200), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("runner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
    )
    op.create_index("ix_fix_batches_started_at", "fix_batches", ["started_at"])


def downgrade() -> None:
    op.drop_table("fix_batches")
