"""Usage by model call instead of by turn: who worked, how it went, how long it took."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "model_usage"


def added() -> list[sa.Column[Any]]:
    """Rows from before say of themselves: it went well, and the provider counted."""
    return [
        required("request_id", sa.String(128), ""),
        required("subagent", sa.String(64), ""),
        required("outcome", sa.String(32), "ok"),
        required("cache_read_tokens", sa.Integer(), "0"),
        required("cache_write_tokens", sa.Integer(), "0"),
        required("reasoning_tokens", sa.Integer(), "0"),
        required("estimated", sa.Boolean(), sa.false()),
        required("duration_ms", sa.Integer(), "0"),
        sa.Column("first_token_ms", sa.Integer()),
        sa.Column("prompt", sa.Text()),
        sa.Column("reply", sa.Text()),
    ]


def required(name: str, kind: Any, before: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=before)


def upgrade() -> None:
    op.execute(f"ALTER TABLE {TABLE} RENAME COLUMN message_id TO run_id")
    for column in added():
        op.add_column(TABLE, column)
    op.create_index("ix_model_usage_conversation_id", TABLE, ["conversation_id"])


def downgrade() -> None:
    op.drop_index("ix_model_usage_conversation_id", TABLE)
    for column in added():
        op.drop_column(TABLE, column.name)
    op.execute(f"ALTER TABLE {TABLE} RENAME COLUMN run_id TO message_id")
