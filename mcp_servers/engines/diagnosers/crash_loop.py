"""A container that ends again and again, or ended for good with an error."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import (
    Container,
    Role,
    Termination,
    containers,
    restart_policy,
)
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import final_words
from mcp_servers.engines.ownership import owner_chain, pods_by_owner, top_owner
from mcp_servers.engines.probing import killing_probes
from mcp_servers.engines.settling import is_ready, live_pods
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

# Exit codes that say more than "the application failed"; each has a rule of its own.
TELLING_CODES = frozenset({126, 127, 128, 132, 134, 135, 136, 137, 139, 143})
# How a process ends that the kubelet stops: by SIGKILL, or by SIGTERM.
STOPPED = frozenset({137, 143})
# A container that ended this lately and this often is in a loop though it happens to run.
JUST_NOW = timedelta(minutes=10)
OFTEN = 3


def crash_loop(cluster: Cluster) -> Iterator[Finding]:
    """`pod.crash_loop`: CrashLoopBackOff, or the moment between two crashes of such a loop."""
    serving = _owners_with_a_ready_pod(cluster)
    for pod in live_pods(cluster):
        for container in containers(pod):
            end = next(iter(container.terminations), None)
            if _loops(cluster, container, end) and not _is_clean(end):
                yield _crash_finding(
                    cluster, container, end, serving=top_owner(cluster, pod) in serving
                )


def _owners_with_a_ready_pod(cluster: Cluster) -> set[object]:
    owned = pods_by_owner(cluster)
    return {owner for owner, pods in owned.items() if any(is_ready(pod) for pod in pods)}


def _loops(cluster: Cluster, container: Container, end: Termination | None) -> bool:
    if container.waiting_reason == "CrashLoopBackOff":
        return True
    if end is None or container.ready or _is_clean(end):
        return False
    if container.restarts < cluster.threshold("pod.crash_loop.restarts"):
        return False
    if restart_policy(container.pod) == "Never":
        return False
    return end.finished_at is None or cluster.now - end.finished_at <= JUST_NOW


def _is_clean(end: Termination | None) -> bool:
    return end is not None and end.exit_code == 0


def _crash_finding(
    cluster: Cluster, container: Container, end: Termination | None, *, serving: bool
) -> Finding:
    waiting = container.waiting_reason == "CrashLoopBackOff"
    line = final_words(cluster, container)
    return about_pod(
        cluster,
        container.pod,
        "pod.crash_loop",
        Severity.HIGH if serving else Severity.CRITICAL,
        _crash_evidence(cluster, container, end),
        confidence=Confidence.CERTAIN if waiting else Confidence.STRONG,
        since=_began(cluster, container, end),
        container=container.name,
        params={
            **_end_params(end),
            "restarts": str(container.restarts),
            "log_line": citing.quoted(line.text) if line else "",
        },
        joins={"killed_by": _killed_by(cluster, container, end)},
    )


def _killed_by(cluster: Cluster, container: Container, end: Termination | None) -> str:
    """The probe that the kubelet ended it for: no crash of its own, whatever it looks like."""
    by_signal = end is not None and end.exit_code in STOPPED
    return killing_probes(cluster, container) if by_signal else ""


def _began(cluster: Cluster, container: Container, end: Termination | None) -> datetime | None:
    """The first sign that is still there: the oldest back-off, else the last start or end."""
    signs = [
        event.first_at
        for event in cluster.events_about(container.pod, "BackOff")
        if "restarting" in event.message and _names(event.field_path, container)
    ]
    signs += [end.started_at or end.finished_at] if end else []
    return min((at for at in signs if at is not None), default=None)


def _names(field_path: str, container: Container) -> bool:
    return not field_path or field_path.endswith(f"{{{container.name}}}")


def _crash_evidence(
    cluster: Cluster, container: Container, end: Termination | None
) -> list[Evidence]:
    pod, evidence = container.pod, list[Evidence]()
    if container.waiting_reason:
        path = f"{container.path}.state.waiting.reason"
        evidence.append(citing.field(pod, path, container.waiting_reason))
    if end is not None:
        evidence.append(citing.field(pod, end.path, _described(end), end.finished_at))
    if line := final_words(cluster, container):
        evidence.append(line.cited)
    evidence.append(citing.field(pod, f"{container.path}.restartCount", container.restarts))
    return [*evidence, *citing.events(cluster.events_about(pod, "BackOff"), at_most=1)]


def _described(end: Termination) -> str:
    said = f": {end.message}" if end.message else ""
    return f"{end.reason or 'ended'} (exit code {end.exit_code}){said}"


def _end_params(end: Termination | None) -> dict[str, str]:
    known = end is not None and end.exit_code >= 0
    return {
        "exit_code": str(end.exit_code) if end is not None and known else "",
        "reason": end.reason if end else "",
    }


def exit_zero_loop(cluster: Cluster) -> Iterator[Finding]:
    """`pod.exit_zero_loop`: a process that ends well where a server is expected."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            end = next(iter(container.terminations), None)
            if end is not None and _ends_well_too_often(cluster, container, end):
                yield _zero_finding(cluster, container, end)


def _ends_well_too_often(cluster: Cluster, container: Container, end: Termination) -> bool:
    if container.role is not Role.APP or end.exit_code != 0:
        return False
    if restart_policy(container.pod) != "Always" or container.restarts < OFTEN - 1:
        return False
    looping = container.waiting_reason == "CrashLoopBackOff"
    return looping or (container.restarts >= OFTEN and cluster.recent(end.finished_at))


def _zero_finding(cluster: Cluster, container: Container, end: Termination) -> Finding:
    pod = container.pod
    line = final_words(cluster, container)
    command = " ".join(container.command)
    return about_pod(
        cluster,
        pod,
        "pod.exit_zero_loop",
        Severity.HIGH,
        [
            citing.field(pod, end.path, _described(end), end.finished_at),
            citing.field(pod, f"{container.path}.restartCount", container.restarts),
            *([citing.field(pod, f"{container.spec_path}.command", command)] if command else []),
            *([line.cited] if line else []),
        ],
        since=_began(cluster, container, end),
        container=container.name,
        params={"restarts": str(container.restarts), "command": citing.shortened(command)},
    )


def exit_nonzero(cluster: Cluster) -> Iterator[Finding]:
    """`pod.exit_nonzero`: a container that failed and will not be started again."""
    for pod in live_pods(cluster):
        if restart_policy(pod) == "Always" or _told_by_its_job(cluster, pod):
            continue
        for container in containers(pod):
            end = next(iter(container.terminations), None)
            if end is not None and _failed_for_good(cluster, container, end):
                yield _nonzero_finding(cluster, container, end)


def _failed_for_good(cluster: Cluster, container: Container, end: Termination) -> bool:
    if container.role not in (Role.APP, Role.SIDECAR) or not end.path.endswith(".state.terminated"):
        return False
    exhausted = restart_policy(container.pod) == "Never" or _phase(container.pod) == "Failed"
    own_rule = end.exit_code in TELLING_CODES or end.reason == "OOMKilled"
    lately = end.finished_at is None or cluster.recent(end.finished_at)
    return exhausted and end.exit_code > 0 and not own_rule and lately


def _phase(pod: Resource) -> str:
    return text(pod.status, "phase")


def _told_by_its_job(cluster: Cluster, pod: Resource) -> bool:
    """A Job that failed tells of its pods itself; one that got through makes them history."""
    above = [cluster.get(ref) for ref in owner_chain(cluster, pod) if ref.kind == "Job"]
    return any(
        (job.condition(kind) or {}).get("status") == "True"
        for job in above
        if job is not None
        for kind in ("Complete", "SuccessCriteriaMet", "Failed")
    )


def _nonzero_finding(cluster: Cluster, container: Container, end: Termination) -> Finding:
    pod = container.pod
    line = final_words(cluster, container)
    return about_pod(
        cluster,
        pod,
        "pod.exit_nonzero",
        Severity.HIGH,
        [
            citing.field(pod, end.path, _described(end), end.finished_at),
            *([line.cited] if line else []),
        ],
        since=end.finished_at,
        container=container.name,
        params={**_end_params(end), "log_line": citing.quoted(line.text) if line else ""},
    )
