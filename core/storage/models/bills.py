"""Bills of clouds that were read in, by day and service."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class BillPart(Base):
    """What one service with the same tags cost on one day."""

    __tablename__ = "bill_parts"

    bill: Mapped[str] = mapped_column(String(100), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    part: Mapped[str] = mapped_column(String(64), primary_key=True)
    service: Mapped[str] = mapped_column(String(400))
    currency: Mapped[str] = mapped_column(String(3))
    cost: Mapped[str] = mapped_column(String(60))
    tags: Mapped[dict[str, Any]]


class BillImport(Base):
    """A file that was read in, and which days it changed."""

    __tablename__ = "bill_imports"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    bill: Mapped[str] = mapped_column(String(100), index=True)
    imported_at: Mapped[datetime]
    imported_by: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    lines: Mapped[int] = mapped_column(Integer)
    changed: Mapped[list[Any]]
