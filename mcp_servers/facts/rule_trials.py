"""What a rule would have done, and what one version of a file has that another has not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Firing:
    """One stretch of time in which an alert would have fired. `ended` None: it still would."""

    labels: tuple[tuple[str, str], ...]
    began: datetime
    ended: datetime | None
    lasted_s: float


@dataclass(frozen=True, slots=True)
class RuleChange:
    """`how`: added, removed or changed. `fields` hold before and after of what differs."""

    how: str
    group: str
    rule: str
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
