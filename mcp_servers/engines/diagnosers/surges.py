"""Updates that may not take a pod away and have no room to add one."""

import math
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import section, text, whole
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.revisions import newest, revision
from mcp_servers.engines.scheduling import clauses, leading, requests
from mcp_servers.engines.settling import desired_replicas, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

PATIENCE = timedelta(minutes=10)
# What a pod that goes would give back.
ROOM = frozenset({"cpu", "memory", "host_port", "pod_affinity", "node_full", "volume"})


def surges(cluster: Cluster) -> Iterator[Finding]:
    """`deploy.surge_no_room`: maxUnavailable is 0 and the surge pod cannot be placed or made."""
    for deployment in cluster.all("Deployment"):
        desired = desired_replicas(deployment)
        rolls = text(deployment.spec, "strategy", "type") in ("", "RollingUpdate")
        if not rolls or not desired or may_miss(deployment, desired):
            continue
        made = newest(cluster, deployment.ref)
        if made is None or whole(made.status, "readyReplicas") >= desired:
            continue
        if whole(deployment.status, "availableReplicas") < desired:
            continue  # where nothing old holds the room, the surge is not what lacks it
        if blocked := _blocked(cluster, made):
            yield _finding(deployment, made, desired, *blocked)


def may_miss(deployment: Resource, desired: int) -> int:
    """maxUnavailable as a number: a percentage is rounded down, as the controller does."""
    written = text(deployment.spec, "strategy", "rollingUpdate", "maxUnavailable") or "25%"
    if written.endswith("%"):
        return math.floor(desired * whole({"n": written[:-1]}, "n", default=25) / 100)
    return whole({"n": written}, "n")


Blocked = tuple[Resource, str, list[Evidence]]


def _blocked(cluster: Cluster, made: Resource) -> Blocked | None:
    """The pod that has no place, or the ReplicaSet that may not make it, and what was said."""
    for pod in pods_under(cluster, made.ref):
        if is_terminating(pod):
            continue
        condition = pod.condition("PodScheduled") or {}
        waits = condition.get("status") == "False" and not is_young(cluster, pod, PATIENCE)
        said, since = text(condition, "message"), moment(condition.get("lastTransitionTime"))
        if waits and not text(pod.spec, "nodeName") and _lacks_room(cluster, pod, said):
            path = ".status.conditions[PodScheduled].message"
            return pod, said, [citing.field(pod, path, said, since)]
    refused = [
        event
        for event in cluster.events_about(made, "FailedCreate")
        if event.first_at
        and cluster.now - event.first_at > PATIENCE
        and "exceeded quota" in event.message
    ]
    short = whole(made.status, "replicas") < desired_replicas(made)
    if refused and short:
        return made, refused[-1].message, citing.events(refused, at_most=1)
    return None


def _lacks_room(cluster: Cluster, pod: Resource, said: str) -> bool:
    """Whether the pod would fit where an old one stands: on an empty node there is enough."""
    if not any(one.reason in ROOM for one in leading(clauses(said))):
        return False
    asked = {name: one for name, one in requests(pod).items() if name in ("cpu", "memory")}
    nodes = cluster.all("Node")
    return not nodes or any(_holds(node, asked) for node in nodes)


def _holds(node: Resource, asked: dict[str, Fraction]) -> bool:
    whole_node = section(node.status, "allocatable")
    return all((quantity(whole_node.get(name)) or 0) >= one for name, one in asked.items())


def _finding(
    deployment: Resource,
    made: Resource,
    desired: int,
    blocked: Resource,
    said: str,
    evidence: list[Evidence],
) -> Finding:
    written = text(deployment.spec, "strategy", "rollingUpdate", "maxUnavailable") or "25%"
    path = ".spec.strategy.rollingUpdate.maxUnavailable"
    times = [one.at for one in evidence if one.at]
    return Finding(
        rule="deploy.surge_no_room",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=deployment.ref,
        since=min([*times, *([made.created_at] if made.created_at else [])], default=None),
        evidence=(citing.field(deployment, path, f"{written} (of {desired}: none)"), *evidence),
        params={
            "max_unavailable": written,
            "desired": str(desired),
            "message": citing.quoted(said),
            "blocked": f"{blocked.kind} {blocked.name}",
        },
        affected=(blocked.ref,),
        fix=Fix("fix.surge", deployment.ref),
        joins={"replicaset": key(made.ref), "revision": str(revision(made))},
    )
