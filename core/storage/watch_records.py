"""What the repository of watches takes and gives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class WatchRow:
    name: str
    terms: dict[str, Any]
    enabled: bool
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WatchStateRow:
    """`fires_since`: an alert fires, since then. `state` since `since`: ok, pending, firing or no_data."""

    id: str
    watch: str
    about: str
    state: str
    since: datetime
    measured: float | None
    checked_at: datetime
    fires_since: datetime | None = None
