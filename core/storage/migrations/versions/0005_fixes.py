"""Repairs: plans, decisions about them, changes with their steps, locks, the breaker."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def _about() -> list[sa.Column[str]]:
    return [
        sa.Column("fix", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("namespace", sa.String(253), nullable=False),
        sa.Column("kind", sa.String(128), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("requester", sa.String(200), nullable=False),
    ]


def upgrade() -> None:
    _plans()
    _changes()
    op.create_table(
        "fix_locks",
        sa.Column("subject", sa.String(700), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
    )
    op.create_table(
        "fix_breaker",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )


def _plans() -> None:
    op.create_table(
        "fix_plans",
        sa.Column("id", sa.String(64), primary_key=True),
        *_about(),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(128), nullable=False),
    )
    op.create_index("ix_fix_plans_created_at", "fix_plans", ["created_at"])
    op.create_table(
        "fix_decisions",
        sa.Column("plan_id", sa.String(64), sa.ForeignKey("fix_plans.id"), primary_key=True),
        sa.Column("approver", sa.String(200), primary_key=True),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("seal", sa.String(128), nullable=False),
    )


def _changes() -> None:
    op.create_table(
        "fix_changes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("plan_id", sa.String(64), sa.ForeignKey("fix_plans.id"), nullable=False),
        *_about(),
        sa.Column("approvers", sa.String(500), nullable=False),
        sa.Column("applier", sa.String(200), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", WHEN, nullable=False),
        sa.Column("updated_at", WHEN, nullable=False),
        sa.Column("finished_at", WHEN, nullable=True),
        sa.Column("runner", sa.String(64), nullable=False),
        sa.Column("lease_until", WHEN, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.UniqueConstraint("plan_id"),
    )
    op.create_index("ix_fix_changes_status", "fix_changes", ["status"])
    op.create_index("ix_fix_changes_started_at", "fix_changes", ["started_at"])
    op.create_table(
        "fix_steps",
        sa.Column("change_id", sa.String(64), sa.ForeignKey("fix_changes.id"), primary_key=True),
        sa.Column("direction", sa.String(8), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    for table in (
        "fix_breaker",
        "fix_locks",
        "fix_steps",
        "fix_changes",
        "fix_decisions",
        "fix_plans",
    ):
        op.drop_table(table)
