"""Labels of rule files, and the Prometheus servers that take them by these."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rule_files", sa.Column("labels", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "rule_targets",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("match", sa.String(500), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.String(1000), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("drift_at", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rule_targets")
    op.drop_column("rule_files", "labels")
