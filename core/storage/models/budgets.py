"""Budgets, what was told of them, and what each day cost."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class Budget(Base):
    """Money that a scope may cost in a period. `end_foretold` is what the last check expected."""

    __tablename__ = "budgets"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    amount: Mapped[str] = mapped_column(String(40))
    currency: Mapped[str] = mapped_column(String(3))
    period: Mapped[str] = mapped_column(String(16))
    namespace: Mapped[str] = mapped_column(String(63))
    label: Mapped[str] = mapped_column(String(320))
    value: Mapped[str] = mapped_column(String(63))
    spend: Mapped[str] = mapped_column(String(16), server_default="cluster")
    subject: Mapped[str] = mapped_column(String(200), server_default="")
    starts_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    actual: Mapped[list[Any]]
    forecast: Mapped[list[Any]]
    owner: Mapped[str] = mapped_column(String(200))
    channels: Mapped[list[Any]]
    version: Mapped[int] = mapped_column(Integer)
    end_foretold: Mapped[dict[str, Any]]
    anomalies: Mapped[str] = mapped_column(String(16), server_default="off")
    hours_judged: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class BudgetMark(Base):
    """A threshold that was crossed: whoever writes its row first tells it."""

    __tablename__ = "budget_marks"

    budget: Mapped[str] = mapped_column(
        String(100), ForeignKey("budgets.name", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    threshold: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime]
    spent: Mapped[str] = mapped_column(String(40))
    foretold: Mapped[str] = mapped_column(String(40))
    tries: Mapped[int] = mapped_column(Integer)
    deliveries: Mapped[list[Any]]


class SpendDay(Base):
    """A day (UTC) that is over, and how much of it was measured."""

    __tablename__ = "spend_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    hours_seen: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    prices: Mapped[str] = mapped_column(String(200))
    written_at: Mapped[datetime]


class SpendShare(Base):
    """What one workload cost on one day."""

    __tablename__ = "spend_shares"

    day: Mapped[date] = mapped_column(
        Date, ForeignKey("spend_days.day", ondelete="CASCADE"), primary_key=True
    )
    namespace: Mapped[str] = mapped_column(String(63), primary_key=True)
    workload: Mapped[str] = mapped_column(String(330), primary_key=True)
    labels: Mapped[dict[str, Any]]
    cost: Mapped[str] = mapped_column(String(40))
    parts: Mapped[dict[str, Any]]


class SpendNote(Base):
    """A change of spend that somebody expected."""

    __tablename__ = "spend_notes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(String(400), index=True)
    step: Mapped[str] = mapped_column(String(8), server_default="day")
    direction: Mapped[str] = mapped_column(String(8))
    size: Mapped[float] = mapped_column(Float)
    start: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(String(500))
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class SpendEpisode(Base):
    """Days or hours side by side that cost far more or less than usual; one that goes on grows."""

    __tablename__ = "spend_episodes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    scope: Mapped[str] = mapped_column(String(400), index=True)
    step: Mapped[str] = mapped_column(String(8))
    direction: Mapped[str] = mapped_column(String(8))
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(index=True)
    impact: Mapped[float] = mapped_column(Float)
    currency: Mapped[str] = mapped_column(String(3))
    severity: Mapped[str] = mapped_column(String(16))
    causes: Mapped[list[Any]]
    seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SpendTelling(Base):
    """An episode that was told to the channels of a budget: whoever writes the row first tells it."""

    __tablename__ = "spend_tellings"

    budget: Mapped[str] = mapped_column(
        String(100), ForeignKey("budgets.name", ondelete="CASCADE"), primary_key=True
    )
    episode: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer)
    deliveries: Mapped[list[Any]]
