"""Nodes on which the kernel killed a process because the whole machine had no memory left."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Resource

# A process that outgrew the limit of its own container is no want of the node.
_OWN_LIMIT = re.compile(r"memory cgroup", re.IGNORECASE)
_VICTIM = re.compile(r"victim process: ([\w.:-]+)|Killed? process \d+ \(([^)]+)\)", re.IGNORECASE)
# The kubelet sees a container end some seconds after the kernel ended its process.
TOGETHER = timedelta(seconds=60)
SIGKILL = 137


def system_oom(cluster: Cluster) -> Iterator[Finding]:
    """`node.system_oom`: the process that was killed, and the pod it was of where that is seen."""
    for node in cluster.all("Node"):
        killed = [
            one
            for one in cluster.events_about(node, "SystemOOM", "OOMKilling")
            if cluster.recent(one.last_at) and not _OWN_LIMIT.search(one.message)
        ]
        if killed:
            yield _finding(cluster, node, killed)


def _finding(cluster: Cluster, node: Resource, killed: Sequence[Event]) -> Finding:
    victims = _victims(cluster, node, killed)
    owners = sorted({top_owner(cluster, pod) for pod, _ in victims})
    processes = sorted({name for one in killed if (name := _process(one))})
    return about_object(
        node,
        "node.system_oom",
        Severity.HIGH,
        [*citing.events(killed, at_most=2), *(cited for _, cited in victims[:2])],
        since=min((one.first_at for one in killed if one.first_at), default=None),
        affected=sorted(pod.ref for pod, _ in victims),
        params={
            "processes": listed(processes),
            "victims": listed([str(one) for one in owners]),
            "count": str(sum(one.count for one in killed)),
            "last_at": citing.clock(killed[-1].last_at),
            "allocatable": text(node.status, "allocatable", "memory"),
        },
        joins={"node": node.name, **_pods(victims)},
    )


def _pods(victims: Sequence[tuple[Resource, Evidence]]) -> dict[str, str]:
    names = sorted({key(pod.ref) for pod, _ in victims})
    return {"pod": ",".join(names)} if names else {}


def _process(event: Event) -> str:
    match = _VICTIM.search(event.message)
    return next((one for one in match.groups() if one), "") if match else ""


def _victims(
    cluster: Cluster, node: Resource, killed: Sequence[Event]
) -> list[tuple[Resource, Evidence]]:
    """The pods of the node with a container that was killed at that time."""
    times = [one.last_at for one in killed if one.last_at]
    return [
        (pod, citing.field(pod, end.path, f"{end.reason} (exit code {SIGKILL})", end.finished_at))
        for pod in cluster.all("Pod")
        if text(pod.spec, "nodeName") == node.name
        for container in containers(pod)
        for end in container.terminations
        if end.exit_code == SIGKILL
        and end.finished_at
        and any(abs(end.finished_at - at) <= TOGETHER for at in times)
    ]
