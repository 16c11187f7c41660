"""Prices of models that are kept here, and by what people came in who had models called."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    app = sa.Column("app", sa.String(200), nullable=False, server_default="")
    op.add_column("model_usage", app)
    op.create_table(
        "model_prices",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("above_input_tokens", sa.Integer(), nullable=False),
        sa.Column("input", sa.String(32), nullable=False),
        sa.Column("output", sa.String(32), nullable=False),
        sa.Column("cache_read", sa.String(32), nullable=False),
        sa.Column("cache_write", sa.String(32), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("provider", "model", "since", "above_input_tokens"),
    )


def downgrade() -> None:
    op.drop_table("model_prices")
    op.drop_column("model_usage", "app")
