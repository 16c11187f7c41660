"""What the repository of jobs takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

# Work that was begun so often without an end is not begun again: it may be what ends the process.
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class JobRow:
    """`about` is what jobs of a kind have in common that concern the same; lower `priority` is first."""

    id: str
    key: str
    kind: str
    about: str
    arguments: dict[str, Any]
    created_by: str
    created_at: datetime
    run_after: datetime
    priority: int = 100
    state: str = "waiting"
    attempts: int = 0
    most_attempts: int = MOST_ATTEMPTS
    lease_owner: str = ""
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: str = ""
    result: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str = ""

    @classmethod
    def of(
        cls,
        kind: str,
        mark: str,
        arguments: Mapping[str, Any],
        *,
        by: str,
        now: datetime,
        run_after: datetime | None = None,
        about: str = "",
        priority: int = 100,
    ) -> Self:
        """A job; kind and `mark` make it the same one however often it is put."""
        key = sha256(f"{kind}\0{mark}".encode()).hexdigest()
        return cls(
            id=key[:32],
            key=key,
            kind=kind,
            about=about,
            arguments=dict(arguments),
            created_by=by,
            created_at=now,
            run_after=run_after or now,
            priority=priority,
        )
