"""Ages as kubectl prints them."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.snapshot.times import parse_time

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 86_400 * 365

# (shorter than this, in this unit, with the next smaller one beside it)
_STEPS: tuple[tuple[int, int, str, int, str], ...] = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)


def human(duration: timedelta) -> str:
    """At most two units, the second only while it matters: 95s, 5m30s, 3h12m, 12d."""
    seconds = int(duration.total_seconds())
    if seconds < 0:
        return "0s" if seconds >= -1 else "<invalid>"
    for bound, unit, name, small, small_name in _STEPS:
        if seconds < bound:
            rest = seconds % unit // small if small else 0
            return f"{seconds // unit}{name}" + (f"{rest}{small_name}" if rest else "")
    return f"{seconds // _YEAR}y"


def age(time: Any, now: datetime) -> str:
    """How long ago an RFC 3339 time was; "<unknown>" without one."""
    moment = parse_time(str(time or ""))
    return human(now - moment) if moment else "<unknown>"
