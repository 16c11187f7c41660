"""Budgets, what was told of them, and what each day cost."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("amount", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("label", sa.String(320), nullable=False),
        sa.Column("value", sa.String(63), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=True),
        sa.Column("ends_on", sa.Date, nullable=True),
        sa.Column("actual", sa.JSON, nullable=False),
        sa.Column("forecast", sa.JSON, nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("end_foretold", sa.JSON, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    op.create_table(
        "budget_marks",
        sa.Column(
            "budget",
            sa.String(100),
            sa.ForeignKey("budgets.name", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("period_start", sa.Date, primary_key=True),
        sa.Column("threshold", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("spent", sa.String(40), nullable=False),
        sa.Column("foretold", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("deliveries", sa.JSON, nullable=False),
    )
    op.create_table(
        "spend_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("hours_seen", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("prices", sa.String(200), nullable=False),
        sa.Column("written_at", MOMENT, nullable=False),
    )
    op.create_table(
        "spend_shares",
        sa.Column(
            "day", sa.Date, sa.ForeignKey("spend_days.day", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("namespace", sa.String(63), primary_key=True),
        sa.Column("workload", sa.String(330), primary_key=True),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("cost", sa.String(40), nullable=False),
        sa.Column("parts", sa.JSON, nullable=False),
    )
    op.create_table(
        "spend_notes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(400), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("size", sa.Float, nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_spend_notes_scope", "spend_notes", ["scope"])


def downgrade() -> None:
    for table in ("spend_notes", "spend_shares", "spend_days", "budget_marks", "budgets"):
        op.drop_table(table)
