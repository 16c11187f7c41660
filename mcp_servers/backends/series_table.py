"""A series as people hand it in: CSV with a time and a value in each line."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from math import isfinite, nan

from core.errors import Invalid
from mcp_servers.backends.sentences import SENTENCES

# What monitoring systems write where there is no value.
GAPS = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})
# Seconds since 1970 above this are milliseconds, microseconds or nanoseconds.
_LATEST_S = 1e11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = "timestamp,value"
TIME_NAMES = frozenset({"timestamp", "time", "date", "datetime", "day", "hour", "ts"})


def seconds_of(text: str) -> float:
    """RFC 3339 or seconds since 1970; what names no zone is UTC. Raises `ValueError`."""
    try:
        number = float(text)
    except ValueError:
        read = datetime.fromisoformat(text.strip())
        return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
    if not isfinite(number) or number < 0:
        raise ValueError(text)
    while number > _LATEST_S:
        number /= 1000
    return number


def moment_of(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def series_of(text: str) -> tuple[list[float], list[float]]:
    """Times in seconds and values, gaps as NaN, in the order of the lines. Raises `Invalid`."""
    lines = _rows(text)
    header = next(lines, (1, list[str]()))[1]
    if len(header) != 2:
        raise SENTENCES.error(Invalid, "table_columns", count=len(header), header=HEADER)
    if _is_time(header[0]):
        raise SENTENCES.error(Invalid, "table_no_header", header=HEADER)
    if _is_called_a_time(header[1]) and not _is_called_a_time(header[0]):
        raise SENTENCES.error(Invalid, "table_swapped", header=HEADER)
    times: list[float] = []
    values: list[float] = []
    for line, row in lines:
        if len(row) != 2:
            raise SENTENCES.error(Invalid, "table_fields", line=line, count=len(row))
        times.append(_time(row[0], line))
        values.append(_value(row[1], line))
    return times, values


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise SENTENCES.error(
            Invalid, "table_no_csv", line=reader.line_num, why=str(error)
        ) from error


def _is_called_a_time(name: str) -> bool:
    return name.strip().lower() in TIME_NAMES


def _is_time(text: str) -> bool:
    try:
        seconds_of(text)
    except (ValueError, OverflowError):
        return False
    return True


def _time(text: str, line: int) -> float:
    try:
        return seconds_of(text)
    except (ValueError, OverflowError) as error:
        raise SENTENCES.error(Invalid, "table_no_time", line=line, told=repr(text[:40])) from error


def _value(text: str, line: int) -> float:
    if text.strip().lower() in GAPS:
        return nan
    try:
        value = float(text)
    except ValueError as error:
        raise SENTENCES.error(
            Invalid, "table_no_number", line=line, told=repr(text[:40])
        ) from error
    if not isfinite(value):
        return nan
    return value
