"""Prices of models that are kept here, before those of a file and those that come with Midwatch."""

from datetime import date, datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class ModelPrice(Base):
    """From a day on, for requests of some size. Amounts are decimals as text: USD for a million tokens."""

    __tablename__ = "model_prices"
    __table_args__ = (UniqueConstraint("provider", "model", "since", "above_input_tokens"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    since: Mapped[date]
    above_input_tokens: Mapped[int]
    input: Mapped[str] = mapped_column(String(32))
    output: Mapped[str] = mapped_column(String(32))
    cache_read: Mapped[str] = mapped_column(String(32))
    cache_write: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(200))
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]
