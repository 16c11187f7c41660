"""Bills of clouds that were read in."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bill_parts",
        sa.Column("bill", sa.String(100), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("part", sa.String(64), primary_key=True),
        sa.Column("service", sa.String(400), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("cost", sa.String(60), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
    )
    op.create_table(
        "bill_imports",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("bill", sa.String(100), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(200), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("changed", sa.JSON, nullable=False),
    )
    op.create_index("ix_bill_imports_bill", "bill_imports", ["bill"])


def downgrade() -> None:
    op.drop_table("bill_imports")
    op.drop_table("bill_parts")
