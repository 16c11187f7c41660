"""A workload at zero replicas that others still lead to."""

from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import is_by_hand, selector_of
from mcp_servers.engines.fields import rows, section, strings, text
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.selectors import matches_equality
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.engines.sleeping import is_marked_asleep, sleeps_well
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment


def scaled_to_zero(cluster: Cluster) -> Iterator[Finding]:
    """`workload.scaled_to_zero`: nobody is wanted, and a Service or autoscaler still points there."""
    for kind in ("Deployment", "StatefulSet"):
        for workload in cluster.all(kind):
            if desired_replicas(workload) != 0 or _on_purpose(cluster, workload):
                continue
            if users := _users(cluster, workload):
                yield _finding(cluster, workload, users)


def _on_purpose(cluster: Cluster, workload: Resource) -> bool:
    if is_marked_asleep(workload) or sleeps_well(cluster, workload):
        return True
    return any(
        text(one.spec, "scaleTargetRef", "name") == workload.name
        for one in cluster.all("ScaledObject", workload.namespace)
    )


def _users(cluster: Cluster, workload: Resource) -> list[Ref]:
    labels = strings(template_of(workload), "metadata", "labels")
    services = [
        one.ref
        for one in cluster.all("Service", workload.namespace)
        if not is_by_hand(one) and matches_equality(selector_of(one), labels)
    ]
    scalers = [
        one.ref
        for one in cluster.all("HorizontalPodAutoscaler", workload.namespace)
        if (text(one.spec, "scaleTargetRef", "kind"), text(one.spec, "scaleTargetRef", "name"))
        == (workload.kind, workload.name)
    ]
    return [*services, *scalers]


def _finding(cluster: Cluster, workload: Resource, users: list[Ref]) -> Finding:
    by, at = _who_and_when(workload)
    events = [
        one
        for one in cluster.events_about(workload, "ScalingReplicaSet", "SuccessfulDelete")
        if " to 0" in one.message
    ]
    times = [one.last_at for one in events if one.last_at] + ([at] if at else [])
    was = events[-1].message if events else ""
    return Finding(
        rule="workload.scaled_to_zero",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=workload.ref,
        since=min(times, default=None),
        evidence=(
            citing.field(workload, ".spec.replicas", "0", at),
            *citing.events(events, at_most=1),
        ),
        params={
            "referenced_by": ", ".join(str(one) for one in users),
            "by": by,
            "scaled_at": citing.clock(min(times, default=None)),
            "was": citing.quoted(was),
        },
        fix=Fix("fix.scale", workload.ref),
        joins={
            "target": str(workload.ref),
            "service": ",".join(sorted(key(one) for one in users if one.kind == "Service")),
        },
    )


def _who_and_when(workload: Resource) -> tuple[str, datetime | None]:
    """Who last wrote the replicas, as managedFields remember it."""
    owners = [
        entry
        for entry in rows(workload.metadata, "managedFields")
        if "f:replicas" in section(entry, "fieldsV1", "f:spec")
        or entry.get("subresource") == "scale"
    ]
    times = sorted((text(one, "time"), text(one, "manager")) for one in owners)
    return (times[-1][1], moment(times[-1][0])) if times else ("", None)
