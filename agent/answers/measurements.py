"""Prometheus results told: each series with its last value, or its course."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.failures import translated
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
        note = translated(plain(data.get("note") or ""), asked.language)
        return phrase("rows.no_series", asked.language, note=note) + mark
    unit = str(data.get("unit") or "")
    head = f"`{plain(data.get('query', ''))}`{f' ({unit})' if unit else ''}:{mark}"
    shown = rows[:SERIES_SHOWN]
    if "value" in rows[0]:
        told, keys = ("value",), ("value",)
    else:
        told = ("first", "last", "lowest", "highest", "average")
        keys = ("first", "last", "min", "max", "mean")
    cells = [(_labels(row), *(_number(row[key], unit) for key in keys)) for row in shown]
    body = table([phrase(f"columns.{one}", asked.language) for one in ("series", *told)], cells)
    left = int(data.get("total") or len(rows)) - len(shown)
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([head, body, more, _unmeasured(asked, rows)])


def _unmeasured(asked: Asked, rows: Sequence[Json]) -> str:
    """Which of several names nothing was measured of."""
    told = [str(value) for row in rows for value in row["labels"].values()]
    absent = [
        name
        for name in asked.names
        if not any(one == name or one.startswith(f"{name}-") for one in told)
    ]
    if len(asked.names) < 2 or not absent:
        return ""
    return phrase("rows.unmeasured", asked.language, names=", ".join(absent))


def _labels(row: Json) -> str:
    return ", ".join(f"{key}={value}" for key, value in row["labels"].items()) or "{}"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "NaN"
    if unit == "bytes":
        return f"{value / (1 << 20):.4g} MiB"
    return f"{value:.4g}"
