"""Pods whose node is gone, and pods that do not leave."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text, whole, words
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

BEYOND_GRACE = timedelta(seconds=60)
SHUTTING_DOWN = timedelta(minutes=10)


def node_lost(cluster: Cluster) -> Iterator[Finding]:
    """`pod.node_lost`: a pod that is not ready because its node is not."""
    for pod in cluster.all("Pod"):
        node = _node(cluster, pod)
        if is_finished(pod) or (text(pod.status, "phase") != "Unknown" and not _is_lost(pod, node)):
            continue
        ready = pod.condition("Ready") or {}
        since = moment(ready.get("lastTransitionTime"))
        said = f"{ready.get('status', 'Unknown')} ({ready.get('reason') or ready.get('message') or ''})"
        state = (node.condition("Ready") if node else None) or {}
        evidence = [citing.field(pod, ".status.conditions[Ready].status", said, since)]
        if node is not None:
            path = ".status.conditions[Ready].status"
            lost_at = moment(state.get("lastTransitionTime"))
            evidence.append(citing.field(node, path, state.get("status"), lost_at))
        yield about_pod(
            cluster,
            pod,
            "pod.node_lost",
            Severity.HIGH,
            evidence,
            since=since,
            params={"node": text(pod.spec, "nodeName"), "reason": text(state, "reason")},
        )


def _node(cluster: Cluster, pod: Resource) -> Resource | None:
    return cluster.get(Ref("Node", "", text(pod.spec, "nodeName")))


def _is_lost(pod: Resource, node: Resource | None) -> bool:
    if node is None:
        return False
    unready = (pod.condition("Ready") or {}).get("status") in ("False", "Unknown")
    return unready and (node.condition("Ready") or {}).get("status") in ("False", "Unknown")


def stuck_terminating(cluster: Cluster) -> Iterator[Finding]:
    """`pod.stuck_terminating`: told to leave, its time is over, and no finalizer holds it."""
    for pod in cluster.all("Pod"):
        if not is_terminating(pod) or words(pod.metadata, "finalizers"):
            continue
        due = _due(pod)
        if due is None or cluster.now <= due + BEYOND_GRACE or _shuts_down(cluster, pod):
            continue
        yield _stuck(cluster, pod, due)


def _due(pod: Resource) -> datetime | None:
    """When it should be gone: the API server writes the end of the grace period as the time."""
    return moment(pod.metadata.get("deletionTimestamp"))


def _shuts_down(cluster: Cluster, pod: Resource) -> bool:
    node = _node(cluster, pod)
    events = cluster.events_about(node, "NodeShutdown", "Shutdown") if node else []
    return any(one.last_at and cluster.now - one.last_at < SHUTTING_DOWN for one in events)


def _stuck(cluster: Cluster, pod: Resource, due: datetime) -> Finding:
    node = _node(cluster, pod)
    ready = ((node.condition("Ready") or {}) if node else {}).get("status", "")
    running = [one.name for one in containers(pod) if one.running]
    grace = whole(pod.metadata, "deletionGracePeriodSeconds", default=30)
    evidence = [citing.field(pod, ".metadata.deletionTimestamp", citing.clock(due), due)]
    if node is not None:
        evidence.append(citing.field(node, ".status.conditions[Ready].status", ready))
    events = cluster.events_about(pod, "Killing", "FailedKillPod", "FailedPreStopHook")
    return about_pod(
        cluster,
        pod,
        "pod.stuck_terminating",
        Severity.HIGH,
        [*evidence, *citing.events(events, at_most=1)],
        since=due,
        params={
            "node": text(pod.spec, "nodeName"),
            "node_ready": str(ready),
            "due_at": citing.clock(due),
            "grace_s": str(grace),
            "running": ", ".join(running),
        },
    )
