"""What is told of much at once: kinds of events, of errors and of lines, and a table's odd values."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.failures import told_reason
from agent.answers.markdown import bullets, code, joined, plain, section, table
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]

ROWS_SHOWN = 15
TEMPLATE = 118
NAMES = 3


def told_event_patterns(asked: Asked, result: Result) -> str:
    rows: Sequence[Json] = result.data.get("rows") or []
    cells = [
        (
            one["count"],
            one["type"],
            one["reason"],
            one["objects"],
            _minute(one["last"]),
            code(one["template"], TEMPLATE),
        )
        for one in rows
    ]
    head = _head(asked, result, "events", kinds=len(rows), total=result.data.get("events", 0))
    return _told(asked, head, ("count", "type", "reason", "objects", "last_seen", "message"), cells)


def told_error_summary(asked: Asked, result: Result) -> str:
    rows: Sequence[Json] = result.data.get("rows") or []
    cells = [
        (
            one["count"],
            one["level"],
            _named(one["by_workload"]),
            _minute(one["last"]),
            code(one["template"], TEMPLATE),
        )
        for one in rows
    ]
    facts = {"lines": result.data.get("lines", 0), "logs": result.data.get("logs", 0)}
    head = _head(asked, result, "errors" if rows else "no_errors", kinds=len(rows), **facts)
    told = _told(asked, head, ("count", "level", "workload", "last_seen", "line"), cells)
    skipped: Sequence[Json] = result.data.get("skipped") or []
    missed = bullets(
        f"{plain(one['what'])}: {told_reason(one['why'], asked.language)}" for one in skipped[:5]
    )
    return joined([told, section(phrase("rca.not_checked", asked.language), missed)])


def told_pasted_log(asked: Asked, result: Result) -> str:
    rows: Sequence[Json] = result.data.get("patterns") or []
    cells = [
        (one["count"], one["level"], (one["last"] or "")[:19], code(one["template"], TEMPLATE))
        for one in rows
    ]
    kinds = len(rows) + int(result.data.get("more") or 0)
    head = _head(asked, result, "pasted", kinds=kinds, lines=result.data.get("lines", 0))
    return _told(asked, head, ("count", "level", "last_seen", "line"), cells)


def told_table(asked: Asked, result: Result) -> str:
    every: Sequence[Json] = result.data.get("points") or []
    odd = sorted((one for one in every if one["anomaly"]), key=lambda one: -abs(one["score"]))
    facts = {"odd": len(odd), "total": len(every)}
    if result.data.get("verdict") != "ok":
        return _head(asked, result, "too_few", **facts)
    cells = [
        (
            str(one["at"])[:19].replace("T", " "),
            f"{one['value']:.6g}",
            f"{one['expected']:.6g}",
            phrase(f"severity.{one['severity']}", asked.language),
        )
        for one in odd
    ]
    head = _head(asked, result, "values" if odd else "no_odd_values", **facts)
    moved: Sequence[Json] = result.data.get("change_points") or []
    levels = bullets(
        phrase("patterns.moved", asked.language, at=str(one["at"])[:19].replace("T", " "))
        + f" {one['before']:.6g} → {one['after']:.6g}"
        for one in moved[:5]
    )
    told = _told(asked, head, ("at", "value", "expected", "severity"), cells)
    return joined([told, levels])


def _head(asked: Asked, result: Result, key: str, **facts: Any) -> str:
    mark = f" [{result.whole}]" if result.whole else ""
    return phrase(f"patterns.{key}", asked.language, **facts) + mark


def _told(
    asked: Asked, head: str, columns: Sequence[str], cells: Sequence[Sequence[object]]
) -> str:
    if not cells:
        return head
    headings = [phrase(f"columns.{one}", asked.language) for one in columns]
    left = len(cells) - ROWS_SHOWN
    more = phrase("rows.more", asked.language, count=left) if left > 0 else ""
    return joined([head, table(headings, cells[:ROWS_SHOWN]), more])


def _named(shares: Sequence[Json]) -> str:
    names = [f"{one['resource']['name']} ({one['count']})" for one in shares]
    more = f" +{len(names) - NAMES}" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more


def _minute(at: str | None) -> str:
    return (at or "")[:16].replace("T", " ")
