"""Incidents that were found, with their evidence."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Incident(Base):
    """`namespaces` are all that the evidence is from; who may not see one of them may not read it."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cluster: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(1000))
    first_found_at: Mapped[datetime]
    last_found_at: Mapped[datetime] = mapped_column(index=True)
    times_found: Mapped[int] = mapped_column(Integer)
    namespaces: Mapped[list[Any]]
    investigation: Mapped[dict[str, Any]]
