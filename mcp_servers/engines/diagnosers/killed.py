"""Containers ended by a signal: killed from outside without a word of memory, or by their own code."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, Role, Termination, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import final_words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.probing import killing_probes
from mcp_servers.engines.revisions import can_roll_back, newest, previous_container
from mcp_servers.engines.settling import is_superseded, is_terminating, live_pods
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Resource

SIGKILL = 137
NATIVE = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 139: "SIGSEGV"}
BEFORE_A_KILL = (
    "Killing",
    "Unhealthy",
    "Preempted",
    "Preempting",
    "Evicted",
    "ExceededGracePeriod",
)
NODE_OOM = ("SystemOOM", "OOMKilling")


def killed_not_oom(cluster: Cluster) -> Iterator[Finding]:
    """`pod.killed_not_oom`: exit 137 whose reason is not OOMKilled. Always somebody's doing."""
    for pod in cluster.all("Pod"):
        if is_superseded(cluster, pod) or text(pod.status, "reason") == "Evicted":
            continue  # an eviction kills too, and has a rule of its own
        for container in containers(pod):
            if (end := _killed(cluster, container)) is not None:
                yield _killed_finding(cluster, container, end)


def _killed(cluster: Cluster, container: Container) -> Termination | None:
    if container.role is Role.EPHEMERAL:
        return None
    ends = container.terminations
    if any(end.reason == "OOMKilled" for end in ends):
        return None
    lately = [end for end in ends if end.exit_code == SIGKILL and cluster.recent(end.finished_at)]
    return lately[0] if lately else None


def _killed_finding(cluster: Cluster, container: Container, end: Termination) -> Finding:
    pod = container.pod
    before = _events_before(cluster, container)
    node_oom = _node_ran_out(cluster, pod)
    trigger = before[-1] if before else None
    said = f"{end.reason or 'ended'} (exit code {SIGKILL})"
    return about_pod(
        cluster,
        pod,
        "pod.killed_not_oom",
        Severity.LOW if is_terminating(pod) else Severity.MEDIUM,
        [
            citing.field(pod, end.path, said, end.finished_at),
            *citing.events(node_oom, at_most=1),
            *citing.events(before),
        ],
        confidence=Confidence.STRONG,
        since=end.finished_at,
        container=container.name,
        params={
            "exit_code": str(SIGKILL),
            "killed_at": citing.clock(end.finished_at),
            "trigger": citing.quoted(trigger.message) if trigger else "",
            "node_oom": citing.quoted(node_oom[-1].message) if node_oom else "",
        },
        joins={"killed_by": killing_probes(cluster, container)},
    )


def _events_before(cluster: Cluster, container: Container) -> list[Event]:
    return [
        event
        for event in cluster.events_about(container.pod, *BEFORE_A_KILL)
        if cluster.recent(event.last_at)
        and (not event.field_path or event.field_path.endswith(f"{{{container.name}}}"))
    ]


def _node_ran_out(cluster: Cluster, pod: Resource) -> list[Event]:
    """Whether the kernel of the pod's node killed for want of memory: evidence, not a verdict."""
    node = str(pod.spec.get("nodeName") or "")
    hosts = [one for one in cluster.all("Node") if one.name == node]
    return [
        event
        for host in hosts
        for event in cluster.events_about(host, *NODE_OOM)
        if cluster.recent(event.last_at)
    ]


def native_crash(cluster: Cluster) -> Iterator[Finding]:
    """`pod.native_crash`: the process ended itself by an abort, bus, arithmetic or memory fault."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            for end in container.terminations:
                lately = end.finished_at is None or cluster.recent(end.finished_at)
                if end.exit_code in NATIVE and lately:
                    yield _native_finding(cluster, container, end)
                    break


def _native_finding(cluster: Cluster, container: Container, end: Termination) -> Finding:
    pod, signal = container.pod, NATIVE[end.exit_code]
    owner = top_owner(cluster, pod)
    before = str(previous_container(cluster, owner, container.name).get("image") or "")
    line = final_words(cluster, container)
    changed = before and before != container.image
    return about_pod(
        cluster,
        pod,
        "pod.native_crash",
        Severity.HIGH,
        [
            citing.field(
                pod,
                end.path,
                f"{end.reason} (exit code {end.exit_code}, {signal})",
                end.finished_at,
            ),
            *([line.cited] if line else []),
            citing.field(pod, f"{container.path}.restartCount", container.restarts),
        ],
        since=end.finished_at,
        container=container.name,
        fix="fix.rollback" if can_roll_back(cluster, owner) and _is_new(cluster, pod) else "",
        params={
            "exit_code": str(end.exit_code),
            "signal": signal,
            "image": container.image,
            "previous_image": before if changed else "",
            "log_line": citing.quoted(line.text) if line else "",
            "restarts": str(container.restarts),
        },
    )


def _is_new(cluster: Cluster, pod: Resource) -> bool:
    made = newest(cluster, top_owner(cluster, pod))
    owner = pod.controller() or {}
    return made is None or owner.get("name") == made.name


def restart_storm(cluster: Cluster) -> Iterator[Finding]:
    """`pod.restart_storm`: several restarts within the window, though it runs and is ready."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            count = _restarts_in_window(cluster, container) if container.ready else 0
            if count >= cluster.threshold("pod.restart_storm.restarts"):
                yield _storm_finding(cluster, container, count)


RESTARTS = "kube_pod_container_status_restarts_total"


def _restarts_in_window(cluster: Cluster, container: Container) -> int:
    """How many of the restarts are recent: by metrics, by a young pod, or by start events."""
    ends = container.terminations
    if not ends or not any(cluster.recent(end.finished_at) for end in ends):
        return 0
    pod = container.pod
    if cluster.age(pod) <= cluster.window:
        return container.restarts
    labels = {"namespace": pod.namespace, "pod": pod.name, "container": container.name}
    counted = [
        int(one.points[-1][1] - next(value for at, value in one.points if cluster.recent(at)))
        for one in cluster.series_for(RESTARTS, **labels)
        if one.points and cluster.recent(one.points[-1][0])
    ]
    return max([*counted, min(_starts(cluster, container), container.restarts)])


def _starts(cluster: Cluster, container: Container) -> int:
    """Starts that events of this window tell of; a counting event may have begun before it."""
    return sum(
        event.count
        for event in cluster.events_about(container.pod, "Started")
        if cluster.recent(event.first_at) and event.field_path.endswith(f"{{{container.name}}}")
    )


def _storm_finding(cluster: Cluster, container: Container, count: int) -> Finding:
    pod, end = container.pod, container.terminations[0]
    reasons = [one.reason for one in container.terminations if one.reason]
    return about_pod(
        cluster,
        pod,
        "pod.restart_storm",
        Severity.MEDIUM,
        [
            citing.field(pod, f"{container.path}.restartCount", container.restarts),
            citing.field(
                pod, end.path, f"{end.reason} (exit code {end.exit_code})", end.finished_at
            ),
        ],
        confidence=Confidence.STRONG,
        since=end.finished_at,
        container=container.name,
        params={
            "recent": str(count),
            "restarts": str(container.restarts),
            "reason": reasons[0] if reasons else "",
            "last_at": citing.clock(end.finished_at),
        },
    )
