"""Values now and over time, never a raw dump: few numbers a series, few series a page."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, OpsError
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends import metric_scope as scope
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.kubernetes import moment
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.nearest import did_you_mean
from mcp_servers.paging import Page
from mcp_servers.prometheus.shaping import (
    finite,
    said,
    shape_of,
    thinned,
    tidy,
    unit_of,
    varying,
    written,
)

if TYPE_CHECKING:
    from promql_parser import VectorSelector

Window = Annotated[str, Field(description="ISO 8601.")]
End = Annotated[str, Field(description="RFC 3339; empty: now.")]
Cursor = Annotated[str, Field(max_length=200)]

SAMPLES_SHOWN = 50
RANGES_SHOWN = 10
TOLD_POINTS = 12
LONGEST = timedelta(days=90)
NAMES_REACH_BACK = timedelta(hours=1)


class Sample(BaseModel):
    labels: dict[str, str]
    value: float | None = Field(description="null when it is not a finite number.")


class Samples(Page[Sample]):
    query: str = ""
    unit: str = Field(default="", description="A guess from the metric's name; may be empty.")
    at: datetime | None = None
    note: str = ""

    def as_text(self) -> str:
        every = [tuple(row.labels.items()) for row in self.rows]
        shared, telling = varying(every)
        unit = f", {self.unit}" if self.unit else ""
        told = [f"{_apart(row.labels, telling)} {said(row.value, self.unit)}" for row in self.rows]
        return self.told(f"{self.shown} series now{unit}", _body(shared, told, self.note))


class Range(BaseModel):
    labels: dict[str, str]
    first: float | None
    last: float | None
    min: float | None
    max: float | None
    max_at: datetime | None
    mean: float | None
    points: list[tuple[datetime, float]] = Field(description="Peaks kept, at most 30.")


class Ranges(Page[Range]):
    query: str = ""
    unit: str = Field(default="", description="A guess from the metric's name; may be empty.")
    start: datetime | None = None
    end: datetime | None = None
    note: str = ""

    def as_text(self) -> str:
        shared, telling = varying([tuple(row.labels.items()) for row in self.rows])
        unit = f", {self.unit}" if self.unit else ""
        heading = f"{self.shown} series from {_stamp(self.start)} to {_stamp(self.end)}{unit}"
        told = [f"{_apart(row.labels, telling)} {_line(row, self.unit)}" for row in self.rows]
        return self.told(heading, _body(shared, told, self.note))


async def prometheus_query(
    query: str, cursor: Cursor = "", *, prometheus: Prometheus, caller: Principal
) -> Samples:
    """Evaluate PromQL now. Over time: use prometheus_query_range."""
    scope.check(caller, query)
    found = await prometheus.query(query)
    rows = [Sample(labels=dict(one.labels), value=tidy(one.points[-1][1])) for one in found]
    return Samples.of(
        rows,
        cursor=cursor,
        size=SAMPLES_SHOWN,
        query=query,
        unit=unit_of(query),
        at=found[0].points[-1][0] if found else None,
        note="" if found else await _why_nothing(prometheus, caller, query),
    )


async def prometheus_query_range(
    query: str,
    window: Window = "PT1H",
    end: End = "",
    cursor: Cursor = "",
    *,
    prometheus: Prometheus,
    caller: Principal,
) -> Ranges:
    """Evaluate PromQL over time: first, last, min, max, mean and up to 30 points a series."""
    scope.check(caller, query)
    until = _moment(end)
    start = until - _span(window)
    found = await prometheus.query_range(query, start=start, end=until)
    rows = sorted((_range(one) for one in found), key=lambda row: -(row.max or 0))
    return Ranges.of(
        rows,
        cursor=cursor,
        size=RANGES_SHOWN,
        query=query,
        unit=unit_of(query),
        start=start,
        end=until,
        note="" if found else await _why_nothing(prometheus, caller, query),
    )


def _range(series: Series) -> Range:
    points = finite(series)
    shape = shape_of(points)
    return Range(
        labels=dict(series.labels),
        first=tidy(shape.first),
        last=tidy(shape.last),
        min=tidy(shape.lowest),
        max=tidy(shape.highest),
        max_at=shape.highest_at,
        mean=tidy(shape.mean),
        points=[(at, tidy(value) or 0.0) for at, value in thinned(points)],
    )


def _moment(text: str) -> datetime:
    if not text:
        return utc_now()
    at = moment(text)
    if at is None:
        raise SENTENCES.error(Invalid, "no_time", text=text)
    return at


def _span(window: str) -> timedelta:
    span = span_of(window)
    if not timedelta(0) < span <= LONGEST:
        raise SENTENCES.error(Invalid, "window_from_second", days=LONGEST.days)
    return span


async def _why_nothing(prometheus: Prometheus, caller: Principal, query: str) -> str:
    """Which metric of the query does not exist, and which are called nearly so."""
    named = {one.name for one in _selectors(query) if one.name}
    now = utc_now()
    match = scope.selector_within(caller, "")
    try:
        known = await prometheus.label_values(
            "__name__", [match] if match else [], start=now - NAMES_REACH_BACK, end=now
        )
    except OpsError:
        return "No series."
    missing = sorted(named - set(known))
    if not missing:
        return "No series match, though the metrics exist: check the label matchers."
    told = (f"There is no metric {name}. {did_you_mean(name, known)}".strip() for name in missing)
    return " ".join(told)


def _selectors(query: str) -> Sequence["VectorSelector"]:
    try:
        return scope.selectors(query)
    except Invalid:
        return ()  # the server took it, so its syntax is newer than ours


def _apart(labels: dict[str, str], telling: set[str]) -> str:
    return written([(key, value) for key, value in labels.items() if key in telling])


def _body(shared: dict[str, str], told: Sequence[str], note: str) -> list[str]:
    common = [f"all have {written(sorted(shared.items()))}"] if shared else []
    return [*common, *told, *([note] if note else [])]


def _line(row: Range, unit: str) -> str:
    if row.max_at is None:
        return "no finite values"
    numbers = " ".join(
        f"{name}={said(value, unit)}"
        for name, value in (("first", row.first), ("last", row.last), ("min", row.min))
    )
    points = " ".join(
        f"{at:%H:%M}={said(value, unit)}" for at, value in thinned(row.points, TOLD_POINTS)
    )
    peak = f"max={said(row.max, unit)} (at {_stamp(row.max_at)}) mean={said(row.mean, unit)}"
    return f"{numbers} {peak}\n  {points}"


def _stamp(at: datetime | None) -> str:
    return f"{at:%m-%d %H:%M}Z" if at else "?"
