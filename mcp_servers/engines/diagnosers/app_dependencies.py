"""Programs that say in their logs whom they cannot reach, or cannot find by name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.call_failures import (
    Target,
    is_outgoing,
    kind_of_failure,
    may_tell_of_a_failed_call,
    targets,
    unresolved_name,
    words_of,
)
from mcp_servers.engines.endpoints import Addresses, selector_of
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import Line, Speaker, died_of_it, lately, speakers
from mcp_servers.engines.repairs import whole_since
from mcp_servers.engines.selectors import matches_equality
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource
from mcp_servers.facts.nearest import nearest_names

FEWEST_LINES = 3
# Trouble that passed within this time, with quiet after it, is an ordinary retry.
BLIP = timedelta(minutes=1)
# Quiet for this long at the end of a log: the trouble is over.
OVER_AFTER = timedelta(minutes=10)
DIED_WITHIN = timedelta(seconds=30)
RETRIED_WITHIN = timedelta(minutes=2)
_GOT_THROUGH = re.compile(
    r"(?:ok|succe\w+|recovered|reconnected|connected|delivered|done)\b.{0,60}\b(?:retr(?:y|ies)|attempts?)\b"
    r"|\b(?:retr(?:y|ies)|retried|attempt)\b.{0,60}\b(?:ok|succe\w+|worked|recovered)\b",
    re.IGNORECASE,
)


def dependencies(cluster: Cluster) -> Iterator[Finding]:
    """`app.dependency_unreachable` and `app.name_unresolved`, from the lines that say so.

    A host is resolved to a Service of the cluster where it can be: by name, by cluster IP or by
    the address of an endpoint. Three lines make a finding, or one that the process died of.
    """
    addresses = Addresses(cluster)
    for speaker in speakers(cluster):
        lines = [
            line for line in lately(cluster, speaker.lines) if may_tell_of_a_failed_call(line.text)
        ]
        if lines:
            yield from _unreachable(cluster, speaker, lines, addresses)
            yield from _unresolved(cluster, speaker, lines, addresses)


class _Callee:
    """One host, with the Service it leads to when it leads to one."""

    def __init__(self, target: Target, service: Resource | None, *, by_word: bool = False) -> None:
        self.target = target
        self.service = service
        self.by_word = by_word

    @property
    def name(self) -> str:
        return key(self.service.ref) if self.service else str(self.target)


def _unreachable(
    cluster: Cluster, speaker: Speaker, lines: Sequence[Line], addresses: Addresses
) -> Iterator[Finding]:
    calls: dict[str, tuple[_Callee, list[Line]]] = {}
    for line in lines:
        kind = kind_of_failure(line.text)
        callee = _callee(speaker, line, kind, addresses) if kind else None
        if callee is not None:
            calls.setdefault(callee.name, (callee, []))[1].append(line)
    for _, (callee, failed) in sorted(calls.items()):
        if _counts(cluster, speaker, failed) and not _was_mended(cluster, speaker, callee, failed):
            yield _unreachable_finding(cluster, speaker, callee, failed)


def _callee(speaker: Speaker, line: Line, kind: str, addresses: Addresses) -> _Callee | None:
    pod = speaker.container.pod
    named = targets(line.text)
    for target in named:
        service = addresses.service(target.host, seen_from=pod.namespace)
        if service is not None and not _serves_itself(service, pod):
            return _Callee(target, service)
    if named:
        outside = [
            one for one in named if addresses.service(one.host, seen_from=pod.namespace) is None
        ]
        told = kind != "unavailable" or is_outgoing(line.text)
        return _Callee(outside[0], None) if outside and told else None
    return _callee_by_word(pod, line, addresses) if kind != "unavailable" else None


def _callee_by_word(pod: Resource, line: Line, addresses: Addresses) -> _Callee | None:
    """The one Service whose name the line says, when it names no host with a port."""
    said = words_of(line.text)
    found = [
        service
        for name in addresses.names(pod.namespace)
        if name in said
        and (service := addresses.service(name, seen_from=pod.namespace)) is not None
        and not _serves_itself(service, pod)
    ]
    return _Callee(Target(found[0].name, ""), found[0], by_word=True) if len(found) == 1 else None


def _serves_itself(service: Resource, pod: Resource) -> bool:
    same = service.namespace == pod.namespace
    return same and matches_equality(selector_of(service), pod.labels)


def _counts(cluster: Cluster, speaker: Speaker, failed: Sequence[Line]) -> bool:
    """Whether the lines are a fault and not a retry that worked."""
    container = speaker.container
    if not container.ready and any(
        died_of_it(container, one, within=DIED_WITHIN) for one in failed
    ):
        return True
    if len(failed) < FEWEST_LINES or _was_a_blip(speaker, failed):
        return False
    return not _worked_in_the_end(speaker, failed)


def _worked_in_the_end(speaker: Speaker, failed: Sequence[Line]) -> bool:
    """Whether each failure was soon followed by a word that the call got through after all."""
    got_through = [one.at for one in speaker.lines if one.at and _GOT_THROUGH.search(one.text)]
    times = [one.at for one in failed if one.at]
    return len(times) == len(failed) and all(
        any(timedelta(0) <= at - when < RETRIED_WITHIN for at in got_through) for when in times
    )


def _was_a_blip(speaker: Speaker, failed: Sequence[Line]) -> bool:
    times = [one.at for one in failed if one.at is not None]
    spoken = [line.at for line in speaker.lines if line.at is not None]
    if not times or not spoken:
        return False
    return max(times) - min(times) < BLIP and max(spoken) - max(times) >= BLIP


def _was_mended(
    cluster: Cluster, speaker: Speaker, callee: _Callee, failed: Sequence[Line]
) -> bool:
    """The pods it called became ready after its last complaint, and it has spoken since."""
    times = [one.at for one in failed if one.at is not None]
    if callee.service is None or len(times) < len(failed):
        return False
    since = whole_since(cluster, callee.service, max(times))
    return since is not None and any(line.at and line.at > since for line in speaker.lines)


def _is_over(speaker: Speaker, failed: Sequence[Line]) -> bool:
    times = [one.at for one in failed if one.at is not None]
    spoken = [line.at for line in speaker.lines if line.at is not None]
    return bool(times) and max(spoken) - max(times) > OVER_AFTER


def _unreachable_finding(
    cluster: Cluster, speaker: Speaker, callee: _Callee, failed: Sequence[Line]
) -> Finding:
    over = _is_over(speaker, failed)
    kinds = dict.fromkeys(kind_of_failure(line.text) for line in failed)
    service = callee.service
    joins = {"host": str(callee.target)}
    if service is not None:
        joins["service"] = key(service.ref)
    return about_pod(
        cluster,
        speaker.container.pod,
        "app.dependency_unreachable",
        Severity.MEDIUM if over else Severity.HIGH,
        _quoted(failed),
        confidence=Confidence.INFERRED if callee.by_word else Confidence.STRONG,
        since=failed[0].at,
        container=speaker.container.name,
        cause_key=callee.name,
        params={
            "host": str(callee.target),
            "service": key(service.ref) if service else "",
            "failure": ", ".join(kinds),
            **_line_params(failed, over=over),
        },
        joins=joins,
    )


def _line_params(lines: Sequence[Line], *, over: bool) -> dict[str, str]:
    return {
        "count": str(len(lines)),
        "line": citing.quoted(lines[0].text),
        "first_at": citing.clock(lines[0].at),
        "last_at": citing.clock(lines[-1].at),
        "ended_at": citing.clock(lines[-1].at) if over else "",
    }


def _quoted(lines: Sequence[Line]) -> list[citing.Evidence]:
    """The first line and the newest."""
    return [lines[0].cited, *([lines[-1].cited] if len(lines) > 1 else [])]


def _unresolved(
    cluster: Cluster, speaker: Speaker, lines: Sequence[Line], addresses: Addresses
) -> Iterator[Finding]:
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        if name := unresolved_name(line.text):
            by_name.setdefault(name, []).append(line)
    for name, failed in sorted(by_name.items()):
        if _counts(cluster, speaker, failed):
            yield _unresolved_finding(cluster, speaker, name, failed, addresses)


def _unresolved_finding(
    cluster: Cluster, speaker: Speaker, name: str, failed: Sequence[Line], addresses: Addresses
) -> Finding:
    pod = speaker.container.pod
    service = addresses.service(name, seen_from=pod.namespace)
    over = _is_over(speaker, failed)
    return about_pod(
        cluster,
        pod,
        "app.name_unresolved",
        Severity.MEDIUM if over else Severity.HIGH,
        _quoted(failed),
        confidence=Confidence.STRONG,
        since=failed[0].at,
        container=speaker.container.name,
        cause_key=name,
        params={
            "host": name,
            "service": key(service.ref) if service else "",
            "near": ", ".join(_near(name, pod, addresses)) if service is None else "",
            "elsewhere": ", ".join(_elsewhere(cluster, name, pod)) if service is None else "",
            **_line_params(failed, over=over),
        },
        joins=_unresolved_joins(name, service),
    )


def _unresolved_joins(name: str, service: Resource | None) -> Mapping[str, str]:
    """A headless Service has an address only while a pod behind it is ready; others always have."""
    if service is None:
        return {"host": name}
    headless = text(service.spec, "clusterIP") == "None"
    named = key(service.ref)
    return {"host": name, "service": named, "headless": named if headless else ""}


def _near(name: str, pod: Resource, addresses: Addresses) -> list[str]:
    """Services of a name like this in the namespace that the name points to."""
    short, *rest = name.split(".")
    return nearest_names(short, addresses.names(rest[0] if rest else pod.namespace))


def _elsewhere(cluster: Cluster, name: str, pod: Resource) -> list[str]:
    short = name.split(".")[0]
    found = [one for one in cluster.all("Service") if one.name == short]
    return [key(one.ref) for one in found if one.namespace != pod.namespace][:3]
