"""Flags of smart functions, and what was done with them and said of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class FeatureFlag(Base):
    """`held`: the most it may be while its figures are bad; `figures` are those of the last look."""

    __tablename__ = "feature_flags"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    terms: Mapped[dict[str, Any]]
    held: Mapped[str] = mapped_column(String(16))
    held_since: Mapped[datetime | None]
    figures: Mapped[dict[str, Any]]
    updated_by: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime]


class FlagEvent(Base):
    """`what`: set, evaluated, verdict, held, released or shadow."""

    __tablename__ = "flag_events"
    __table_args__ = (Index("ix_flag_events_flag_what_at", "flag", "what", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    flag: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]]
