"""What is scraped, which rules there are, and what fires."""

from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import OpsError
from core.principal import Principal
from mcp_servers.backends import metric_scope as scope
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.facts.alerts import Alert, Labels, Rule, Target
from mcp_servers.paging import Page
from mcp_servers.prometheus.query import Cursor
from mcp_servers.prometheus.shaping import written

Namespace = Annotated[str, Field(description="Empty: all.")]
Contains = Annotated[str, Field(description="Part of a name.")]

SEVERITIES = ("critical", "page", "error", "high", "warning", "info", "none")
QUERY_CHARACTERS = 300


class TargetRow(BaseModel):
    job: str
    instance: str
    namespace: str
    health: str
    error: str
    scraped_ago_s: int | None
    scrape_s: float = Field(description="Duration of the last scrape, seconds.")


class Targets(Page[TargetRow]):
    down: int = 0

    def as_text(self) -> str:
        told = [f"{row.health} {row.job} {row.instance} {row.error}".rstrip() for row in self.rows]
        return self.told(f"scrape targets: {self.shown}, {self.down} down", told)


class RuleRow(BaseModel):
    group: str
    name: str
    kind: str = Field(description="alerting | recording")
    state: str
    health: str
    error: str
    query: str
    for_s: float = Field(description="How long it must hold before it fires, seconds.")
    severity: str
    alerts: int


class Rules(Page[RuleRow]):
    def as_text(self) -> str:
        return self.told(f"rules: {self.shown}", (_rule_line(row) for row in self.rows))


class AlertRow(BaseModel):
    name: str
    state: str = Field(description="pending | firing | active | suppressed")
    severity: str
    namespace: str
    since_s: int | None = Field(description="Seconds since it began.")
    summary: str
    labels: dict[str, str]
    silenced_by: list[str]


class Alerts(Page[AlertRow]):
    source: str = Field(default="", description="alertmanager | prometheus")
    note: str = ""

    def as_text(self) -> str:
        heading = f"alerts from {self.source}: {self.shown}. {self.note}".rstrip()
        return self.told(heading, (_alert_line(row) for row in self.rows))


async def prometheus_targets(
    down: bool = False, cursor: Cursor = "", *, prometheus: Prometheus, caller: Principal
) -> Targets:
    """List scrape targets, or only those that are down."""
    found = [one for one in await prometheus.targets() if _in_sight(caller, one.labels)]
    failing = [one for one in found if one.health == "down"]
    rows = [_target_row(one) for one in (failing if down else found)]
    rows.sort(key=lambda row: (row.health == "up", row.job, row.instance))
    return Targets.of(rows, cursor=cursor, down=len(failing))


async def prometheus_rules(
    name: Contains = "", cursor: Cursor = "", *, prometheus: Prometheus, caller: Principal
) -> Rules:
    """List recording and alerting rules with state and expression; failing and firing first."""
    found = [one for one in await prometheus.rules() if scope.admits(caller, one.query)]
    rows = [_rule_row(one) for one in found if name.lower() in one.name.lower()]
    rows.sort(key=lambda row: (row.health == "ok", row.state != "firing", row.state != "pending"))
    return Rules.of(rows, cursor=cursor, size=30)


async def prometheus_alerts(
    namespace: Namespace = "",
    cursor: Cursor = "",
    *,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    caller: Principal,
) -> Alerts:
    """List alerts that fire, with severity, age, summary and silences."""
    source, note, found = await _alerts(prometheus, alertmanager)
    chosen = [
        one
        for one in found
        if _in_sight(caller, one.labels) and (not namespace or one.label("namespace") == namespace)
    ]
    rows = sorted((_alert_row(one) for one in chosen), key=_urgency)
    return Alerts.of(rows, cursor=cursor, source=source, note=note)


async def _alerts(
    prometheus: Prometheus, alertmanager: Alertmanager
) -> tuple[str, str, list[Alert]]:
    """From Alertmanager, which knows of silences; from Prometheus when that cannot be had."""
    if not alertmanager.configured:
        return "prometheus", "Silences are not known.", await prometheus.alerts()
    try:
        return "alertmanager", "", await alertmanager.alerts()
    except OpsError as error:
        note = f"Silences are not known: {error.message}"
        return "prometheus", note, await prometheus.alerts()


def _in_sight(caller: Principal, labels: Labels) -> bool:
    """What carries no namespace is only for those who see all."""
    return caller.namespaces is None or dict(labels).get("namespace", "") in caller.namespaces


def _target_row(target: Target) -> TargetRow:
    ago = utc_now() - target.last_scrape_at if target.last_scrape_at else None
    return TargetRow(
        job=target.job,
        instance=target.instance,
        namespace=target.label("namespace"),
        health=target.health,
        error=target.last_error,
        scraped_ago_s=None if ago is None else max(0, round(ago.total_seconds())),
        scrape_s=round(target.scrape_s, 3),
    )


def _rule_row(rule: Rule) -> RuleRow:
    return RuleRow(
        group=rule.group,
        name=rule.name,
        kind=rule.kind,
        state=rule.state,
        health=rule.health,
        error=rule.last_error,
        query=rule.query[:QUERY_CHARACTERS],
        for_s=rule.for_s,
        severity=dict(rule.labels).get("severity", ""),
        alerts=rule.alerts,
    )


def _alert_row(alert: Alert) -> AlertRow:
    ago = utc_now() - alert.since if alert.since else None
    return AlertRow(
        name=alert.name,
        state=alert.state,
        severity=alert.label("severity"),
        namespace=alert.label("namespace"),
        since_s=None if ago is None else max(0, round(ago.total_seconds())),
        summary=alert.summary,
        labels=dict(alert.labels),
        silenced_by=list(alert.silenced_by),
    )


def _urgency(row: AlertRow) -> tuple[bool, int, str]:
    known = SEVERITIES.index(row.severity) if row.severity in SEVERITIES else len(SEVERITIES)
    return (row.state in ("suppressed", "pending"), known, row.name)


def _rule_line(row: RuleRow) -> str:
    held = f" for {row.for_s:g}s" if row.for_s else ""
    broken = f" ERROR {row.error}" if row.health == "err" else ""
    words = [row.state or row.kind, row.severity, f"{row.group}/{row.name}{held}:"]
    return f"{' '.join(word for word in words if word)} {row.query}{broken}"


def _alert_line(row: AlertRow) -> str:
    apart = {"alertname", "severity"}
    labels = written([pair for pair in sorted(row.labels.items()) if pair[0] not in apart])
    minutes = "?" if row.since_s is None else f"{row.since_s // 60}m"
    silenced = f" silenced by {', '.join(row.silenced_by)}" if row.silenced_by else ""
    head = f"{row.state} {row.severity} {row.name} for {minutes}"
    return f"{head} {labels} {row.summary}{silenced}"
