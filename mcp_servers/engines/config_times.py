"""Time intervals of an Alertmanager's configuration: read as it reads them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from mcp_servers.facts.alertmanagers import ConfigRemark

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
PARTS = ("times", "weekdays", "days_of_month", "months", "years", "location")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
Map = Mapping[str, Any]


def time_remarks(config: Map) -> Iterator[ConfigRemark]:
    """What is wrong with the named intervals of times."""
    seen: set[str] = set()
    for key in ("mute_time_intervals", "time_intervals"):
        for n, one in enumerate(maps_of(config.get(key))):
            name, where = str(one.get("name") or ""), f"{key}[{n}]"
            if not name:
                yield ConfigRemark("times_without_name", where)
            if name in seen:
                yield ConfigRemark("times_twice", where, {"name": name})
            seen.add(name)
            for m, span in enumerate(maps_of(one.get("time_intervals"))):
                yield from _span(span, f"{where}.time_intervals[{m}]")


def _span(span: Map, where: str) -> Iterator[ConfigRemark]:
    for key in span:
        if key not in PARTS:
            yield ConfigRemark("unknown_field", where, {"field": str(key)})
    for one in maps_of(span.get("times")):
        yield from _times(one, where)
    for key, is_range in (("weekdays", _days), ("months", _months), ("days_of_month", _dates)):
        for text in _texts(span.get(key)):
            if not is_range(text):
                yield ConfigRemark("no_range", f"{where}.{key}", {"text": text})
    zone = span.get("location")
    if zone and zone != "Local" and not _is_zone(str(zone)):
        yield ConfigRemark("no_zone", where, {"text": str(zone)})


def _times(one: Map, where: str) -> Iterator[ConfigRemark]:
    start, end = str(one.get("start_time")), str(one.get("end_time"))
    if not (_CLOCK.fullmatch(start) and _CLOCK.fullmatch(end) and start < end):
        yield ConfigRemark("no_times_of_day", where, {"text": f"{start}-{end}"})


def _days(text: str) -> bool:
    parts = text.lower().split(":")
    return len(parts) <= 2 and all(one in DAYS for one in parts) and _rises(parts, DAYS)


def _months(text: str) -> bool:
    parts = [MONTHS[int(one) - 1] if one.isdecimal() and 1 <= int(one) <= 12 else one
             for one in text.lower().split(":")]  # fmt: skip
    return len(parts) <= 2 and all(one in MONTHS for one in parts) and _rises(parts, MONTHS)


def _rises(parts: list[str], names: tuple[str, ...]) -> bool:
    return names.index(parts[0]) <= names.index(parts[-1])


def _dates(text: str) -> bool:
    try:
        days = [int(one) for one in text.split(":")]
    except ValueError:
        return False
    if len(days) > 2 or any(not 1 <= abs(one) <= 31 for one in days):
        return False
    # From the end of a month towards its beginning no day is left.
    if days[0] < 0 < days[-1]:
        return False
    return (days[0] > 0) != (days[-1] > 0) or days[0] <= days[-1]


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def map_of(found: Any) -> Map:
    """Empty for what is no map."""
    return cast("Map", found) if isinstance(found, Mapping) else {}


def maps_of(found: Any) -> list[Map]:
    """The maps of a list; none for what is no list."""
    many = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Map", one) for one in many if isinstance(one, Mapping)]


def _texts(found: Any) -> list[str]:
    return [str(one) for one in cast("list[Any]", found)] if isinstance(found, list) else []
