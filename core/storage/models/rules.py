"""Files of Prometheus rules, every version of each, and the servers that hold them."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.storage.models.base import Base


class RuleFile(Base):
    """Two who write the same version at once: the second meets the key."""

    __tablename__ = "rule_files"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    labels: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class RuleTarget(Base):
    """Where files of rules are written to, as whoever writes them there last said."""

    __tablename__ = "rule_targets"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    match: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    error: Mapped[str] = mapped_column(String(1000))
    files: Mapped[int]
    every_s: Mapped[int]
    drift: Mapped[list[Any]]
    drift_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    reported_by: Mapped[str] = mapped_column(String(200))
