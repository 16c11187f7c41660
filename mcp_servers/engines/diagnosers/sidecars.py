"""Sidecars that Kubernetes starts before the program, and that keep it from starting."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import final_words
from mcp_servers.engines.probing import budget
from mcp_servers.engines.settling import GRACE, is_young, live_pods
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource

NOT_BEGUN = frozenset({"", "PodInitializing", "ContainerCreating"})


def sidecar_unready(cluster: Cluster) -> Iterator[Finding]:
    """`pod.sidecar_unready`: a sidecar has not started, and what comes after it waits."""
    for pod in live_pods(cluster):
        blocking = _blocking(pod)
        if blocking is None or is_young(
            cluster, pod, max(GRACE, budget(blocking.probe("startup")))
        ):
            continue
        yield _finding(cluster, pod, blocking)


def _blocking(pod: Resource) -> Container | None:
    """The first init container in order that is not done, if it is a sidecar that has been tried."""
    for one in containers(pod):
        if one.role is Role.INIT and not any(end.exit_code == 0 for end in one.terminations):
            return None
        if one.role is Role.SIDECAR and one.status.get("started") is not True:
            held_up = one.running or one.terminations or one.waiting_reason not in NOT_BEGUN
            return one if held_up else None
        if one.role is Role.APP:
            return None
    return None


def _finding(cluster: Cluster, pod: Resource, sidecar: Container) -> Finding:
    state = sidecar.waiting_reason or ("running" if sidecar.running else "ended")
    after = [one.name for one in containers(pod) if not one.running and one.name != sidecar.name]
    line = final_words(cluster, sidecar)
    since = sidecar.running_since or pod.created_at
    order = [one.name for one in containers(pod) if one.role is not Role.EPHEMERAL]
    return about_pod(
        cluster,
        pod,
        "pod.sidecar_unready",
        Severity.HIGH,
        [
            citing.field(pod, f"{sidecar.path}.started", "false"),
            citing.field(pod, f"{sidecar.path}.state", state, since),
            citing.field(pod, ".spec (order of start)", ", ".join(order)),
            *([line.cited] if line else []),
        ],
        since=pod.created_at,
        container=sidecar.name,
        params={
            "state": state,
            "waiting": ", ".join(after),
            "restarts": str(sidecar.restarts),
            "message": citing.quoted(text(sidecar.waiting, "message")),
            "log_line": citing.quoted(line.text) if line else "",
        },
    )
