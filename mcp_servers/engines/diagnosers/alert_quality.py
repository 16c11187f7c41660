"""Alerts that fire too often, can never fire again, or are silenced too widely."""

import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.alert_matching import Matcher, matchers_of
from mcp_servers.engines.intervals import step_of, stretches
from mcp_servers.facts.alerts import Alert, Rule, Silence
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

CHANGES_THAT_FLAP = 4
POINTS_A_WINDOW = 120

SILENCED_TOO_LONG = timedelta(hours=24)
ENDS_SOON = timedelta(hours=1)
MATCHES_TOO_MANY = 20
# Words, or the number of a ticket, by which a silence says that it was planned.
_PLANNED = re.compile(
    r"(?i)maint|planned|window|upgrade|migrat|\b[A-Z]{2,}-\d+\b|#\d+|维护|计划|变更|升级|迁移"
)


def flapping(cluster: Cluster) -> Iterator[Finding]:
    """`alert.flapping`: began and ended four times and more within the window."""
    series = cluster.series_for("alert_firing")
    step = step_of(series, cluster.window / POINTS_A_WINDOW)
    rules = {one.name: one for one in cluster.monitoring.rules if one.kind == "alerting"}
    for one in series:
        changes = _changes(cluster, one, step)
        if changes >= CHANGES_THAT_FLAP:
            yield _flaps(one, changes, rules.get(one.label("alertname")))


def _changes(cluster: Cluster, one: Series, step: timedelta) -> int:
    """Beginnings and ends, without those that the window only cuts off."""
    held, near = stretches(one, step), step * 2
    if not held:
        return 0
    cut_off = (held[0][0] - (cluster.now - cluster.window) <= near) + (
        cluster.now - held[-1][1] <= near
    )
    return 2 * len(held) - cut_off


def _flaps(one: Series, changes: int, rule: Rule | None) -> Finding:
    name, namespace = one.label("alertname"), one.label("namespace")
    evidence = [citing.series(one, f"{changes} changes between firing and not", one.points[0][0])]
    if rule is not None:
        said = f"for {rule.for_s:g}s: {citing.shortened(rule.query)}"
        evidence.append(Evidence(Source.ALERT, f"rule {rule.group}/{rule.name}", said))
    return Finding(
        rule="alert.flapping",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=Ref("Alert", namespace, name),
        since=one.points[0][0],
        evidence=tuple(evidence),
        params={"changes": str(changes), "held_for": f"{rule.for_s:g}s" if rule else ""},
        cause_key=str(one.labels),
    )


def silence_unsafe(cluster: Cluster) -> Iterator[Finding]:
    """`alert.silence_unsafe`: it takes everything, lasts too long, is nobody's, hides too many, or
    ends while what it hides still fires. What was planned may last, and end."""
    active = [(alert, dict(alert.labels)) for alert in cluster.monitoring.delivered or ()]
    for one in cluster.monitoring.silences:
        if one.state in ("active", "pending"):
            matchers = matchers_of(one.matchers)
            hidden = [alert for alert, labels in active if _takes(matchers, labels)]
            if found := list(_dangers(cluster, one, matchers, hidden)):
                yield _unsafe(one, found, hidden)


def _takes(matchers: list[Matcher], labels: dict[str, str]) -> bool:
    return bool(matchers) and all(one.takes(labels) for one in matchers)


def _dangers(
    cluster: Cluster, one: Silence, matchers: list[Matcher], hidden: list[Alert]
) -> Iterator[str]:
    if all(matcher.takes_all for matcher in matchers):
        yield "matches every alert"
    if not one.created_by or not one.comment.strip():
        yield "has no author or comment"
    if len(hidden) > MATCHES_TOO_MANY:
        yield "hides many alerts"
    if _PLANNED.search(one.comment):
        return
    if one.starts_at and one.ends_at and one.ends_at - one.starts_at > SILENCED_TOO_LONG:
        yield "lasts longer than a day"
    if one.state == "active" and hidden and one.ends_at and one.ends_at - cluster.now < ENDS_SOON:
        yield "ends while its alerts fire"


def _unsafe(one: Silence, found: list[str], hidden: list[Alert]) -> Finding:
    written, until = ", ".join(one.matchers), citing.clock(one.ends_at)
    names = list(dict.fromkeys(alert.name for alert in hidden))
    said = (
        f"{{{written}}} until {until} by {one.created_by or 'nobody'}: {citing.quoted(one.comment)}"
    )
    return Finding(
        rule="alert.silence_unsafe",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=Ref("Silence", "", one.id),
        since=one.starts_at,
        evidence=(
            Evidence(Source.ALERT, f"silence {one.id}", citing.shortened(said), one.starts_at),
        ),
        params={
            "state": ", ".join(found),
            "matchers": written,
            "until": until,
            "author": one.created_by,
            "hidden": str(len(hidden)),
            "alerts": ", ".join(names[:5]),
        },
    )
