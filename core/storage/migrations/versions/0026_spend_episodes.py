"""Changes of spend that were noticed, and whom they were told."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "budgets", sa.Column("anomalies", sa.String(16), nullable=False, server_default="off")
    )
    op.add_column("budgets", sa.Column("hours_judged", sa.DateTime(timezone=True)))
    op.add_column(
        "spend_notes", sa.Column("step", sa.String(8), nullable=False, server_default="day")
    )
    op.create_table(
        "spend_episodes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(400), nullable=False),
        sa.Column("step", sa.String(8), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("impact", sa.Float(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_spend_episodes_scope", "spend_episodes", ["scope"])
    op.create_index("ix_spend_episodes_end", "spend_episodes", ["end"])
    op.create_table(
        "spend_tellings",
        sa.Column(
            "budget",
            sa.String(100),
            sa.ForeignKey("budgets.name", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("episode", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("spend_tellings")
    op.drop_table("spend_episodes")
    op.drop_column("spend_notes", "step")
    op.drop_column("budgets", "hours_judged")
    op.drop_column("budgets", "anomalies")
