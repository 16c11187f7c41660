"""A list of what a server of alerts gave, with its head and how many more there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.markdown import joined, table
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
ROWS_SHOWN = 25


def listed(
    asked: Asked,
    result: Result,
    what: str,
    columns: Sequence[str],
    cells: Sequence[Sequence[object]],
    **facts: str,
) -> str:
    if not cells:
        return cited(result, phrase(f"alerting.no_{what}", asked.language, **facts))
    total = int(result.data.get("total") or len(cells))
    head = phrase(f"alerting.{what}", asked.language, total=total, **facts)
    left = total - min(len(cells), ROWS_SHOWN)
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    headings = [phrase(f"columns.{one}", asked.language) for one in columns]
    return joined([cited(result, head), table(headings, cells[:ROWS_SHOWN]), more])


def rows_of(result: Result) -> list[Json]:
    return list(result.data.get("rows") or [])


def cited(result: Result, sentence: str) -> str:
    return f"{sentence} [{result.whole}]" if result.whole else sentence


def to_the_minute(moment: object) -> str:
    return str(moment)[:16].replace("T", " ") if moment else ""


def ago(seconds: int | None) -> str:
    if seconds is None:
        return ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
