"""Watches over Midwatch's own use of models, and what each of them saw last."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class UsageWatch(Base):
    __tablename__ = "usage_watches"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    terms: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UsageWatchState(Base):
    """Of one model, user or subagent where a watch tells them apart; `id` stands for watch and value."""

    __tablename__ = "usage_watch_states"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    watch: Mapped[str] = mapped_column(String(100), index=True)
    about: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    measured: Mapped[float | None] = mapped_column(Float)
    checked_at: Mapped[datetime]
    fires_since: Mapped[datetime | None]
