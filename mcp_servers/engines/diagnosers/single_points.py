"""Workloads that stop serving when one pod, or one node, goes."""

from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.endpoints import services_by_workload
from mcp_servers.engines.fields import has, rows, text
from mcp_servers.engines.namespaces import workloads_of_people
from mcp_servers.engines.ownership import pods_by_owner, top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.selectors import matching
from mcp_servers.engines.settling import desired_replicas, is_finished, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource


def single_points(cluster: Cluster) -> Iterator[Finding]:
    """`workload.single_point`: it serves traffic with one replica, on one node, or unguarded."""
    owned, services = pods_by_owner(cluster), services_by_workload(cluster)
    guarded, nodes = _guarded(cluster), len(cluster.all("Node"))
    for workload in workloads_of_people(cluster):
        serves = workload.kind in ("Deployment", "StatefulSet") and workload.ref in services
        if not serves or not desired_replicas(workload) or is_young(cluster, workload):
            continue
        pods = [
            one
            for one in owned.get(workload.ref, [])
            if not is_finished(one) and not is_terminating(one)
        ]
        if desired_replicas(workload) == 1:
            if not _is_single_by_design(workload):
                cited = citing.field(workload, ".spec.replicas", "1")
                yield _finding(workload, services[workload.ref], cited, replicas="1")
        elif node := _only_node(pods, nodes):
            cited = citing.field(pods[0], ".spec.nodeName", f"{node} (all {len(pods)} pods)")
            yield _finding(workload, services[workload.ref], cited, node=node)
        elif workload.ref not in guarded:
            cited = citing.field(workload, ".spec.replicas", desired_replicas(workload))
            yield _finding(
                workload, services[workload.ref], cited, unguarded=str(desired_replicas(workload))
            )


def _guarded(cluster: Cluster) -> frozenset[Ref]:
    """Workloads that a disruption budget covers."""
    return frozenset(
        top_owner(cluster, pod)
        for budget in cluster.all("PodDisruptionBudget")
        if budget.spec.get("selector") is not None
        for pod in matching(cluster, "Pod", budget.namespace, budget.spec["selector"])
    )


def _is_single_by_design(workload: Resource) -> bool:
    """One replica with a disk of its own: a second could not mount it."""
    if rows(workload.spec, "volumeClaimTemplates"):
        return True
    volumes = rows(template_of(workload), "spec", "volumes")
    return any(has(volume, "persistentVolumeClaim") for volume in volumes)


def _only_node(pods: Sequence[Resource], nodes: int) -> str:
    """The node that all pods stand on, where there is another they could stand on."""
    on = {text(pod.spec, "nodeName") for pod in pods}
    return next(iter(on)) if len(pods) > 1 and len(on) == 1 and nodes > 1 else ""


def _finding(
    workload: Resource,
    services: Sequence[Resource],
    cited: Evidence,
    *,
    replicas: str = "",
    node: str = "",
    unguarded: str = "",
) -> Finding:
    return Finding(
        rule="workload.single_point",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=workload.ref,
        since=workload.created_at,
        evidence=(cited, citing.field(services[0], ".metadata.name", services[0].name)),
        params={
            "replicas": replicas,
            "node": node,
            "unguarded": unguarded,
            "services": ", ".join(sorted(one.name for one in services)[:3]),
        },
    )
