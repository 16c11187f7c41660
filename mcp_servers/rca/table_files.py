"""The files of `midwatch rca rank` as text: metrics and logs in CSV, moments as people write them."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice

import numpy as np

from core.errors import Invalid
from mcp_servers.backends.series_table import seconds_of
from mcp_servers.engines.log_novelty import LogLine
from mcp_servers.engines.metric_tables import Array

# What monitoring systems write where there is no value.
_GAPS = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})
_LOG_FIELDS = ("timestamp", "component", "message")


def at_of(text: str) -> float | None:
    """When the trouble began; None where nobody says. Raises `Invalid`."""
    if not text:
        return None
    try:
        return seconds_of(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{text!r} is not a moment.", hint="Write 2026-01-31T12:00:00Z, or seconds since 1970."
        ) from error


def metrics_of(text: str) -> tuple[Array, list[str], Array]:
    """Times in seconds, names of the columns, values with gaps as NaN. Raises `Invalid`."""
    rows = _rows(text, "The metrics")
    header = next(rows, (1, list[str]()))[1]
    if len(header) < 2:
        raise Invalid(
            "The metrics have no column beside the first.",
            hint="The header is: timestamp,component:metric,…",
        )
    times: list[float] = []
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(header):
            raise Invalid(
                f"Line {line} of the metrics has {len(row)} fields, the header {len(header)}."
            )
        times.append(_time(row[0], line, "the metrics"))
        values.append(_numbers(row, header, line))
    table = np.array(values) if values else np.empty((0, len(header) - 1))
    return np.array(times), header[1:], table


def logs_of(text: str) -> list[LogLine]:
    """Lines of a log CSV with the columns timestamp, component and message. Raises `Invalid`."""
    if not text.strip():
        return []
    rows = _rows(text, "The logs")
    header = [name.strip().lower() for name in next(rows, (1, list[str]()))[1]]
    missing = [name for name in _LOG_FIELDS if name not in header]
    if missing:
        raise Invalid(
            f"The logs have no column {missing[0]}.", hint=f"The header is: {','.join(_LOG_FIELDS)}"
        )
    at, component, message = (header.index(name) for name in _LOG_FIELDS)
    lines: list[LogLine] = []
    for line, row in rows:
        if len(row) <= max(at, component, message):
            raise Invalid(f"Line {line} of the logs has only {len(row)} fields.")
        lines.append((_time(row[at], line, "the logs"), row[component], row[message]))
    return lines


def _rows(text: str, what: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the line they end on."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise Invalid(f"{what} are no CSV: line {reader.line_num}: {error}.") from error


def _time(text: str, line: int, what: str) -> float:
    try:
        return seconds_of(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"Line {line} of {what} begins with {text[:40]!r}, which is no time.",
            hint="Write RFC 3339 or seconds since 1970.",
        ) from error


def _numbers(row: Sequence[str], header: Sequence[str], line: int) -> list[float]:
    try:
        return [float(field) if field else np.nan for field in islice(row, 1, None)]
    except ValueError:
        pairs = zip(islice(row, 1, None), islice(header, 1, None), strict=True)
        return [_number(field, name, line) for field, name in pairs]


def _number(field: str, name: str, line: int) -> float:
    if field.strip().lower() in _GAPS:
        return float("nan")
    try:
        return float(field)
    except ValueError as error:
        raise Invalid(
            f"Line {line} of the metrics: {name} is {field[:40]!r}, which is no number."
        ) from error
