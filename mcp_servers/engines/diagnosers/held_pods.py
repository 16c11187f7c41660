"""Pods that something outside their containers holds: a finalizer, a gate before the scheduler or
before traffic, a resize."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.settling import (
    GRACE,
    is_finished,
    is_terminating,
    is_young,
    live_pods,
)
from mcp_servers.facts.findings import Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

JOB_TRACKING = "batch.kubernetes.io/job-tracking"
HELD_TOO_LONG = timedelta(minutes=5)
DEFERRED_TOO_LONG = timedelta(minutes=10)
GATED_TOO_LONG = timedelta(minutes=5)


def finalizer_stuck(cluster: Cluster) -> Iterator[Finding]:
    """`pod.finalizer_stuck`: a pod that was deleted and that a finalizer keeps."""
    for pod in cluster.all("Pod"):
        deleted = moment(pod.metadata.get("deletionTimestamp"))
        if deleted is None or cluster.now - deleted <= HELD_TOO_LONG:
            continue
        holding = [name for name in words(pod.metadata, "finalizers") if name]
        if holding and not _job_will_count_it(cluster, pod, holding):
            yield _held(cluster, pod, holding, deleted)


def _job_will_count_it(cluster: Cluster, pod: Resource, holding: list[str]) -> bool:
    """Whether only the Job's own bookkeeping holds it, and the Job is there to let go."""
    jobs = [ref for ref in owner_chain(cluster, pod) if ref.kind == "Job"]
    return holding == [JOB_TRACKING] and any(cluster.get(ref) is not None for ref in jobs)


def _held(cluster: Cluster, pod: Resource, holding: list[str], deleted: datetime) -> Finding:
    running = [one.name for one in containers(pod) if one.running]
    names = ", ".join(sorted(holding))
    return about_pod(
        cluster,
        pod,
        "pod.finalizer_stuck",
        Severity.HIGH,
        [
            citing.field(pod, ".metadata.finalizers", names),
            citing.field(pod, ".metadata.deletionTimestamp", citing.clock(deleted), deleted),
        ],
        since=deleted,
        cause_key=names,
        params={
            "finalizers": names,
            "deleted_at": citing.clock(deleted),
            "running": ", ".join(running),
        },
    )


def scheduling_gated(cluster: Cluster) -> Iterator[Finding]:
    """`pod.scheduling_gated`: the scheduler may not look at it until somebody removes a gate."""
    for pod in live_pods(cluster):
        gates = sorted(text(one, "name") for one in rows(pod.spec, "schedulingGates"))
        condition = pod.condition("PodScheduled") or {}
        since = moment(condition.get("lastTransitionTime")) or pod.created_at
        if not gates or condition.get("reason") != "SchedulingGated" or is_finished(pod):
            continue
        if since is not None and cluster.now - since >= GATED_TOO_LONG:
            yield _gated(cluster, pod, ", ".join(gates), since)


def _gated(cluster: Cluster, pod: Resource, gates: str, since: datetime) -> Finding:
    path = ".status.conditions[PodScheduled].reason"
    return about_pod(
        cluster,
        pod,
        "pod.scheduling_gated",
        Severity.MEDIUM,
        [
            citing.field(pod, ".spec.schedulingGates[].name", gates),
            citing.field(pod, path, "SchedulingGated", since),
        ],
        cause_key=gates,
        params={"gates": gates, "since_at": citing.clock(since)},
    )


def readiness_gate_unmet(cluster: Cluster) -> Iterator[Finding]:
    """`pod.readiness_gate_unmet`: every container is ready, and a gate of somebody else is not."""
    for pod in cluster.all("Pod"):
        gates = [text(one, "conditionType") for one in rows(pod.spec, "readinessGates")]
        if not gates or is_finished(pod) or is_terminating(pod) or is_young(cluster, pod):
            continue
        since = _containers_ready_since(pod)
        if since is None or cluster.now - since < GRACE:
            continue
        for gate in gates:
            condition = pod.condition(gate) or Json()
            if condition.get("status") != "True":
                yield _closed(cluster, pod, gate, condition, since)


def _containers_ready_since(pod: Resource) -> datetime | None:
    condition = pod.condition("ContainersReady") or {}
    if condition:
        ready = condition.get("status") == "True"
        return moment(condition.get("lastTransitionTime")) or pod.created_at if ready else None
    apps = [one for one in containers(pod) if one.role is Role.APP]
    started = [one.running_since or pod.created_at for one in apps if one.ready]
    known = [at for at in started if at is not None]
    return max(known) if apps and len(known) == len(apps) else None


def _closed(
    cluster: Cluster, pod: Resource, gate: str, condition: Json, since: datetime
) -> Finding:
    told = moment(condition.get("lastTransitionTime"))
    state = text(condition, "status") or "absent"
    said = ": ".join(one for one in (text(condition, "reason"), text(condition, "message")) if one)
    path = f".status.conditions[{gate}].status"
    return about_pod(
        cluster,
        pod,
        "pod.readiness_gate_unmet",
        Severity.HIGH,
        [
            citing.field(pod, path, f"{state} ({said})" if said else state, told),
            citing.field(pod, ".status.conditions[ContainersReady].status", "True", since),
            citing.field(pod, ".spec.readinessGates[].conditionType", gate),
        ],
        since=max(since, told) if told else since,
        cause_key=gate,
        params={"gate": gate, "status": state, "message": citing.quoted(said)},
    )


def resize_stuck(cluster: Cluster) -> Iterator[Finding]:
    """`pod.resize_stuck`: resources were changed in place and the node does not follow."""
    for pod in cluster.all("Pod"):
        if is_finished(pod) or is_terminating(pod):
            continue
        pending = pod.condition("PodResizePending") or Json()
        running = pod.condition("PodResizeInProgress") or Json()
        if _is_refused(cluster, pending):
            yield _unresized(cluster, pod, "PodResizePending", pending)
        elif running.get("status") == "True" and text(running, "reason") == "Error":
            yield _unresized(cluster, pod, "PodResizeInProgress", running)


def _is_refused(cluster: Cluster, pending: Json) -> bool:
    """Never possible on this node, or put off for longer than a busy node explains."""
    since = moment(pending.get("lastTransitionTime"))
    put_off = since is not None and cluster.now - since > DEFERRED_TOO_LONG
    reason = text(pending, "reason")
    wanted = pending.get("status") == "True"
    return wanted and (reason == "Infeasible" or (reason == "Deferred" and put_off))


def _unresized(cluster: Cluster, pod: Resource, kind: str, condition: Json) -> Finding:
    since, reason = moment(condition.get("lastTransitionTime")), text(condition, "reason")
    message = text(condition, "message")
    said = f"{reason} ({message})" if message else reason
    differing = [(one, gap) for one in containers(pod) if (gap := _gap(one))]
    cited: list[Evidence] = [
        citing.field(pod, f"{one.path}.allocatedResources", gap) for one, gap in differing
    ]
    return about_pod(
        cluster,
        pod,
        "pod.resize_stuck",
        Severity.MEDIUM,
        [citing.field(pod, f".status.conditions[{kind}].reason", said, since), *cited],
        since=since,
        cause_key=reason,
        params={
            "reason": reason,
            "message": citing.quoted(message),
            "gap": "; ".join(f"{one.name}: {gap}" for one, gap in differing),
        },
    )


def _gap(container: Container) -> str:
    """From what a container was given to what it asks for: `cpu 1 -> 4`."""
    given = strings(container.status, "allocatedResources")
    asked = strings(section(container.spec, "resources"), "requests")
    differing = [
        f"{name} {given[name]} -> {asked[name]}"
        for name in sorted(asked)
        if name in given and given[name] != asked[name]
    ]
    return ", ".join(differing)
