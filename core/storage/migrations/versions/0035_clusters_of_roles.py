"""Clusters that a role of one's own is bounded to."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("roles", sa.Column("clusters", sa.JSON()))


def downgrade() -> None:
    op.drop_column("roles", "clusters")
