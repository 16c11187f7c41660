"""What the repository of rule files takes and gives."""

from dataclasses import dataclass, field
from datetime import datetime


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
class RuleTargetRow:
    """What a Prometheus holds: `digest` of its files, and which of them somebody else had changed."""

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
