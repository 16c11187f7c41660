"""Incidents that were found, with their evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(1000), nullable=False),
        sa.Column("first_found_at", WHEN, nullable=False),
        sa.Column("last_found_at", WHEN, nullable=False),
        sa.Column("times_found", sa.Integer(), nullable=False),
        sa.Column("namespaces", sa.JSON(), nullable=False),
        sa.Column("investigation", sa.JSON(), nullable=False),
    )
    op.create_index("ix_incidents_last_found_at", "incidents", ["last_found_at"])


def downgrade() -> None:
    op.drop_table("incidents")
