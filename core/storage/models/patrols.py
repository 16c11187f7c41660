"""Patrols: who looks where and how often, what each run saw, and which findings stand."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Patrol(Base):
    """`namespaces` are where it looks; none: everywhere."""

    __tablename__ = "patrols"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    namespaces: Mapped[list[Any]]
    every_s: Mapped[int] = mapped_column(Integer)
    enabled: Mapped[bool]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    next_at: Mapped[datetime] = mapped_column(index=True)


class PatrolRun(Base):
    """`id` is that of the job that made it. No `score`: nothing could be looked at."""

    __tablename__ = "patrol_runs"
    __table_args__ = (Index("ix_patrol_runs_patrol", "patrol", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    patrol: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    score: Mapped[int | None] = mapped_column(Integer)
    body: Mapped[dict[str, Any]]


class PatrolFinding(Base):
    """A fault that stands since `first_at`; the alert of it has the same start."""

    __tablename__ = "patrol_findings"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(253))
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    patrol: Mapped[str] = mapped_column(String(100))
    body: Mapped[dict[str, Any]]
