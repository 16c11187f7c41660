"""What speaks for health: counts that anybody can look up, of the workloads asked about."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.citing import field
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import whole
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.topology import workloads
from mcp_servers.facts.findings import Evidence
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# Where each kind counts its ready pods, and how many there should be.
COUNTS = {
    "Deployment": ("readyReplicas", "replicas"),
    "StatefulSet": ("readyReplicas", "replicas"),
    "DaemonSet": ("numberReady", "desiredNumberScheduled"),
}


@dataclass(frozen=True, slots=True)
class HealthySign:
    """`ready` of `desired` pods, and how many containers restarted within the window."""

    resource: Ref
    ready: int
    desired: int
    recent_restarts: int
    evidence: tuple[Evidence, ...]


def healthy_signs(
    cluster: Cluster, *, focus: frozenset[Ref] = frozenset(), namespace: str = ""
) -> list[HealthySign]:
    """The workloads in focus, else of the namespace, else of the cluster, in order of their names."""
    asked = [
        one
        for one in workloads(cluster)
        if one.kind in COUNTS
        and (one.ref in focus if focus else one.namespace == namespace or not namespace)
    ]
    pods = pods_by_owner(cluster)
    return [_sign(one, pods.get(one.ref, []), cluster) for one in sorted(asked, key=_by_name)]


def _by_name(resource: Resource) -> Ref:
    return resource.ref


def _sign(workload: Resource, pods: list[Resource], cluster: Cluster) -> HealthySign:
    ready_path, desired_path = COUNTS[workload.kind]
    ready = whole(workload.status, ready_path)
    counted = workload.status if workload.kind == "DaemonSet" else workload.spec
    desired = whole(counted, desired_path, default=1)
    restarts = sum(1 for pod in pods for _ in _recent_ends(pod, cluster))
    evidence = field(workload, f".status.{ready_path}", f"{ready} ({desired} desired)")
    return HealthySign(workload.ref, ready, desired, restarts, (evidence,))


def _recent_ends(pod: Resource, cluster: Cluster) -> Iterator[str]:
    for container in containers(pod):
        if any(cluster.recent(end.finished_at) for end in container.terminations):
            yield container.name
