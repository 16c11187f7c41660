"""Alerts that were received: listed, explained, acknowledged, and which of them are worth having."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.principal import Principal
from core.sentences import Said
from core.storage.alert_records import EpisodeRow, StepRow
from mcp_servers.access import span_of
from mcp_servers.alerting.analysis_shapes import AlertAnalysis, Language, shown_analysis
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.alerting.unheard import lost_in_sight, of_alert, of_alerts
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_analysis import question_of
from mcp_servers.facts.notices import severity_of
from mcp_servers.paging import Page, Sort
from mcp_servers.sentences import near

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Id = Annotated[str, Field(max_length=32, description="As alerting_list shows it.")]
Window = Annotated[str, Field(description="ISO 8601, e.g. PT24H, P7D.")]
Status = Annotated[
    Literal["", "firing", "resolved", "unheard"],
    Field(description="unheard: fires, and no channel took it."),
]

# Shorter than this and over by itself, an alert seldom told anybody anything.
BRIEF = timedelta(minutes=5)
# So many episodes a day are noise whatever they say.
OFTEN_A_DAY = 6.0


class ReceivedAlert(BaseModel):
    id: str
    name: str
    status: str = Field(description="firing | resolved")
    severity: str
    namespace: str
    summary: str
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None
    times_received: int
    told: str = Field(description="The last status that channels were told; empty: none.")
    acknowledged_by: str


Unheard = Annotated[
    dict[str, str],
    Field(description="Why nobody is told, and what to do, by language; empty: somebody is."),
]


class ReceivedAlerts(Page[ReceivedAlert]):
    sorts_by = ("name", "status", "severity", "namespace", "starts_at", "ends_at", "times_received")

    untold: int = Field(default=0, description="That fire, and that no channel took.")
    unheard: Unheard = Field(default_factory=dict[str, str])

    def as_text(self) -> str:
        head = f"alerts received: {self.shown}. {self.unheard.get('en', '')}".rstrip(". ")
        return self.told(head, map(_alert_line, self.rows))


class ProcessingStep(BaseModel):
    at: datetime
    step: str
    outcome: str
    detail: dict[str, Any]


class AlertRecord(ReceivedAlert):
    source: str
    annotations: dict[str, str]
    generator_url: str
    acknowledged_at: datetime | None
    steps: list[ProcessingStep] = Field(description="What was done with it, in order, and why.")
    unheard: Unheard
    investigate: dict[str, str] = Field(description="Arguments of rca_investigate for this alert.")
    analysis: AlertAnalysis | None = Field(description="What an investigation found, if any.")

    def as_text(self) -> str:
        told = [
            f"{one.at:%H:%M:%S} {one.step} {one.outcome} {_detail(one.detail)}".rstrip()
            for one in self.steps
        ]
        found = [self.analysis.as_text()] if self.analysis else []
        unheard = [self.unheard["en"]] if self.unheard else []
        return "\n".join([_alert_line(self), *unheard, *told, *found])


class AlertQuality(BaseModel):
    name: str
    episodes: int
    firing_now: int
    brief: int = Field(description="Over by themselves within 5 minutes.")
    acknowledged: int
    told: int
    median_minutes: float | None
    verdict: str = Field(description="noisy | brief | ignored | useful")


class QualityPage(Page[AlertQuality]):
    sorts_by = (
        "name",
        "verdict",
        "episodes",
        "firing_now",
        "brief",
        "acknowledged",
        "told",
        "median_minutes",
    )

    window: str = ""

    def as_text(self) -> str:
        told = (
            f"{one.name} {one.verdict}: {one.episodes} episodes, {one.brief} brief, "
            f"{one.acknowledged} acknowledged"
            for one in self.rows
        )
        return self.told(
            f"alert rules by what they were worth in {self.window}: {self.shown}", told
        )


async def alerting_list(
    status: Status = "",
    name: Annotated[str, Field(description="Part of the alert's name.")] = "",
    namespace: str = "",
    window: Window = "",
    incident: Annotated[str, Field(max_length=64, description="inc-…: those that it caused.")] = "",
    cursor: str = "",
    sort: Sort = "",
    *,
    desk: Desk,
    caller: Principal,
) -> ReceivedAlerts:
    """List alerts that were sent to Midwatch, the last heard of first. For their way, alerting_show."""
    since = utc_now() - span_of(window) if window else None
    async with desk.session() as tables:
        gone = await lost_in_sight(tables, partial(in_sight, caller))
        unheard = await of_alerts(tables, len(gone))
        if incident:
            rows = await tables.alerts.of_incident(incident, limit=2000)
        elif status == "unheard":
            rows = await _of_ids(tables, gone, since)
        else:
            rows = await tables.alerts.latest(status=status, since=since, limit=2000)
    chosen = [
        one
        for one in rows
        if in_sight(caller, one.labels)
        and name.lower() in str(one.labels.get("alertname", "")).lower()
        and (not namespace or one.labels.get("namespace") == namespace)
    ]
    return ReceivedAlerts.shaped(
        chosen, _line, cursor=cursor, sort=sort, untold=len(gone), unheard=dict(unheard.texts)
    )


async def _of_ids(
    tables: "AlertTables", ids: Sequence[str], since: datetime | None
) -> list[EpisodeRow]:
    """The last updated first."""
    found = (await tables.alerts.episodes(ids)).values()
    rows = [one for one in found if since is None or one.updated_at >= since]
    return sorted(rows, key=lambda one: one.updated_at, reverse=True)


async def alerting_show(
    alert_id: Id, language: Language = "en", *, desk: Desk, caller: Principal
) -> AlertRecord:
    """Show one alert with its processing record: each step, when, why, who was told, the cause found."""
    async with desk.session() as tables:
        row = (await tables.alerts.episodes([alert_id])).get(alert_id)
        steps = await tables.alerts.steps(alert_id)
        known = [] if row else [one.id for one in await tables.alerts.latest()]
        job = await tables.jobs.get(row.analysis_id) if row and row.analysis_id else None
    if row is None or not in_sight(caller, row.labels):
        hint = near(alert_id, known) if caller.namespaces is None else Said()
        raise SENTENCES.error(NotFound, "no_alert_like", alert_id=alert_id, hint=hint)
    return _record(row, steps, shown_analysis(job, language, caller) if job else None)


async def alerting_acknowledge(alert_id: Id, *, desk: Desk, caller: Principal) -> AlertRecord:
    """Say that you take care of an alert, so that it is not escalated."""
    now = utc_now()
    async with desk.session() as tables:
        row = (await tables.alerts.episodes([alert_id])).get(alert_id)
        if row is None or not in_sight(caller, row.labels):
            raise SENTENCES.error(NotFound, "no_alert", alert_id=alert_id)
        if not await tables.alerts.acknowledge(alert_id, caller.subject, now):
            raise SENTENCES.error(Conflict, "taken_care_of", acknowledged_by=row.acknowledged_by)
        step = StepRow(alert_id, now, "acknowledge", "done", {"by": caller.subject})
        await tables.alerts.note([step])
    return await alerting_show(alert_id, desk=desk, caller=caller)


async def alerting_quality(
    window: Window = "P7D", cursor: str = "", sort: Sort = "", *, desk: Desk, caller: Principal
) -> QualityPage:
    """Rank alert rules by what they were worth: noisy, over by themselves, or never acted on."""
    span = span_of(window)
    async with desk.session() as tables:
        rows = await tables.alerts.latest(since=utc_now() - span, limit=50_000)
    by_name: dict[str, list[EpisodeRow]] = defaultdict(list)
    for row in rows:
        if in_sight(caller, row.labels):
            by_name[str(row.labels.get("alertname", ""))].append(row)
    days = max(span.total_seconds() / 86_400, 1 / 24)
    judged = [_quality(name, episodes, days) for name, episodes in by_name.items()]
    judged.sort(key=lambda one: (one.verdict == "useful", -one.episodes, one.name))
    return QualityPage.of(judged, cursor=cursor, sort=sort, window=window)


def in_sight(caller: Principal, labels: dict[str, Any]) -> bool:
    """An alert that names no cluster is of the one that Midwatch works on."""
    return in_namespaces(caller, labels) and caller.reaches(str(labels.get("cluster", "")))


def in_namespaces(caller: Principal, labels: dict[str, Any]) -> bool:
    """What carries no namespace is only for those who see all."""
    return caller.namespaces is None or labels.get("namespace", "") in caller.namespaces


def _quality(name: str, rows: list[EpisodeRow], days: float) -> AlertQuality:
    lasted = sorted(one.ends_at - one.starts_at for one in rows if one.ends_at)
    brief = sum(one < BRIEF for one in lasted)
    acknowledged = sum(bool(one.acknowledged_by) for one in rows)
    verdict = "useful"
    if len(rows) / days >= OFTEN_A_DAY:
        verdict = "noisy"
    elif lasted and brief * 2 > len(rows):
        verdict = "brief"
    elif len(rows) >= 3 and not acknowledged:
        verdict = "ignored"
    return AlertQuality(
        name=name,
        episodes=len(rows),
        firing_now=sum(one.status == "firing" for one in rows),
        brief=brief,
        acknowledged=acknowledged,
        told=sum(bool(one.told_status) for one in rows),
        median_minutes=round(lasted[len(lasted) // 2].total_seconds() / 60, 1) if lasted else None,
        verdict=verdict,
    )


def summary_of(row: EpisodeRow) -> str:
    notes = row.annotations
    return str(notes.get("summary") or notes.get("description") or "")


def _line(row: EpisodeRow) -> ReceivedAlert:
    return ReceivedAlert(
        id=row.id,
        name=str(row.labels.get("alertname", "")),
        status=row.status,
        severity=severity_of(str(row.labels.get("severity") or "")),
        namespace=str(row.labels.get("namespace", "")),
        summary=summary_of(row),
        labels=row.labels,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        times_received=row.times_received,
        told=row.told_status,
        acknowledged_by=row.acknowledged_by,
    )


def _record(row: EpisodeRow, steps: list[StepRow], analysis: AlertAnalysis | None) -> AlertRecord:
    return AlertRecord(
        **_line(row).model_dump(),
        source=row.source,
        annotations=row.annotations,
        generator_url=row.generator_url,
        unheard=dict(of_alert(row, steps).texts),
        acknowledged_at=row.acknowledged_at,
        steps=[
            ProcessingStep(at=one.at, step=one.step, outcome=one.outcome, detail=one.detail)
            for one in steps
        ],
        investigate=question_of(row.labels, summary_of(row)),
        analysis=analysis,
    )


def _alert_line(one: ReceivedAlert) -> str:
    told = f"told {one.told}" if one.told else "told nobody"
    taken = f", {one.acknowledged_by} takes care" if one.acknowledged_by else ""
    where = f" {one.namespace}" if one.namespace else ""
    head = f"{one.id} {one.status} {one.severity} {one.name}{where}"
    return f"{head} since {one.starts_at:%Y-%m-%d %H:%M}, {told}{taken}: {one.summary}"


def _detail(detail: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in detail.items() if value not in ("", []))
