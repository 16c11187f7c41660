"""Prometheus results told: each series with its last value, or its course."""

from collections.abc import Mapping
from typing import Any

from agent.answers.markdown import joined, plain, table
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

SERIES_SHOWN = 15
Json = Mapping[str, Any]


def told_samples(asked: Asked, result: Result) -> str:
    data, rows = result.data, list(result.data.get("rows") or [])
    mark = f" [{result.whole}]" if result.whole else ""
    if not rows:
        note = plain(data.get("note") or "")
        return phrase("rows.no_series", asked.language, note=note) + mark
    unit = str(data.get("unit") or "")
    head = f"`{plain(data.get('query', ''))}`{f' ({unit})' if unit else ''}:{mark}"
    shown = rows[:SERIES_SHOWN]
    if "value" in rows[0]:
        body = table(
            ("series", "value"), [(_labels(row), _number(row["value"], unit)) for row in shown]
        )
    else:
        columns = ("series", "first", "last", "min", "max", "mean")
        cells = [(_labels(row), *(_number(row[key], unit) for key in columns[1:])) for row in shown]
        body = table(columns, cells)
    left = int(data.get("total") or len(rows)) - len(shown)
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([head, body, more])


def _labels(row: Json) -> str:
    return ", ".join(f"{key}={value}" for key, value in row["labels"].items()) or "{}"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "NaN"
    if unit == "bytes":
        return f"{value / (1 << 20):.4g} MiB"
    return f"{value:.4g}"
