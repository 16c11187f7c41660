"""What the repository of patrols takes and gives."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class PatrolRow:
    """`namespaces` are where it looks; none: everywhere."""

    name: str
    namespaces: list[Any]
    every_s: int
    enabled: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    next_at: datetime

    def next_after(self, now: datetime) -> datetime:
        """The next time in its own step; times that were missed are not made up for."""
        step = timedelta(seconds=self.every_s)
        missed = max((now - self.next_at) // step, 0)
        return self.next_at + (missed + 1) * step


@dataclass(frozen=True, slots=True)
class PatrolRunRow:
    """No `score`: nothing could be looked at."""

    id: str
    patrol: str
    at: datetime
    score: int | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A fault that stands since `first_at`."""

    fingerprint: str
    namespace: str
    first_at: datetime
    last_at: datetime
    patrol: str
    body: dict[str, Any]
