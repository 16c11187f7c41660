"""What became of plans that were tried on a copy of their cluster."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fix_rehearsals",
        sa.Column("plan_id", sa.String(64), sa.ForeignKey("fix_plans.id"), primary_key=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(128), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("fix_rehearsals")
