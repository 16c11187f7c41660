"""Finding and moving the times in a snapshot: by whole seconds, with every other digit kept."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

_RFC3339 = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})"
_WHOLE = re.compile(_RFC3339)
_LEADING = re.compile(rb"%b(?=\s|$)" % _RFC3339.encode())
_SECONDS_DIGITS = len("2026-11-20T10:00:00")

# What these hold is the workload's own text; a time in it is not ours to move.
_OPAQUE = frozenset({"args", "command", "env", "data", "binaryData", "stringData"})

# Times at which something has happened. Others (notAfter, endsAt, renewalTime) may lie ahead.
_PAST = frozenset(
    {
        "acquireTime", "at", "completionTime", "creationTimestamp", "eventTime", "finishedAt",
        "firstTimestamp", "lastHeartbeatTime", "lastObservedTime", "lastProbeTime",
        "lastScaleTime", "lastScheduleTime", "lastSuccessfulTime", "lastTimestamp",
        "lastTransitionTime", "lastUpdateTime", "renewTime", "startTime", "startedAt",
        "startsAt", "time", "updatedAt",
    }
)  # fmt: skip

_NEVER = ("1970-01-01T00:00:00", "0001-01-01T00:00:00")

_Place = tuple[Any, str | int]


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time in UTC, or None if the text is not wholly one."""
    if not _WHOLE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def leading_time(line: bytes) -> bytes | None:
    """The time a log line begins with, as it is written."""
    found = _LEADING.match(line)
    return found[0] if found and parse_time(found[0].decode()) else None


def format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=65_536)
def moved(text: str, by: timedelta) -> str:
    """The time `by` later; fraction and zone stay as they are written.

    The beginning of Unix time, and of Go's, means that something never happened: it stays.
    """
    if text.startswith(_NEVER):
        return text
    seconds = datetime.fromisoformat(text[:_SECONDS_DIGITS]) + by
    return seconds.isoformat() + text[_SECONDS_DIGITS:]


class Times:
    """Every time in some JSON values, each place once even where YAML anchors share a value."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._places: dict[tuple[int, str | int], tuple[_Place, str]] = {}
        for value in values:
            for container, key, text in _walk(value):
                self._places[id(container), key] = ((container, key), text)

    def newest(self) -> datetime | None:
        """The newest time at which something has happened."""
        past = (parse_time(text) for (_, key), text in self._places.values() if key in _PAST)
        return max((moment for moment in past if moment), default=None)

    def move(self, by: timedelta) -> None:
        for (container, key), text in self._places.values():
            container[key] = moved(text, by)


def times_in(value: Any) -> list[datetime]:
    return [moment for _, _, text in _walk(value) if (moment := parse_time(text))]


def _walk(value: Any) -> Iterator[tuple[Any, str | int, str]]:
    entries: Any = ()
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
    elif isinstance(value, list):
        entries = enumerate(cast("list[Any]", value))
    for key, one in entries:
        if isinstance(one, str):
            if len(one) >= _SECONDS_DIGITS and one[:4].isdigit() and parse_time(one):
                yield value, key, one
        elif key not in _OPAQUE and one:
            yield from _walk(one)
