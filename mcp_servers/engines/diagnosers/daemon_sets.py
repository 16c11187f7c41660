"""DaemonSets that do not serve on every node they are meant for."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.settling import (
    GRACE,
    is_finished,
    is_ready,
    is_terminating,
    is_young,
)
from mcp_servers.engines.stamps import condition_since
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource


def daemon_sets(cluster: Cluster) -> Iterator[Finding]:
    """`ds.unready`: some pods are not ready, absent, or of an earlier template, and nothing moves.

    What a node that is not ready or has just joined lacks is the node's affair.
    """
    nodes = {node.name: node for node in cluster.all("Node")}
    for daemon in cluster.all("DaemonSet"):
        if is_terminating(daemon) or is_young(cluster, daemon):
            continue
        pods = [pod for pod in pods_by_owner(cluster).get(daemon.ref, []) if not is_finished(pod)]
        excused = {name for name, node in nodes.items() if _is_excused(cluster, node)}
        if _lacks(cluster, daemon, pods, excused) or _update_stands(cluster, daemon, pods):
            yield _finding(daemon, pods, excused, sorted(nodes))


def _is_excused(cluster: Cluster, node: Resource) -> bool:
    return not is_ready(node) or is_young(cluster, node) or is_terminating(node)


def _desired(daemon: Resource) -> int:
    return whole(daemon.status, "desiredNumberScheduled")


def _lacks(cluster: Cluster, daemon: Resource, pods: Sequence[Resource], excused: set[str]) -> bool:
    """Whether more pods are missing than nodes and young pods account for."""
    missing = _desired(daemon) - whole(daemon.status, "numberReady")
    held = {text(pod.spec, "nodeName") for pod in pods}
    coming = [
        pod
        for pod in pods
        if not is_ready(pod)
        and (is_young(cluster, pod) or is_terminating(pod) or text(pod.spec, "nodeName") in excused)
    ]
    return missing > len(coming) + len(excused - held)


def _update_stands(cluster: Cluster, daemon: Resource, pods: Sequence[Resource]) -> bool:
    """Whether an update is not done and no pod was made for a while; some update only by hand."""
    by_hand = text(daemon.spec, "updateStrategy", "type") == "OnDelete"
    if by_hand or "updatedNumberScheduled" not in daemon.status:
        return False
    behind = whole(daemon.status, "updatedNumberScheduled") < _desired(daemon)
    moving = any(is_young(cluster, pod) or is_terminating(pod) for pod in pods)
    seen = whole(daemon.status, "observedGeneration") >= whole(daemon.metadata, "generation")
    return behind and seen and not moving and bool(pods) and _stood_for(cluster, pods)


def _stood_for(cluster: Cluster, pods: Sequence[Resource]) -> bool:
    """Whether the youngest pod has had its time to get ready and be followed by the next."""
    youngest = min(cluster.age(pod) for pod in pods)
    return youngest > 2 * GRACE


def _finding(
    daemon: Resource, pods: Sequence[Resource], excused: set[str], nodes: Sequence[str]
) -> Finding:
    unready = [pod for pod in pods if not is_ready(pod) and not is_terminating(pod)]
    there = {text(pod.spec, "nodeName") for pod in unready} - excused - {""}
    desired, ready = _desired(daemon), whole(daemon.status, "numberReady")
    updated = whole(daemon.status, "updatedNumberScheduled", default=desired)
    absent = desired - whole(daemon.status, "currentNumberScheduled", default=desired)
    without = [one for one in nodes if one not in {text(pod.spec, "nodeName") for pod in pods}]
    return about_object(
        daemon,
        "ds.unready",
        Severity.HIGH,
        [
            citing.field(daemon, ".status.numberReady", f"{ready} ({desired} desired)"),
            *(
                [citing.field(daemon, ".status.updatedNumberScheduled", f"{updated} of {desired}")]
                if updated < desired
                else []
            ),
            *(
                citing.field(pod, ".status.conditions[Ready].status", "False", _since(pod))
                for pod in unready[:2]
            ),
        ],
        since=min((at for pod in unready if (at := _since(pod))), default=None),
        affected=[pod.ref for pod in unready],
        params={
            "ready": str(ready),
            "desired": str(desired),
            "nodes": listed(sorted(there)),
            "absent": listed(without) if absent > 0 else "",
            "updated": str(updated) if updated < desired else "",
        },
        joins={"node": ",".join(sorted(there))} if there else {},
    )


def _since(pod: Resource) -> datetime | None:
    return condition_since(pod, "Ready")
