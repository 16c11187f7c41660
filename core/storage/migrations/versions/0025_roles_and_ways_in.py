"""Roles of one's own, service accounts, names that are shut, who somebody is at a provider, and
answers to requests that may be repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    service = sa.Column("service", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("users", service)
    op.create_table(
        "roles",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("namespaces", sa.JSON()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "wrong_passwords",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shut_until", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(500), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column(
            "user_name",
            sa.String(200),
            sa.ForeignKey("users.name", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_identities_user_name", "identities", ["user_name"])
    op.create_table(
        "kept_answers",
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
    op.create_index("ix_kept_answers_begun_at", "kept_answers", ["begun_at"])


def downgrade() -> None:
    for table in ("kept_answers", "identities", "wrong_passwords", "roles"):
        op.drop_table(table)
    op.drop_column("users", "service")
