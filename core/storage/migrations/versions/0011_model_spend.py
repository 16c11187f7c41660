"""Budgets of what models cost, and the team of a user, by which that is told."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name, size, default in (
        ("budgets", "spend", 16, "cluster"),
        ("budgets", "subject", 200, ""),
        ("users", "team", 63, ""),
    ):
        column = sa.Column(name, sa.String(size), nullable=False, server_default=default)
        op.add_column(table, column)


def downgrade() -> None:
    for table, name in (("users", "team"), ("budgets", "subject"), ("budgets", "spend")):
        op.drop_column(table, name)
