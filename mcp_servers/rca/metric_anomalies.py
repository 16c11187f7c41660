"""rca_metric_anomalies and rca_table_anomalies: what season, trend and noise do not explain."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends.metric_scope import check
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.backends.series_table import moment_of
from mcp_servers.engines.service_signals import SELECTORS, signals
from mcp_servers.facts.kubernetes import NotChecked
from mcp_servers.facts.metrics import Series
from mcp_servers.paging import Page
from mcp_servers.rca.gather import or_missed
from mcp_servers.rca.shapes import Language, Skipped
from mcp_servers.rca.study import Hands
from mcp_servers.rca.texts import Texts

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.anomalies import Anomalies, Judged, LevelChange

Query = Annotated[str, Field(max_length=4000, description="PromQL; or give namespace and name.")]
Home = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")]
Name = Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9._-]*$", description="Service.")]
Window = Annotated[str, Field(max_length=20, description="ISO 8601.")]
Cursor = Annotated[str, Field(max_length=200)]
ValuesCsv = Annotated[str, Field(max_length=64_000_000, description="CSV: timestamp,value.")]
SeriesName = Annotated[str, Field(max_length=500, description="The metric's name; tells counters.")]

# A window is judged by so many windows before it; a query also by so long that days show.
WINDOWS_BEFORE = 8
DAYS_BEFORE = timedelta(days=3)
LONGEST = timedelta(days=30)
# One request for points holds 300.
CHUNKS = 4
MOST_SIGNALS = 24
SERIES_SHOWN = 20
POINTS_SHOWN = 30


class AnomalyPoint(BaseModel):
    at: datetime
    value: float = Field(description="Of a counter: its growth a second.")
    expected: float
    score: float = Field(description="Robust standard deviations from what was expected.")
    anomaly: bool
    severity: str | None = Field(description="low | medium | high | critical; null: no anomaly.")

    @classmethod
    def of(cls, one: "Judged") -> "AnomalyPoint":
        return cls(
            at=_moment(one.at),
            value=_tidy(one.value),
            expected=_tidy(one.expected),
            score=round(one.score, 2),
            anomaly=bool(one.severity),
            severity=one.severity or None,
        )


class ChangePoint(BaseModel):
    at: datetime
    before: float
    after: float
    spreads: float = Field(description="How far the level moved, in usual spreads.")

    @classmethod
    def of(cls, one: "LevelChange") -> "ChangePoint":
        return cls(
            at=_moment(one.at),
            before=_tidy(one.before),
            after=_tidy(one.after),
            spreads=round(one.spreads, 2),
        )


class TableAnomalies(BaseModel):
    method: str
    verdict: str = Field(description="ok | insufficient_data")
    missing: str = Field(default="", description="What an insufficient verdict lacks.")
    counter: bool
    season: str = Field(description="E.g. hour, day, 4 weeks, 900 s; or empty.")
    gaps: int
    resets: int
    points: list[AnomalyPoint]
    change_points: list[ChangePoint]

    def as_text(self) -> str:
        if self.missing:
            return f"{self.verdict}: {self.missing}"
        flagged = [one for one in self.points if one.anomaly]
        heading = f"{self.verdict}: {len(flagged)} of {len(self.points)} values; {self.method}"
        return "\n".join([heading, *map(_told_point, flagged[:POINTS_SHOWN])])


class SeriesAnomalies(BaseModel):
    signal: str
    labels: dict[str, str]
    verdict: str = Field(description="ok | insufficient_data")
    method: str
    flagged: int = Field(description="Anomalous values in the window.")
    severity: str | None = Field(description="The worst of them.")
    points: list[AnomalyPoint] = Field(description="The anomalous ones, at most 30.")
    change_points: list[ChangePoint]

    def as_line(self) -> str:
        labels = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        if not self.flagged:
            return f"{self.signal} {{{labels}}}: {self.verdict}, nothing anomalous"
        worst = max(self.points, key=lambda one: abs(one.score))
        heading = f"{self.signal} {{{labels}}}: {self.severity}, {self.flagged} values"
        moved = [
            f"level {one.before:.4g} -> {one.after:.4g} at {_hour(one.at)}"
            for one in self.change_points[-2:]
        ]
        return "; ".join([heading, f"worst {_told_point(worst)}", *moved])


class MetricAnomalies(Page[SeriesAnomalies]):
    start: datetime
    end: datetime
    known_since: datetime = Field(description="From here on values told what is usual.")
    skipped: list[Skipped]

    def as_text(self) -> str:
        heading = f"series: {self.shown}, from {_hour(self.start)} to {_hour(self.end)}"
        missed = [f"not checked: {one.what}: {one.why}" for one in self.skipped]
        return self.told(heading, [*(row.as_line() for row in self.rows), *missed])


async def rca_metric_anomalies(
    query: Query = "",
    namespace: Home = "",
    name: Name = "",
    window: Window = "PT1H",
    cursor: Cursor = "",
    *,
    hands: Hands,
    caller: Principal,
) -> MetricAnomalies:
    """Find anomalies and level changes in a query's series, or in all metrics of a service."""
    span = span_of(window)
    if not timedelta(minutes=5) <= span <= LONGEST:
        raise SENTENCES.error(Invalid, "window_from_minutes", days=LONGEST.days)
    if bool(query) == bool(name):
        raise SENTENCES.error(Invalid, "nothing_to_look_at")
    prometheus, end = _configured(hands.prometheus), utc_now()
    # A service has many metrics, so each is asked for once; a query may cost several requests.
    since = end - span - max(WINDOWS_BEFORE * span, DAYS_BEFORE if query else timedelta(0))
    missed: list[NotChecked] = []
    if query:
        check(caller, query)
        found = [(query, one) for one in await _read(prometheus, query, since, end)]
    else:
        found = await _of_service(prometheus, caller, (namespace, name), (since, end), missed)
    rows = await anyio.to_thread.run_sync(_judged_all, found, end - span)
    return MetricAnomalies.of(
        rows,
        cursor=cursor,
        size=SERIES_SHOWN,
        start=end - span,
        end=end,
        known_since=since,
        skipped=[Skipped(what=one.what, why=one.why) for one in dict.fromkeys(missed)],
    )


async def rca_table_anomalies(
    values: ValuesCsv, name: SeriesName = "", language: Language = "en"
) -> TableAnomalies:
    """Find anomalies and level changes in a table of one series.

    For series of Prometheus use rca_metric_anomalies.
    """
    found = await anyio.to_thread.run_sync(_of_table, values, name)
    return TableAnomalies(
        method=found.method,
        verdict=_verdict(found),
        missing=_missing(found, Texts(language)),
        counter=found.counter,
        season=found.season,
        gaps=found.gaps,
        resets=found.resets,
        points=[AnomalyPoint.of(one) for one in found.points],
        change_points=[ChangePoint.of(one) for one in found.changes],
    )


def _missing(found: "Anomalies", texts: Texts) -> str:
    if not found.why:
        return ""
    from mcp_servers.engines.anomalies import FEWEST_VALUES

    facts = {"values": found.values, "gaps": found.gaps, "fewest": FEWEST_VALUES}
    return texts.phrase(f"anomalies_{found.why}", **facts)


def _of_table(values: str, name: str) -> "Anomalies":
    from mcp_servers.engines.anomalies import anomalies
    from mcp_servers.rca.table_files import metrics_of

    times, names, table = metrics_of(values)
    if len(names) != 1:
        raise SENTENCES.error(Invalid, "one_column", columns=len(names))
    return anomalies(times.tolist(), table[:, 0].tolist(), name=name or names[0])


def _configured(prometheus: Prometheus | None) -> Prometheus:
    if prometheus is None:
        raise SENTENCES.error(Invalid, "no_prometheus")
    return prometheus


async def _read(
    prometheus: Prometheus, query: str, since: datetime, end: datetime, chunks: int = CHUNKS
) -> list[Series]:
    """A series over a long time, in as many requests as its points need."""
    edges = [since + (end - since) * i / chunks for i in range(chunks + 1)]
    pieces = await asyncio.gather(
        *(
            prometheus.query_range(query, start=start, end=stop, points=300)
            for start, stop in pairwise(edges)
        )
    )
    points: dict[tuple[tuple[str, str], ...], dict[datetime, float]] = {}
    for one in (series for piece in pieces for series in piece):
        points.setdefault(one.labels, {}).update(one.points)
    return [Series(query, labels, tuple(sorted(told.items()))) for labels, told in points.items()]


async def _of_service(
    prometheus: Prometheus,
    caller: Principal,
    service: tuple[str, str],
    span: tuple[datetime, datetime],
    missed: list[NotChecked],
) -> list[tuple[str, Series]]:
    """Every signal that its metrics give, by name."""
    namespace, name = service
    selectors = [one.format(namespace=namespace, name=name) for one in SELECTORS]
    if not namespace:
        selectors = [one.replace('namespace="",', "") for one in selectors]
    for one in selectors:
        check(caller, one)
    found = await prometheus.series(selectors, start=span[1] - timedelta(hours=1), end=span[1])
    asked = signals(found, selectors)
    why = f"too_large: Only {MOST_SIGNALS} metrics were looked at."
    missed.extend(NotChecked(signal.name, why) for signal in asked[MOST_SIGNALS:])
    read = await asyncio.gather(
        *(
            or_missed(one.name, _read(prometheus, one.query, *span, chunks=1), missed)
            for one in asked[:MOST_SIGNALS]
        )
    )
    return [
        (signal.name, one) for signal, series in zip(asked, read, strict=False) for one in series
    ]


def _judged_all(found: Sequence[tuple[str, Series]], since: datetime) -> list[SeriesAnomalies]:
    rows = [_row(name, one, since) for name, one in found]
    return sorted(
        rows, key=lambda row: (-max((abs(p.score) for p in row.points), default=0), row.signal)
    )


def _row(name: str, series: Series, since: datetime) -> SeriesAnomalies:
    from mcp_servers.engines.anomalies import anomalies

    times = [at.timestamp() for at, _ in series.points]
    found = anomalies(times, [value for _, value in series.points], name=_metric(name, series))
    flagged = [one for one in found.points if one.severity and one.at >= since.timestamp()]
    worst = sorted(flagged, key=lambda one: -abs(one.score))
    shown = sorted(worst[:POINTS_SHOWN], key=lambda one: one.at)
    return SeriesAnomalies(
        signal=name,
        labels=dict(series.labels),
        verdict=_verdict(found),
        method=found.method,
        flagged=len(flagged),
        severity=_gravest([one.severity for one in flagged]),
        points=[AnomalyPoint.of(one) for one in shown],
        change_points=[ChangePoint.of(one) for one in found.changes if one.at >= since.timestamp()],
    )


def _metric(name: str, series: Series) -> str:
    """What a bare selector reads is a metric by that name; what a function made is none."""
    return series.label("__name__") or ("" if "(" in series.query else name)


def _gravest(severities: Sequence[str]) -> str | None:
    order = ("critical", "high", "medium", "low")
    return next((one for one in order if one in severities), None)


def _verdict(found: "Anomalies") -> Literal["ok", "insufficient_data"]:
    return "ok" if found.enough else "insufficient_data"


def _moment(seconds: float) -> datetime:
    return moment_of(seconds)


def _tidy(value: float) -> float:
    """Ten significant digits: what arithmetic adds behind them is noise."""
    return float(f"{value:.10g}")


def _hour(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}Z"


def _told_point(one: AnomalyPoint) -> str:
    return f"{_hour(one.at)} {one.value:.4g}, expected {one.expected:.4g}, {one.severity} ({one.score:+.1f})"
