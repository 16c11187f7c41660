"""Alerts of every cluster of Alertmanagers, by all of its members, and grouped by labels."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.errors import OpsError
from core.principal import Principal
from mcp_servers.alerting.alerts import in_namespaces
from mcp_servers.backends.alertmanagers import AlertmanagerCluster, Alertmanagers
from mcp_servers.facts.alerts import Alert, Labels
from mcp_servers.paging import Page, Sort

MOST_GROUPS = 200


class ClusterAlert(BaseModel):
    cluster: str
    name: str
    state: str = Field(
        description="active | suppressed (by a silence or another alert) | unprocessed"
    )
    severity: str
    namespace: str
    summary: str
    since: datetime | None
    labels: dict[str, str]
    silenced_by: list[str] = Field(description="Ids of silences.")
    receivers: list[str]
    missing_at: list[str] = Field(description="Members that answer and do not have it.")


class AlertsTogether(BaseModel):
    labels: dict[str, str]
    alerts: int
    active: int
    suppressed: int
    clusters: list[str]
    since: datetime | None = Field(description="Of the first of them.")


class ClusterAlerts(Page[ClusterAlert]):
    sorts_by = ("cluster", "name", "state", "severity", "namespace", "summary", "since")

    groups: list[AlertsTogether] = Field(
        default=[], description="Of all alerts found, the largest first; with group_by."
    )
    unanswered: list[str] = Field(
        default=[], description="Members that did not answer, as cluster/address."
    )

    def as_text(self) -> str:
        missing = f"; no answer from {', '.join(self.unanswered)}" if self.unanswered else ""
        groups = [
            f"{one.alerts} x {one.labels} in {', '.join(one.clusters)}" for one in self.groups
        ]
        rows = [f"{one.cluster} {one.name} {one.state} {one.summary}" for one in self.rows]
        return self.told(f"alerts: {self.shown}{missing}", groups or rows)


@dataclass
class _Found:
    """An alert, and the members that have it."""

    cluster: str
    alert: Alert
    members: set[str] = field(default_factory=set[str])
    missing: list[str] = field(default_factory=list[str])


async def alerting_list_cluster_alerts(
    am_cluster: Annotated[
        str, Field(max_length=200, description="A name, or labels as in region=eu; empty: all.")
    ] = "",
    name: Annotated[str, Field(description="Part of an alert's name.")] = "",
    namespace: str = "",
    state: Literal["", "active", "suppressed", "unprocessed"] = "",
    group_by: Annotated[
        str, Field(max_length=500, description="Labels: alertname,namespace.")
    ] = "",
    cursor: str = "",
    sort: Sort = "",
    *,
    alertmanagers: Alertmanagers,
    caller: Principal,
) -> ClusterAlerts:
    """List the alerts that every cluster of Alertmanagers has now, and which members lack one.

    For one cluster's firing alerts use prometheus_alerts; for what was sent here, alerting_list.
    """
    chosen = alertmanagers.seen_by(caller).chosen(am_cluster)
    asked = await asyncio.gather(*(_asked(one) for one in chosen))
    unanswered = {where: why for _, failed in asked for where, why in failed.items()}
    if all(len(failed) == len(one.members) for one, (_, failed) in zip(chosen, asked, strict=True)):
        raise next(iter(unanswered.values()))
    found = [
        one
        for alerts, _ in asked
        for one in alerts
        if in_namespaces(caller, dict(one.alert.labels))
        and name.lower() in one.alert.name.lower()
        and namespace in ("", one.alert.label("namespace"))
        and state in ("", one.alert.state)
    ]
    found.sort(key=lambda one: (one.cluster, one.alert.name, one.alert.labels))
    labels = [one.strip() for one in group_by.split(",") if one.strip()]
    return ClusterAlerts.shaped(
        found,
        _line,
        cursor=cursor,
        sort=sort,
        groups=_groups(found, labels) if labels else [],
        unanswered=list(unanswered),
    )


async def _asked(cluster: AlertmanagerCluster) -> tuple[list[_Found], dict[str, OpsError]]:
    """What its members have together, and those that did not answer."""
    together: dict[Labels, _Found] = {}
    failed: dict[str, OpsError] = {}
    answered: list[str] = []
    for address, told in await cluster.alerts():
        if isinstance(told, OpsError):
            failed[f"{cluster.name}/{address}"] = told
            continue
        answered.append(address)
        for alert in told:
            found = together.setdefault(alert.labels, _Found(cluster.name, alert))
            found.members.add(address)
    for one in together.values():
        one.missing = [address for address in answered if address not in one.members]
    return list(together.values()), failed


def _groups(found: Iterable[_Found], labels: Sequence[str]) -> list[AlertsTogether]:
    """Those without a label stand together, as where it is empty."""
    together: dict[tuple[str, ...], list[_Found]] = defaultdict(list)
    for one in found:
        together[tuple(one.alert.label(label) for label in labels)].append(one)
    ordered = sorted(together.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        AlertsTogether(
            labels={name: text for name, text in zip(labels, texts, strict=True) if text},
            alerts=len(members),
            active=sum(one.alert.state == "active" for one in members),
            suppressed=sum(one.alert.state == "suppressed" for one in members),
            clusters=sorted({one.cluster for one in members}),
            since=min((one.alert.since for one in members if one.alert.since), default=None),
        )
        for texts, members in ordered[:MOST_GROUPS]
    ]


def _line(one: _Found) -> ClusterAlert:
    alert = one.alert
    return ClusterAlert(
        cluster=one.cluster,
        name=alert.name,
        state=alert.state,
        severity=alert.label("severity"),
        namespace=alert.label("namespace"),
        summary=alert.summary,
        since=alert.since,
        labels=dict(alert.labels),
        silenced_by=list(alert.silenced_by),
        receivers=list(alert.receivers),
        missing_at=one.missing,
    )
