"""The only reader of the wall clock."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds on a clock that never goes back; for durations only."""
    return time.monotonic()
