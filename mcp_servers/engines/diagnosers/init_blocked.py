"""A pod whose init containers do not let it begin."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.call_failures import targets, words_of
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.endpoints import Addresses
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import Line, telling
from mcp_servers.engines.settling import live_pods
from mcp_servers.engines.starting import PATIENCE
from mcp_servers.facts.findings import Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

ORDINARY_WAITING = frozenset({"", "PodInitializing", "ContainerCreating"})


def init_blocked(cluster: Cluster) -> Iterator[Finding]:
    """`pod.init_blocked`: the first init container that fails, waits with an error or runs on."""
    for pod in live_pods(cluster):
        if text(pod.status, "phase") == "Succeeded" or not _still_initialising(pod):
            continue
        for container in containers(pod):
            state = _state(cluster, container) if container.role is Role.INIT else ""
            if state:
                yield _finding(cluster, container, state)
                break


def _still_initialising(pod: Resource) -> bool:
    initialised = pod.condition("Initialized")
    if initialised is not None:
        return initialised.get("status") == "False"
    return text(pod.status, "phase") == "Pending"


def _state(cluster: Cluster, container: Container) -> str:
    """What holds it: the waiting reason, the exit, or `running`; "" when nothing is wrong."""
    if container.waiting_reason not in ORDINARY_WAITING:
        return container.waiting_reason
    ended = container.terminations
    if ended and ended[0].exit_code != 0:
        return f"exit code {ended[0].exit_code}"
    since = container.running_since
    too_long = since is not None and cluster.now - since > PATIENCE
    return "running" if container.running and too_long else ""


def _finding(cluster: Cluster, container: Container, state: str) -> Finding:
    pod = container.pod
    lines = _lines(cluster, container)
    line, awaited = telling(lines), _awaited(cluster, container, lines)
    since = container.running_since
    initialised = pod.condition("Initialized") or {}
    ends = [end.finished_at for end in container.terminations]
    began = moment(initialised.get("lastTransitionTime")) or pod.created_at
    return about_pod(
        cluster,
        pod,
        "pod.init_blocked",
        Severity.HIGH,
        [_cited(container, state), *([line.cited] if line else [])],
        since=began or next((at for at in ends if at), None),
        container=container.name,
        params={
            "init": container.name,
            "state": state,
            "log_line": citing.quoted(line.text) if line else "",
            "minutes": str(int((cluster.now - since) / timedelta(minutes=1))) if since else "",
            "restarts": str(container.restarts),
        },
        joins={
            **({"service": ",".join(awaited)} if awaited else {}),
            **({"job": ",".join(jobs)} if (jobs := _awaited_jobs(cluster, container)) else {}),
        },
    )


def _awaited(cluster: Cluster, container: Container, lines: Sequence[Line]) -> list[str]:
    """The Services whose answer it waits for: by the hosts of its command and its last lines, or by
    their names, which scripts that only look one up give without a port."""
    addresses, space = Addresses(cluster), container.pod.namespace
    said = [" ".join(container.command), *(one.text for one in lines)]
    hosts = [one.host for text in said for one in targets(text)]
    hosts += [word for text in said for word in sorted(words_of(text))]
    found = [addresses.service(host, seen_from=space) for host in dict.fromkeys(hosts)]
    return sorted({key(one.ref) for one in found if one is not None})


def _awaited_jobs(cluster: Cluster, container: Container) -> list[str]:
    """The Jobs whose names stand in its command."""
    said = set(re.findall(r"[a-z0-9][a-z0-9.-]*", " ".join(container.command)))
    jobs = cluster.all("Job", container.pod.namespace)
    return sorted(key(one.ref) for one in jobs if one.name in said)


def _cited(container: Container, state: str) -> Evidence:
    part = "state.waiting.reason" if container.waiting_reason else "state"
    said = f"{state} since {citing.clock(container.running_since)}" if state == "running" else state
    ends = container.terminations
    at = container.running_since or (ends[0].finished_at if ends else None)
    return citing.field(container.pod, f"{container.path}.{part}", said, at)


def _lines(cluster: Cluster, container: Container) -> list[Line]:
    logs = cluster.logs_of(container.pod, container.name)
    return [Line(log, at, text) for log in logs for at, text in log.lines[-20:]]
