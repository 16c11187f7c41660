"""Questions that no page answers, and how answers were rated."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNTS = ("found_nothing", "helpful", "unhelpful")


def upgrade() -> None:
    op.create_table(
        "knowledge_questions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("question", sa.String(500), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("docs", sa.String(2000), nullable=False),
        sa.Column("comment", sa.String(500), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_knowledge_questions_last_at", "knowledge_questions", ["last_at"])


def downgrade() -> None:
    op.drop_table("knowledge_questions")
