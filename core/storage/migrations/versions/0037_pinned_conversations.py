"""Conversations that are pinned stand before the others; shares know which clusters their owner reached."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BEFORE, NOW = "ix_conversations_owner_updated", "ix_conversations_owner_pinned_updated"


def upgrade() -> None:
    pinned = sa.Column("pinned", sa.Integer(), nullable=False, server_default="0")
    op.add_column("conversations", pinned)
    op.add_column("shares", sa.Column("clusters", sa.JSON(), nullable=True))
    op.drop_index(BEFORE, "conversations")
    op.create_index(NOW, "conversations", ["owner", "pinned", "updated_at", "id"])


def downgrade() -> None:
    op.drop_column("shares", "clusters")
    op.drop_index(NOW, "conversations")
    op.create_index(BEFORE, "conversations", ["owner", "updated_at", "id"])
    op.drop_column("conversations", "pinned")
