"""Probe failures as the kubelet reports them, sorted by container and probe."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Resource

KINDS = ("readiness", "liveness", "startup")
_FAILED = re.compile(r"(Readiness|Liveness|Startup) probe (?:failed|errored)", re.IGNORECASE)
_STATUS = re.compile(r"statuscode: (\d{3})")
_KILLED = re.compile(r"failed (liveness|startup) probe, will be restarted", re.IGNORECASE)
_REFUSED = re.compile(r"connection refused", re.IGNORECASE)
_TIMEOUT = re.compile(
    r"context deadline exceeded|Client\.Timeout|i/o timeout|timeout:", re.IGNORECASE
)
_LISTENING = re.compile(
    r"(?:listening|serving|started|running|bound|ready|server)\b[^\n]{0,60}?(?:\bport[ :=]+|[\w\].*]:|\s:)(\d{2,5})\b",
    re.IGNORECASE,
)


_AUXILIARY = re.compile(
    r"metric|prometheus|admin|debug|pprof|profil|actuator|management|telemetry", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed about one probe of one container within the window."""

    container: Container
    kind: str
    events: tuple[Event, ...]

    @property
    def count(self) -> int:
        return sum(event.count for event in self.events)

    @property
    def first_at(self) -> datetime | None:
        return min((one.first_at for one in self.events if one.first_at), default=None)

    @property
    def last_at(self) -> datetime | None:
        return max((one.last_at for one in self.events if one.last_at), default=None)

    @property
    def probe(self) -> Json:
        return self.container.probe(self.kind)

    @property
    def statuses(self) -> list[str]:
        """The HTTP statuses answered, the most frequent first."""
        found: dict[str, int] = {}
        for event in self.events:
            if match := _STATUS.search(event.message):
                found[match.group(1)] = found.get(match.group(1), 0) + event.count
        return sorted(found, key=lambda status: (-found[status], status))

    @property
    def refused(self) -> int:
        return _times(self.events, _REFUSED)

    @property
    def timeouts(self) -> int:
        return _times(self.events, _TIMEOUT)

    @property
    def message(self) -> str:
        return self.events[-1].message if self.events else ""


def _times(events: Iterable[Event], shape: re.Pattern[str]) -> int:
    return sum(event.count for event in events if shape.search(event.message))


def failures(cluster: Cluster, pod: Resource) -> list[Failures]:
    """The probes of a pod that failed within the window."""
    found: dict[tuple[str, str], list[Event]] = {}
    every = {container.name: container for container in containers(pod)}
    for event in cluster.events_about(pod, "Unhealthy", "ProbeWarning"):
        match = _FAILED.search(event.message)
        if match is None or not cluster.recent(event.last_at):
            continue
        kind = match.group(1).lower()
        name = _container_of(event, kind, every)
        if name in every:
            found.setdefault((name, kind), []).append(event)
    return [Failures(every[name], kind, tuple(events)) for (name, kind), events in found.items()]


def _container_of(event: Event, kind: str, every: dict[str, Container]) -> str:
    """By the event's field path, else the only container that has such a probe."""
    if "{" in event.field_path:
        return event.field_path.partition("{")[2].rstrip("}")
    having = [name for name, container in every.items() if container.probe(kind)]
    return having[0] if len(having) == 1 else ""


def kills(cluster: Cluster, container: Container) -> list[Event]:
    """The times within the window that the kubelet ended a container for its probe."""
    return [
        event
        for event in cluster.events_about(container.pod, "Killing")
        if cluster.recent(event.last_at)
        and _KILLED.search(event.message)
        and (
            event.field_path.endswith(f"{{{container.name}}}")
            or f"ontainer {container.name} " in event.message
        )
    ]


def killing_probes(cluster: Cluster, container: Container) -> str:
    """The kinds of probe that the kubelet ended a container for, as joins name them."""
    found = (_KILLED.search(one.message) for one in kills(cluster, container))
    return ",".join(sorted({match.group(1).lower() for match in found if match}))


def port_of(probe: Json, container: Container) -> tuple[str, str]:
    """The port a probe names and the number it means; the number is "" for an unknown name."""
    handler = section(probe, "httpGet") or section(probe, "tcpSocket") or section(probe, "grpc")
    port = text(handler, "port")
    return port, port if port.isdigit() else named_ports(container).get(port, "")


def named_ports(container: Container) -> dict[str, str]:
    listed = rows(container.spec, "ports")
    return {text(one, "name"): text(one, "containerPort") for one in listed if text(one, "name")}


def declared_ports(container: Container) -> list[str]:
    listed = (text(one, "containerPort") for one in rows(container.spec, "ports"))
    return sorted({port for port in listed if port})


def listening_ports(cluster: Cluster, container: Container) -> list[str]:
    """The ports that the container's log says it listens on."""
    lines = [
        line for log in cluster.logs_of(container.pod, container.name) for _, line in log.lines
    ]
    found = (match for line in lines for match in _LISTENING.finditer(line))
    return sorted({match.group(1) for match in found})


def auxiliary_ports(cluster: Cluster, container: Container) -> set[str]:
    """Ports of which the log speaks only as those of metrics, profiles or administration."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for log in cluster.logs_of(container.pod, container.name):
        for _, line in log.lines:
            ports = {match.group(1) for match in _LISTENING.finditer(line)}
            found[bool(_AUXILIARY.search(line))] |= ports
    return found[True] - found[False]


def budget(probe: Json) -> timedelta:
    """How long a container may fail this probe before it is given up."""
    period = whole(probe, "periodSeconds", default=10)
    failures_allowed = whole(probe, "failureThreshold", default=3)
    return timedelta(seconds=whole(probe, "initialDelaySeconds") + period * failures_allowed)


def described(probe: Json) -> str:
    """A probe in one line: `GET :8080/healthz every 10s, timeout 1s, 3 failures`."""
    http, tcp = section(probe, "httpGet"), section(probe, "tcpSocket")
    what = "exec"
    if http:
        what = f"GET :{text(http, 'port')}{text(http, 'path') or '/'}"
    elif tcp:
        what = f"tcp :{text(tcp, 'port')}"
    elif section(probe, "grpc"):
        what = f"grpc :{text(probe, 'grpc', 'port')}"
    period = whole(probe, "periodSeconds", default=10)
    timeout = whole(probe, "timeoutSeconds", default=1)
    allowed = whole(probe, "failureThreshold", default=3)
    delay = whole(probe, "initialDelaySeconds")
    begin = f", after {delay}s" if delay else ""
    return f"{what} every {period}s, timeout {timeout}s, {allowed} failures{begin}"
