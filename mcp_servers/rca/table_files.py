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
from mcp_servers.rca.sentences import SENTENCES

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
        raise SENTENCES.error(Invalid, "no_moment", told=repr(text)) from error


def metrics_of(text: str) -> tuple[Array, list[str], Array]:
    """Times in seconds, names of the columns, values with gaps as NaN. Raises `Invalid`."""
    rows = _rows(text, "metrics")
    header = next(rows, (1, list[str]()))[1]
    if len(header) < 2:
        raise SENTENCES.error(Invalid, "metrics_of_one_column")
    times: list[float] = []
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != len(header):
            raise SENTENCES.error(
                Invalid, "metrics_fields", line=line, count=len(row), wanted=len(header)
            )
        times.append(_time(row[0], line, "metrics"))
        values.append(_numbers(row, header, line))
    table = np.array(values) if values else np.empty((0, len(header) - 1))
    return np.array(times), header[1:], table


def logs_of(text: str) -> list[LogLine]:
    """Lines of a log CSV with the columns timestamp, component and message. Raises `Invalid`."""
    if not text.strip():
        return []
    rows = _rows(text, "logs")
    header = [name.strip().lower() for name in next(rows, (1, list[str]()))[1]]
    missing = [name for name in _LOG_FIELDS if name not in header]
    if missing:
        raise SENTENCES.error(
            Invalid, "logs_without_column", column=missing[0], header=",".join(_LOG_FIELDS)
        )
    at, component, message = (header.index(name) for name in _LOG_FIELDS)
    lines: list[LogLine] = []
    for line, row in rows:
        if len(row) <= max(at, component, message):
            raise SENTENCES.error(Invalid, "logs_fields", line=line, count=len(row))
        lines.append((_time(row[at], line, "logs"), row[component], row[message]))
    return lines


def _rows(text: str, what: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the line they end on."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise SENTENCES.error(
            Invalid, f"{what}_no_csv", line=reader.line_num, why=str(error)
        ) from error


def _time(text: str, line: int, what: str) -> float:
    try:
        return seconds_of(text)
    except (ValueError, OverflowError) as error:
        raise SENTENCES.error(
            Invalid, f"{what}_no_time", line=line, told=repr(text[:40])
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
        raise SENTENCES.error(
            Invalid, "metrics_no_number", line=line, name=name, told=repr(field[:40])
        ) from error
