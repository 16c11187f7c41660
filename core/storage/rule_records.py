"""What the repositories of rule files and of configurations take and give."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleFileRow:
    """One version of a file of rules; without a text the file was removed by it."""

    name: str
    version: int
    text: str
    created_by: str
    created_at: datetime
    reason: str = ""
    labels: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ManagerConfigRow:
    """One version of a configuration; without a text it was removed by it. `by_target` goes before `defaults`."""

    name: str
    version: int
    text: str
    created_by: str
    created_at: datetime
    reason: str = ""
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    by_target: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


@dataclass(frozen=True, slots=True)
class RulePlacementRow:
    """Files with the labels of `match` stand in this namespace as objects with these `labels`."""

    name: str
    namespace: str
    match: str
    labels: dict[str, str]
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RuleTargetRow:
    """What a Prometheus holds: `digest` of its files, and which of them somebody else had changed.

    With a `config` it is an Alertmanager, which holds that one.
    """

    name: str
    match: str
    digest: str
    state: str
    error: str
    files: int
    every_s: int
    drift: list[str]
    drift_at: datetime | None
    changed_at: datetime
    reported_at: datetime
    reported_by: str
    config: str = ""
