"""Conversations that branch off from others, and facts that people told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ADDED = ("branch_of", "branched_at")


def upgrade() -> None:
    for name in ADDED:
        column = sa.Column(name, sa.String(64), nullable=False, server_default="")
        op.add_column("conversations", column)
    op.create_table(
        "told_facts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_told_facts_scope_subject", "told_facts", ["scope", "subject"])


def downgrade() -> None:
    op.drop_table("told_facts")
    for name in reversed(ADDED):
        op.drop_column("conversations", name)
