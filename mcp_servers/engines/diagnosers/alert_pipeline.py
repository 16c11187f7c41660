"""Whether alerts are evaluated, reach somebody, and would reach somebody at night."""

import re
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.alerts import Alert, Rule
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

WATCHDOG = re.compile(r"(?i)watchdog|dead-?_?man'?s?-?_?(?:switch|hand)|always-?_?firing|heartbeat")
# Alerts that only steer others, and severities that ask nobody to do anything.
_STEERING = frozenset({"InfoInhibitor"})
_UNASKED = frozenset({"none", "info", "debug"})
_NOBODY = re.compile(r"(?i)null|none|nobody|black-?_?hole|dev-?_?null|void|ignore|drop")
_PASSING = re.compile(r"context canceled|context deadline exceeded|timed out", re.IGNORECASE)
RELOADS = {
    "prometheus_config_last_reload_successful": "Prometheus",
    "alertmanager_config_last_reload_successful": "Alertmanager",
}
DISCOVERED = "prometheus_notifications_alertmanagers_discovered"
NAMED_AT_MOST = 5


def config_invalid(cluster: Cluster) -> Iterator[Finding]:
    """`alert.config_invalid`: a rule that cannot be evaluated, a configuration that was not taken."""
    for rule in cluster.monitoring.rules:
        if rule.health == "err" and not _PASSING.search(rule.last_error):
            said = citing.quoted(rule.last_error)
            cited = Evidence(
                Source.ALERT, f"rule {rule.group}/{rule.name}", f"health = err: {said}"
            )
            yield _invalid(_rule_ref(rule), "evaluation fails", said, cited)
    for one in cluster.series_for("pipeline_health"):
        server = RELOADS.get(one.label("__name__"))
        if server and one.points and one.points[-1][1] == 0:
            cited = citing.series(one, f"{one.label('__name__')} = 0", one.points[-1][0])
            yield _invalid(_server(cluster, server, one), "the last reload failed", "", cited)
    for one in cluster.series_for("pipeline_health"):
        group = one.label("rule_group").rpartition("/")[2].rpartition(";")[2]
        if not group:
            continue
        cited = citing.series(one, f"{one.points[-1][1]:.0f} evaluations missed in 30 minutes")
        ref = Ref("AlertingRule", "", group)
        yield _invalid(ref, "evaluations are missed", "", cited, Severity.MEDIUM)


def _invalid(
    resource: Ref, what: str, error: str, cited: Evidence, severity: Severity = Severity.HIGH
) -> Finding:
    return Finding(
        rule="alert.config_invalid",
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=resource,
        since=None,
        evidence=(cited,),
        params={"what": what, "error": error},
        cause_key=what,
    )


def _rule_ref(rule: Rule) -> Ref:
    return Ref("AlertingRule", "", f"{rule.group}/{rule.name}")


def _server(cluster: Cluster, server: str, one: Series) -> Ref:
    """The workload that the series' pod belongs to, else the server by its address."""
    pod = cluster.get(Ref("Pod", one.label("namespace"), one.label("pod")))
    if pod is not None:
        return top_owner(cluster, pod)
    return Ref(server, one.label("namespace"), one.label("instance") or server.lower())


def unrouted(cluster: Cluster) -> Iterator[Finding]:
    """`alert.unrouted`: alerts that ask for somebody and reach nobody.

    A receiver without integrations is nobody only where others are seen to have some.
    """
    monitoring = cluster.monitoring
    sends = {one.name for one in monitoring.receivers if one.integrations}
    idle = {one.name for one in monitoring.receivers if sends and not one.integrations}
    lost: dict[str, list[Alert]] = {}
    for alert in monitoring.delivered or ():
        to = alert.receivers
        nobody = to and all(
            one in idle or (one not in sends and _NOBODY.fullmatch(one)) for one in to
        )
        if nobody and alert.state == "active" and _is_for_people(alert):
            lost.setdefault(", ".join(sorted(to)), []).append(alert)
    for receiver, alerts in sorted(lost.items()):
        since = min((one.since for one in alerts if one.since), default=None)
        names, cited = [one.name for one in alerts], [_cited(one) for one in alerts]
        yield _unrouted(receiver, names, cited, since=since)
    for one in cluster.series_for("pipeline_health"):
        name, why = one.label("integration"), one.label("reason")
        if not name:
            continue
        said = f"{one.points[-1][1]:.0f} notifications failed in 30 minutes {why}".strip()
        yield _unrouted(name, [], [citing.series(one, said)], error=said)
    yield from _without_alertmanager(cluster)


def _without_alertmanager(cluster: Cluster) -> Iterator[Finding]:
    firing = [
        one for one in cluster.monitoring.rules if one.state == "firing" and _is_for_people(one)
    ]
    for one in cluster.series_for("pipeline_health"):
        if one.label("__name__") == DISCOVERED and one.points[-1][1] == 0 and firing:
            said = "Prometheus knows no Alertmanager"
            rules = [
                Evidence(
                    Source.ALERT, f"rule {rule.group}/{rule.name}", f"firing ({rule.alerts} alerts)"
                )
                for rule in firing
            ]
            cited = [citing.series(one, f"{DISCOVERED} = 0"), *rules]
            names = [rule.name for rule in firing]
            yield _unrouted("alertmanager", names, cited, error=said)


def _is_for_people(of: Alert | Rule) -> bool:
    """Whether an alert asks for somebody, and does not only prove or steer something."""
    steers = of.name in _STEERING or WATCHDOG.search(of.name)
    return not steers and dict(of.labels).get("severity") not in _UNASKED


def _unrouted(
    receiver: str,
    names: list[str],
    evidence: list[Evidence],
    error: str = "",
    since: datetime | None = None,
) -> Finding:
    names = list(dict.fromkeys(names))
    return Finding(
        rule="alert.unrouted",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=Ref("Receiver", "", receiver),
        since=since,
        evidence=tuple(evidence[:NAMED_AT_MOST]),
        params={"alerts": ", ".join(names[:NAMED_AT_MOST]), "receiver": receiver, "error": error},
    )


def _cited(alert: Alert) -> Evidence:
    to = f", receivers: {', '.join(alert.receivers)}" if alert.receivers else ""
    severity = alert.label("severity") or "no severity"
    return Evidence(
        Source.ALERT, f"alert {alert.name}", f"{alert.state} ({severity}){to}", alert.since
    )


def watchdog(cluster: Cluster) -> Iterator[Finding]:
    """`alert.watchdog`: an alert that always fires proves by that the way from rule to receiver.

    Firing it is context. It is a fault when it does not, or when Alertmanager holds other alerts
    and not this one. Where nobody made such a rule, nothing is said.
    """
    monitoring = cluster.monitoring
    delivered = monitoring.delivered
    for rule in monitoring.rules:
        if rule.kind != "alerting" or not WATCHDOG.search(rule.name) or rule.health == "unknown":
            continue
        where = f"rule {rule.group}/{rule.name}"
        arrived = not delivered or any(one.name == rule.name for one in delivered)
        if rule.state == "firing" and arrived:
            yield _watchdog(rule, Severity.INFO, "works", Evidence(Source.ALERT, where, "firing"))
        elif rule.state == "firing":
            said = f"firing, but not among the {len(delivered or ())} alerts of Alertmanager"
            yield _watchdog(
                rule, Severity.CRITICAL, "does not arrive", Evidence(Source.ALERT, where, said)
            )
        elif rule.state == "inactive":
            cited = Evidence(Source.ALERT, where, "inactive")
            yield _watchdog(rule, Severity.CRITICAL, "does not fire", cited)


def _watchdog(rule: Rule, severity: Severity, state: str, cited: Evidence) -> Finding:
    return Finding(
        rule="alert.watchdog",
        severity=severity,
        confidence=Confidence.CERTAIN,
        resource=_rule_ref(rule),
        since=None,
        evidence=(cited,),
        params={"state": state, "alert": rule.name},
        cause_key=state,
    )
