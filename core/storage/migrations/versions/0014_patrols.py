"""Patrols, their runs, and the findings that stand."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patrols",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("namespaces", sa.JSON(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_patrols_next_at", "patrols", ["next_at"])
    op.create_table(
        "patrol_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("patrol", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("body", sa.JSON(), nullable=False),
    )
    op.create_index("ix_patrol_runs_patrol", "patrol_runs", ["patrol", "at"])
    op.create_table(
        "patrol_findings",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("namespace", sa.String(253), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patrol", sa.String(100), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("patrol_findings")
    op.drop_table("patrol_runs")
    op.drop_table("patrols")
