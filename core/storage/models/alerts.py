"""Alerts that arrived, what was done with each, the policy over them, and the outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.audit import Sequence
from core.storage.models.base import Base


class AlertEpisode(Base):
    """One alert from its start to its end. `id` stands for fingerprint and start."""

    __tablename__ = "alert_episodes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    source: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), index=True)
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    generator_url: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime] = mapped_column(index=True)
    times_received: Mapped[int] = mapped_column(Integer)
    told_status: Mapped[str] = mapped_column(String(16))
    told_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(String(200))
    acknowledged_at: Mapped[datetime | None]
    escalated: Mapped[int] = mapped_column(Integer)
    incident_id: Mapped[str] = mapped_column(String(64))
    analysis_id: Mapped[str] = mapped_column(String(32), index=True, server_default="")


class AlertStep(Base):
    """One line of the processing record of an alert."""

    __tablename__ = "alert_steps"
    __table_args__ = (Index("ix_alert_steps_alert_id", "alert_id", "id"),)

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    alert_id: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]]


class AlertPolicy(Base):
    """A version of the routes, inhibitions, mute times and switches. The highest is in force."""

    __tablename__ = "alert_policies"

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))


class AlertGate(Base):
    """One row, `id` 1: who changes it first goes through the gateway first."""

    __tablename__ = "alert_gate"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    passed: Mapped[int] = mapped_column(Sequence)


class AlertGroup(Base):
    """Alerts of one route that are told together, and what was told of them last."""

    __tablename__ = "alert_groups"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    route: Mapped[str] = mapped_column(String(64))
    labels: Mapped[dict[str, Any]]
    members: Mapped[list[Any]]
    flush_at: Mapped[datetime] = mapped_column(index=True)
    told_firing: Mapped[list[Any]]
    told_resolved: Mapped[list[Any]]
    told_at: Mapped[datetime | None]


class Channel(Base):
    """Somewhere people are told. `sealed` is its configuration, encrypted."""

    __tablename__ = "channels"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[str] = mapped_column(Text)
    shown: Mapped[dict[str, Any]]
    language: Mapped[str] = mapped_column(String(8))
    tags: Mapped[list[Any]]
    enabled: Mapped[bool]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    bucket_tokens: Mapped[float | None] = mapped_column(Float)
    bucket_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None]
    lease_owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]


class Delivery(Base):
    """One message that is to reach one channel: pending, sent, dead or cancelled."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due", "state", "channel", "run_after"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    channel: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    notice: Mapped[dict[str, Any]]
    alert_ids: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    sent_at: Mapped[datetime | None]
    code: Mapped[str] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(String(500))
    merged_into: Mapped[str] = mapped_column(String(32))


class DeliveryAttempt(Base):
    """One try, with what the channel answered."""

    __tablename__ = "delivery_attempts"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    channel: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64))
    error: Mapped[str] = mapped_column(String(500))
    latency_ms: Mapped[int] = mapped_column(Integer)
