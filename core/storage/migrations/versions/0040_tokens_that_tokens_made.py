"""Which API token made another: it is revoked with it."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("made_by", sa.String(32), nullable=False, server_default="")
    op.add_column("api_tokens", column)
    op.create_index("ix_api_tokens_made_by", "api_tokens", ["made_by"])


def downgrade() -> None:
    op.drop_index("ix_api_tokens_made_by", "api_tokens")
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.drop_column("made_by")
