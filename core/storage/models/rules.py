"""Files of Prometheus rules and configurations of Alertmanagers by version, and who holds them."""

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


class ManagerConfig(Base):
    """A template with its values, and with those that differ for one target."""

    __tablename__ = "manager_configs"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    defaults: Mapped[dict[str, Any]]
    by_target: Mapped[dict[str, Any]]


class RulePlacement(Base):
    """A namespace in which stored files stand as PrometheusRule objects, with the labels these carry."""

    __tablename__ = "rule_placements"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(63))
    match: Mapped[str] = mapped_column(String(500))
    labels: Mapped[dict[str, Any]]
    updated_by: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime]


class RuleTarget(Base):
    """Where files of rules are written to, as whoever writes them there last said.

    With a `config` it is an Alertmanager, and that configuration is written there instead.
    """

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
    config: Mapped[str] = mapped_column(String(100), server_default="")
