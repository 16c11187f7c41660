"""Alerts with their processing records, policies, channels, and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def alert_episodes() -> None:
    op.create_table(
        "alert_episodes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("generator_url", sa.Text(), nullable=False),
        sa.Column("starts_at", WHEN, nullable=False),
        sa.Column("ends_at", WHEN),
        sa.Column("received_at", WHEN, nullable=False),
        sa.Column("updated_at", WHEN, nullable=False),
        sa.Column("times_received", sa.Integer(), nullable=False),
        sa.Column("told_status", sa.String(16), nullable=False),
        sa.Column("told_at", WHEN),
        sa.Column("acknowledged_by", sa.String(200), nullable=False),
        sa.Column("acknowledged_at", WHEN),
        sa.Column("escalated", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.String(64), nullable=False),
    )
    op.create_index("ix_alert_episodes_fingerprint", "alert_episodes", ["fingerprint"])
    op.create_index("ix_alert_episodes_received_at", "alert_episodes", ["received_at"])
    op.create_index("ix_alert_episodes_status", "alert_episodes", ["status"])
    op.create_index("ix_alert_episodes_updated_at", "alert_episodes", ["updated_at"])


def alert_steps() -> None:
    op.create_table(
        "alert_steps",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("alert_id", sa.String(32), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    )
    op.create_index("ix_alert_steps_alert_id", "alert_steps", ["alert_id", "id"])


def alert_policies() -> None:
    op.create_table(
        "alert_policies",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
    )


def alert_gate() -> None:
    op.create_table(
        "alert_gate",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("passed", SEQUENCE, nullable=False),
    )


def alert_groups() -> None:
    op.create_table(
        "alert_groups",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("route", sa.String(64), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("flush_at", WHEN, nullable=False),
        sa.Column("told_firing", sa.JSON(), nullable=False),
        sa.Column("told_resolved", sa.JSON(), nullable=False),
        sa.Column("told_at", WHEN),
    )
    op.create_index("ix_alert_groups_flush_at", "alert_groups", ["flush_at"])


def channels() -> None:
    op.create_table(
        "channels",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("updated_at", WHEN, nullable=False),
        sa.Column("bucket_tokens", sa.Float()),
        sa.Column("bucket_at", WHEN),
        sa.Column("rest_until", WHEN),
        sa.Column("lease_owner", sa.String(64), nullable=False),
        sa.Column("lease_until", WHEN),
    )


def deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("notice", sa.JSON(), nullable=False),
        sa.Column("alert_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("run_after", WHEN, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", WHEN),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.Column("merged_into", sa.String(32), nullable=False),
        sa.UniqueConstraint("idempotency_key", name="uq_deliveries_idempotency_key"),
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_index("ix_deliveries_due", "deliveries", ["state", "channel", "run_after"])


def delivery_attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column(
            "delivery_id",
            sa.String(32),
            sa.ForeignKey(
                "deliveries.id",
                ondelete="CASCADE",
                name="fk_delivery_attempts_delivery_id_deliveries",
            ),
            nullable=False,
        ),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("error", sa.String(500), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
    )
    op.create_index("ix_delivery_attempts_at", "delivery_attempts", ["at"])
    op.create_index("ix_delivery_attempts_channel", "delivery_attempts", ["channel"])
    op.create_index("ix_delivery_attempts_delivery_id", "delivery_attempts", ["delivery_id"])


def upgrade() -> None:
    for make in (
        alert_episodes,
        alert_steps,
        alert_policies,
        alert_gate,
        alert_groups,
        channels,
        deliveries,
        delivery_attempts,
    ):
        make()


def downgrade() -> None:
    for name in (
        "delivery_attempts",
        "deliveries",
        "channels",
        "alert_groups",
        "alert_gate",
        "alert_policies",
        "alert_steps",
        "alert_episodes",
    ):
        op.drop_table(name)
