"""Repairs: plans, decisions about them, changes with their steps, locks, the breaker."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class FixPlan(Base):
    __tablename__ = "fix_plans"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fix: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(128))
    namespace: Mapped[str] = mapped_column(String(253))
    kind: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(253))
    requester: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    seal: Mapped[str] = mapped_column(String(128))


class FixDecision(Base):
    """One row a person and plan, so that nobody is counted twice."""

    __tablename__ = "fix_decisions"

    plan_id: Mapped[str] = mapped_column(String(64), ForeignKey("fix_plans.id"), primary_key=True)
    approver: Mapped[str] = mapped_column(String(200), primary_key=True)
    approved: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    seal: Mapped[str] = mapped_column(String(128))


class FixRehearsal(Base):
    """The last time a plan was tried on a copy of its cluster."""

    __tablename__ = "fix_rehearsals"

    plan_id: Mapped[str] = mapped_column(String(64), ForeignKey("fix_plans.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    seal: Mapped[str] = mapped_column(String(128))


class FixChange(Base):
    """`plan_id` is unique: that is what makes an approval good for one change only."""

    __tablename__ = "fix_changes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(64), ForeignKey("fix_plans.id"), unique=True)
    fix: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(128))
    namespace: Mapped[str] = mapped_column(String(253))
    kind: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(253))
    requester: Mapped[str] = mapped_column(String(200))
    approvers: Mapped[str] = mapped_column(String(500))
    applier: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16), index=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    runner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class FixStep(Base):
    __tablename__ = "fix_steps"

    change_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("fix_changes.id"), primary_key=True
    )
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class FixBatch(Base):
    """`plans` are ids of plans, in the order in which they are carried out."""

    __tablename__ = "fix_batches"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plans: Mapped[list[Any]]
    applier: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    runner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class FixLock(Base):
    """`subject` is the workload; `owner` the change that works on it."""

    __tablename__ = "fix_locks"

    subject: Mapped[str] = mapped_column(String(700), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class FixBreaker(Base):
    """One row: whether all writing is stopped."""

    __tablename__ = "fix_breaker"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    stopped: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
