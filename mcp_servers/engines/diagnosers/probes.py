"""Probes that fail: the wrong port, the wrong path, too little time, or a program that is not well."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import last_words, telling
from mcp_servers.engines.probing import (
    Failures,
    budget,
    declared_ports,
    described,
    failures,
    kills,
    listening_ports,
    port_of,
)
from mcp_servers.engines.revisions import older_serves
from mcp_servers.engines.settling import GRACE, is_finished, live_pods
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Resource, moment

FEWEST = 3
# A stop may take its grace period beyond the moment the probe gave up.
STOPPING = timedelta(seconds=45)


def probes(cluster: Cluster) -> Iterator[Finding]:
    """`pod.probe.*`: what the failed probes of each container say, the sharpest reading first."""
    for pod in live_pods(cluster):
        if is_finished(pod):
            continue
        failed = failures(cluster, pod)
        for one in failed:
            yield from _about_one_probe(cluster, one)
        for container in containers(pod):
            mine = [one for one in failed if one.container.name == container.name]
            yield from _unready(cluster, container, mine)
            yield from _killed(cluster, container, mine)


def _about_one_probe(cluster: Cluster, failed: Failures) -> Iterator[Finding]:
    if not _matters(cluster, failed):
        return
    if _wrong_port(cluster, failed):
        yield _port_finding(cluster, failed)
    elif failed.statuses and failed.count >= FEWEST:
        yield _status_finding(cluster, failed)
    elif failed.timeouts >= FEWEST:
        yield _timeout_finding(cluster, failed)


def _matters(cluster: Cluster, failed: Failures) -> bool:
    """Whether the failures still count: an unready container, or one killed for it lately."""
    container = failed.container
    if failed.kind == "startup" and _may_still_start(cluster, failed):
        return False
    if failed.kind == "readiness":
        return not container.ready
    return not container.ready or bool(kills(cluster, container)) or container.restarts > 0


def _may_still_start(cluster: Cluster, failed: Failures) -> bool:
    """Whether a first start is within the time that its probe allows."""
    container = failed.container
    since = container.running_since
    within = since is not None and cluster.now - since <= budget(failed.probe)
    return within and not container.restarts and not kills(cluster, container)


def _wrong_port(cluster: Cluster, failed: Failures) -> bool:
    container = failed.container
    port, number = port_of(failed.probe, container)
    if port and not number:
        return True
    if not number or not failed.refused:
        return False
    declared, heard = declared_ports(container), listening_ports(cluster, container)
    if number in heard:
        return False
    return bool(heard) or (bool(declared) and number not in declared)


def _base(failed: Failures) -> list[Evidence]:
    container = failed.container
    path = f"{container.spec_path}.{failed.kind}Probe"
    return [
        *citing.events(failed.events, at_most=1),
        citing.field(container.pod, path, described(failed.probe)),
    ]


def _params(failed: Failures) -> dict[str, str]:
    return {
        "probe": failed.kind,
        "spec": described(failed.probe),
        "message": citing.quoted(failed.message),
        "count": str(failed.count),
    }


def _port_finding(cluster: Cluster, failed: Failures) -> Finding:
    container = failed.container
    port, number = port_of(failed.probe, container)
    declared, heard = declared_ports(container), listening_ports(cluster, container)
    said = _lines_naming(cluster, container, heard)
    return about_pod(
        cluster,
        container.pod,
        "pod.probe.port_mismatch",
        Severity.HIGH,
        [*_base(failed), *said],
        confidence=Confidence.CERTAIN if heard or not number else Confidence.STRONG,
        since=failed.first_at,
        container=container.name,
        cause_key=failed.kind,
        fix="fix.probe",
        params={
            **_params(failed),
            "port": port,
            "declared": ", ".join(declared),
            "listening": ", ".join(heard),
        },
    )


def _lines_naming(cluster: Cluster, container: Container, ports: list[str]) -> list[Evidence]:
    """The first line that names a port the program listens on."""
    return [
        citing.log_line(log, at, line)
        for log in cluster.logs_of(container.pod, container.name)
        for at, line in log.lines
        if any(port in line for port in ports)
    ][:1]


def _status_finding(cluster: Cluster, failed: Failures) -> Finding:
    container, status = failed.container, failed.statuses[0]
    path = text(failed.probe, "httpGet", "path") or "/"
    good = _other_path(failed) if status == "404" else ""
    line = telling(last_words(cluster, container)) if status.startswith("5") else None
    return about_pod(
        cluster,
        container.pod,
        "pod.probe.http_status",
        Severity.HIGH,
        [*_base(failed), *([line.cited] if line else [])],
        since=failed.first_at,
        container=container.name,
        cause_key=f"{failed.kind} {status}",
        fix="fix.probe" if status == "404" else _way_back(cluster, container),
        params={**_params(failed), "path": path, "status": status, "known_good": good},
        joins={"killed_by": failed.kind if kills(cluster, container) else ""},
    )


def _other_path(failed: Failures) -> str:
    """A path that another probe of the container uses."""
    container = failed.container
    mine = text(failed.probe, "httpGet", "path")
    others = [
        text(container.probe(kind), "httpGet", "path")
        for kind in ("readiness", "liveness", "startup")
    ]
    return next((path for path in others if path and path != mine), "")


def _timeout_finding(cluster: Cluster, failed: Failures) -> Finding:
    container = failed.container
    limit = text(failed.probe, "timeoutSeconds") or "1"
    return about_pod(
        cluster,
        container.pod,
        "pod.probe.timeout",
        Severity.MEDIUM,
        _base(failed),
        since=failed.first_at,
        container=container.name,
        cause_key=failed.kind,
        fix="fix.probe",
        params={
            **_params(failed),
            "timeout_s": limit,
            "cpu_limit": container.asks("limits", "cpu"),
        },
    )


def _unready(cluster: Cluster, container: Container, failed: list[Failures]) -> Iterator[Finding]:
    """`pod.probe.readiness_failing`: it runs, has had its time, and does not get ready."""
    if not container.running or container.ready or not container.probe("readiness"):
        return
    if container.probe("startup") and container.status.get("started") is not True:
        return
    told = [one for one in failed if one.kind == "readiness"]
    count = told[0].count if told else 0
    if count < FEWEST and not _has_had_its_time(cluster, container):
        return
    line = telling(last_words(cluster, container))
    since = (told[0].first_at if told else None) or _unready_since(container.pod)
    yield about_pod(
        cluster,
        container.pod,
        "pod.probe.readiness_failing",
        Severity.HIGH,
        [
            *(citing.events(told[0].events, at_most=1) if told else []),
            citing.field(container.pod, f"{container.path}.ready", "false", since),
            *([line.cited] if line else []),
        ],
        confidence=Confidence.CERTAIN if count >= FEWEST else Confidence.STRONG,
        since=since,
        container=container.name,
        fix=_way_back(cluster, container),
        params={
            "spec": described(container.probe("readiness")),
            "message": citing.quoted(told[0].message) if told else "",
            "count": str(count) if count else "",
        },
    )


def _way_back(cluster: Cluster, container: Container) -> str:
    return "fix.rollback" if older_serves(cluster, container.pod) else ""


def _has_had_its_time(cluster: Cluster, container: Container) -> bool:
    """Events may have expired; a container that is still unready long after its start has not."""
    since = container.running_since
    allowed = budget(container.probe("readiness")) + GRACE
    return since is not None and cluster.now - since > allowed


def _unready_since(pod: Resource) -> datetime | None:
    return moment((pod.condition("Ready") or {}).get("lastTransitionTime"))


def _killed(cluster: Cluster, container: Container, failed: list[Failures]) -> Iterator[Finding]:
    """`pod.probe.liveness_kills`, or `pod.probe.startup_budget` when it never got up at all."""
    ended = kills(cluster, container)
    if not ended:
        return
    of_startup = [one for one in failed if one.kind == "startup"]
    of_liveness = [one for one in failed if one.kind == "liveness"]
    startup = of_startup if container.probe("startup") else of_liveness
    if startup and _never_got_up(cluster, container, startup[0]):
        yield _kill_finding(cluster, container, startup[0], ended, "pod.probe.startup_budget")
    elif of_liveness and _often_enough(container, ended):
        yield _kill_finding(cluster, container, of_liveness[0], ended, "pod.probe.liveness_kills")


def _often_enough(container: Container, ended: list[Event]) -> bool:
    codes = {end.exit_code for end in container.terminations}
    stopped = not codes or bool(codes & {137, 143, 0, 1, 2})
    return stopped and (sum(one.count for one in ended) >= 2 or container.restarts >= 2)


def _never_got_up(cluster: Cluster, container: Container, failed: Failures) -> bool:
    """Killed as early as the probe allowed, again and again, with nothing listening yet.

    A wrong port or path looks alike, so a program that says it listens, an answered request
    and a probe of an undeclared port all speak against a slow start.
    """
    if container.ready or failed.statuses or _wrong_port(cluster, failed):
        return False
    if failed.kind == "startup":
        return True
    _, number = port_of(failed.probe, container)
    if number and number in listening_ports(cluster, container):
        return False
    lives = [
        end.finished_at - end.started_at
        for end in container.terminations
        if end.finished_at and end.started_at
    ]
    return bool(lives) and lives[0] <= budget(failed.probe) + STOPPING


def _kill_finding(
    cluster: Cluster, container: Container, failed: Failures, ended: list[Event], rule: str
) -> Finding:
    pod = container.pod
    ends = container.terminations
    line = telling(last_words(cluster, container))
    lived = [end.finished_at - end.started_at for end in ends if end.finished_at and end.started_at]
    code = next((str(end.exit_code) for end in ends), "")
    said = [citing.field(pod, end.path, f"exit code {code}", end.finished_at) for end in ends[:1]]
    return about_pod(
        cluster,
        pod,
        rule,
        Severity.HIGH,
        [*citing.events(ended, at_most=1), *_base(failed), *said, *([line.cited] if line else [])],
        since=min((one.first_at for one in (*ended, *failed.events) if one.first_at), default=None),
        container=container.name,
        fix="fix.probe",
        params={
            **_params(failed),
            "kills": str(sum(one.count for one in ended)),
            "exit_code": code,
            "budget_s": f"{budget(failed.probe).total_seconds():.0f}",
            "lived_s": f"{lived[0].total_seconds():.0f}" if lived else "",
            "has_startup_probe": "true" if container.probe("startup") else "",
            "restarts": str(container.restarts),
        },
    )
