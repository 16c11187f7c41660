"""Configurations of Alertmanagers by version, and which of them a target holds."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "manager_configs",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("defaults", sa.JSON(), nullable=False),
        sa.Column("by_target", sa.JSON(), nullable=False),
    )
    op.add_column(
        "rule_targets", sa.Column("config", sa.String(100), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("rule_targets", "config")
    op.drop_table("manager_configs")
