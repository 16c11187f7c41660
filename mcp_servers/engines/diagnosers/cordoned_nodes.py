"""Nodes that were closed for maintenance and never opened again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

FORGOTTEN_AFTER = timedelta(hours=24)
CORDON_TAINT = "node.kubernetes.io/unschedulable"


def left_cordoned(cluster: Cluster) -> Iterator[Finding]:
    """`node.left_cordoned`: unschedulable, or tainted for maintenance, for over a day.

    A cordon of unknown age counts when pods wait for room: its events have expired, so it is
    no longer fresh.
    """
    for node in cluster.all("Node"):
        taint = _maintenance_taint(node)
        closed = node.spec.get("unschedulable") is True
        if not (closed or taint) or _announced(node):
            continue
        since, by = _since_and_by(cluster, node, taint)
        waiting = _waiting_pods(cluster)
        forgotten = cluster.now - since > FORGOTTEN_AFTER if since else bool(waiting)
        if forgotten:
            yield _finding(node, since, by, waiting)


def _maintenance_taint(node: Resource) -> Json:
    marked = [one for one in rows(node.spec, "taints") if "maintenance" in text(one, "key").lower()]
    return marked[0] if marked else Json()


def _announced(node: Resource) -> bool:
    return any("maintenance" in name.lower() for name in node.annotations)


def _since_and_by(cluster: Cluster, node: Resource, taint: Json) -> tuple[datetime | None, str]:
    """Since when, and who did it if managedFields say so."""
    taints = [one for one in rows(node.spec, "taints") if text(one, "key") == CORDON_TAINT]
    times = [moment(one.get("timeAdded")) for one in [*taints, taint]]
    times += [one.first_at for one in cluster.events_about(node, "NodeNotSchedulable")]
    writers = [
        entry
        for entry in rows(node.metadata, "managedFields")
        if "f:unschedulable" in section(entry, "fieldsV1", "f:spec")
    ]
    times += [moment(entry.get("time")) for entry in writers]
    known = [at for at in times if at is not None]
    return min(known, default=None), text(writers[-1], "manager") if writers else ""


def _waiting_pods(cluster: Cluster) -> list[Resource]:
    return [
        pod
        for pod in cluster.all("Pod")
        if "were unschedulable" in text(pod.condition("PodScheduled"), "message")
    ]


def _finding(node: Resource, since: datetime | None, by: str, waiting: list[Resource]) -> Finding:
    state = f"true since {citing.clock(since)}" if since else "true"
    return Finding(
        rule="node.left_cordoned",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN if since else Confidence.INFERRED,
        resource=node.ref,
        since=since,
        evidence=(
            citing.field(node, ".spec.unschedulable", state, since),
            *(
                citing.field(pod, ".status.conditions[PodScheduled].message", _message(pod))
                for pod in waiting[:2]
            ),
        ),
        params={
            "cordoned_at": citing.clock(since),
            "by": by,
            "waiting": str(len(waiting)) if waiting else "",
        },
        affected=tuple(pod.ref for pod in waiting),
        fix=Fix("fix.uncordon", node.ref),
        joins={"node": node.name},
    )


def _message(pod: Resource) -> str:
    return text(pod.condition("PodScheduled"), "message")
