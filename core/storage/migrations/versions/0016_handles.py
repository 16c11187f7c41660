"""Who somebody is in a chat service."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handles",
        sa.Column("service", sa.String(20), primary_key=True),
        sa.Column("handle", sa.String(200), primary_key=True),
        sa.Column(
            "user_name",
            sa.String(200),
            sa.ForeignKey("users.name", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_handles_user_name", "handles", ["user_name"])


def downgrade() -> None:
    op.drop_table("handles")
