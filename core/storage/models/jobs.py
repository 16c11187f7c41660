"""Work that is done later, by whoever of several processes takes it first."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Job(Base):
    """`state`: waiting, running (by `lease_owner`, until `lease_until`), done, dead or cancelled."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_due", "state", "kind", "run_after"),
        Index("ix_jobs_about", "kind", "about", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    about: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]]
    priority: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(index=True)
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    most_attempts: Mapped[int] = mapped_column(Integer)
    lease_owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    progress: Mapped[str] = mapped_column(String(200))
    result: Mapped[dict[str, Any]]
    error: Mapped[str] = mapped_column(String(500))


class Lease(Base):
    """What one process at a time does, such as looking what is due."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]
