"""What lies within the time that is asked about: "since Tuesday", "between 2 and 3 this morning"."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.asked import Asked
from agent.moments import Span, since_rollout
from agent.planning_logs import LOG_LINES
from agent.wording import phrase

Json = Mapping[str, Any]
Rows = tuple[list[Json], str]

# One rollout is told by the cluster and by the tool that made it, a little apart.
ONE_ROLLOUT = timedelta(minutes=10)


def changes_within(asked: Asked, rows: Sequence[Json]) -> Rows:
    """The changes of that time, and a sentence that says which time it is: "" where all are meant."""
    span = asked.span
    if span is None and since_rollout(asked.question.lower()):
        last = max((_at(one) for one in rows if one["kind"] == "deploy"), default=None)
        span = Span(last - ONE_ROLLOUT) if last else None
    return [one for one in rows if not span or span.holds(_at(one), _at(one))], _when(asked, span)


def events_within(asked: Asked, rows: Sequence[Json]) -> Rows:
    """Events that were seen in that time."""
    span = asked.span
    if not span:
        return list(rows), ""
    kept = [
        one
        for one in rows
        if span.holds(*(_ago(asked, one[f"{key}_ago_s"], one) for key in ("first", "last")))
    ]
    return kept, _when(asked, span)


def lines_within(asked: Asked, lines: Sequence[Json]) -> Rows:
    """Lines of that time, the last of them; the newest there are, with a word, where it has none."""
    span = asked.looked_at
    if not span:
        return list(lines), ""
    kept = [one for one in lines if not one["at"] or span.holds(_at(one), _at(one))]
    if kept:
        return kept[-LOG_LINES:], _when(asked, asked.span)
    return list(lines[-LOG_LINES:]), phrase(
        "rows.no_lines_then", asked.language, when=_told(span, asked)
    )


def _at(row: Json) -> datetime:
    return datetime.fromisoformat(str(row["at"]))


def _ago(asked: Asked, seconds: int | None, row: Json) -> datetime:
    told = seconds if seconds is not None else row["last_ago_s"] or 0
    return asked.now - timedelta(seconds=told)


def _when(asked: Asked, span: Span | None) -> str:
    return phrase("rows.when", asked.language, when=_told(span, asked)) if span else ""


def _told(span: Span, asked: Asked) -> str:
    moments = {"since": f"{span.since:%Y-%m-%d %H:%M}"}
    if span.until is None:
        return phrase("rows.since", asked.language, **moments)
    return phrase("rows.between", asked.language, **moments, until=f"{span.until:%Y-%m-%d %H:%M}")
