"""A Service that sends its traffic to a port nobody serves."""

from collections.abc import Iterator, Sequence

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.call_failures import kind_of_failure, may_tell_of_a_failed_call, targets
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.endpoints import (
    Addresses,
    is_by_hand,
    is_headless,
    ports_of,
    selected_pods,
    services_by_workload,
    slices_of,
)
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.log_signals import Line, lately, speakers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.probing import declared_ports, listening_ports, named_ports, port_of
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource
from mcp_servers.facts.nearest import nearest_names

FEWEST_LINES = 3


def service_ports(cluster: Cluster) -> Iterator[Finding]:
    """`service.target_port_name_missing` and `service.target_port_mismatch`."""
    refused = _refused_lines(cluster)
    for service in cluster.all("Service"):
        if is_by_hand(service) or is_headless(service):
            continue  # of a headless Service only the addresses are used
        pods = selected_pods(cluster, service)
        for port in ports_of(service) if pods else []:
            target = text(port, "targetPort") or text(port, "port")
            if target.isdigit():
                lines = refused.get(key(service.ref), [])
                yield from _number(cluster, service, port, target, pods, lines)
            elif target:
                yield from _name(cluster, service, port, target, pods)


def _serving(pod: Resource) -> list[Container]:
    return [one for one in containers(pod) if one.role in (Role.APP, Role.SIDECAR)]


def _name(
    cluster: Cluster, service: Resource, port: Json, target: str, pods: list[Resource]
) -> Iterator[Finding]:
    lacking = [pod for pod in pods if not any(target in named_ports(one) for one in _serving(pod))]
    if not lacking:
        return
    declared = {
        name: number
        for pod in lacking
        for one in _serving(pod)
        for name, number in named_ports(one).items()
    }
    numbers = {number for pod in lacking for one in _serving(pod) for number in declared_ports(one)}
    near = nearest_names(target, declared) or (list(declared) if len(declared) == 1 else [])
    shown = ", ".join(f"{name}={number}" for name, number in sorted(declared.items()))
    first = lacking[0]
    everywhere = len(lacking) == len(pods)
    yield _finding(
        cluster,
        service,
        "service.target_port_name_missing",
        Severity.CRITICAL if everywhere else Severity.MEDIUM,
        lacking,
        [
            _cited_port(service, port, target),
            citing.field(first, ".spec.containers[].ports[].name", shown or "no named port"),
            *_slices_without_ports(cluster, service),
        ],
        confidence=Confidence.CERTAIN,
        target=target,
        near=near[0] if len(near) == 1 else "",
        params={
            "declared": shown or ", ".join(sorted(numbers)),
            "listening": "",
            "port": text(port, "port"),
        },
    )


def _slices_without_ports(cluster: Cluster, service: Resource) -> list[Evidence]:
    empty = [one for one in slices_of(cluster, service) if not rows(one.raw, "ports")]
    return [citing.field(one, ".ports", "[]") for one in empty[:1]]


def _number(
    cluster: Cluster,
    service: Resource,
    port: Json,
    target: str,
    pods: list[Resource],
    refused: Sequence[Line],
) -> Iterator[Finding]:
    """A number that no pod declares is only a fault when something shows another port, or refusals."""
    serving = [one for pod in pods for one in _serving(pod)]
    declared = sorted({number for one in serving for number in declared_ports(one)})
    heard = sorted({number for one in serving for number in listening_ports(cluster, one)})
    if target in declared or target in heard:
        return
    probed, is_refused = _probed_ports(serving), len(refused) >= FEWEST_LINES
    if not (heard or (declared and (is_refused or probed))):
        return
    if not is_refused and _is_one_more(cluster, service, port, [*declared, *heard]):
        return
    served = heard or probed or declared
    yield _finding(
        cluster,
        service,
        "service.target_port_mismatch",
        Severity.HIGH,
        pods,
        [
            _cited_port(service, port, target),
            citing.field(pods[0], ".spec.containers[].ports[].containerPort", ", ".join(declared)),
            *_heard(cluster, serving, heard),
            *(line.cited for line in refused[:1]),
        ],
        confidence=Confidence.STRONG,
        target=target,
        near=served[0] if len(served) == 1 else "",
        params={
            "declared": ", ".join(declared),
            "listening": ", ".join(heard or probed),
            "port": text(port, "port"),
        },
    )


def _is_one_more(cluster: Cluster, service: Resource, port: Json, declared: Sequence[str]) -> bool:
    """Whether what the pods declare or listen on is served already, beside this port or by another
    Service: then it is one more port, as of metrics, that nobody declared."""
    beside = [one for one in ports_of(service) if one is not port]
    owners = {top_owner(cluster, pod) for pod in selected_pods(cluster, service)}
    others = [
        other
        for owner in sorted(owners)
        for other in services_by_workload(cluster).get(owner, [])
        if other.ref != service.ref
    ]
    targets = [*beside, *(one for other in others for one in ports_of(other))]
    numbers = (text(one, "targetPort") or text(one, "port") for one in targets)
    return any(not number.isdigit() or number in declared for number in numbers)


def _probed_ports(serving: list[Container]) -> list[str]:
    """Ports on which ready containers answer their own readiness probe."""
    found = [
        port_of(section(one.spec, "readinessProbe"), one)[1]
        for one in serving
        if one.ready and (one.probe("readiness").keys() & {"httpGet", "tcpSocket", "grpc"})
    ]
    return sorted({port for port in found if port})


def _heard(cluster: Cluster, serving: list[Container], ports: list[str]) -> list[Evidence]:
    return [
        citing.log_line(log, at, line)
        for one in serving
        for log in cluster.logs_of(one.pod, one.name)
        for at, line in log.lines
        if any(port in line for port in ports)
    ][:1]


def _cited_port(service: Resource, port: Json, target: str) -> Evidence:
    return citing.field(service, f".spec.ports[{text(port, 'port')}].targetPort", target)


def _refused_lines(cluster: Cluster) -> dict[str, list[Line]]:
    """Lines of callers that were refused, by the Service they called."""
    addresses, found = Addresses(cluster), dict[str, list[Line]]()
    for speaker in speakers(cluster):
        namespace = speaker.container.pod.namespace
        for line in lately(cluster, speaker.lines):
            if not may_tell_of_a_failed_call(line.text) or kind_of_failure(line.text) != "refused":
                continue
            called = [
                addresses.service(one.host, seen_from=namespace) for one in targets(line.text)
            ]
            for service in {key(one.ref) for one in called if one is not None}:
                found.setdefault(service, []).append(line)
    return found


def _finding(
    cluster: Cluster,
    service: Resource,
    rule: str,
    severity: Severity,
    pods: list[Resource],
    evidence: list[Evidence],
    *,
    confidence: Confidence,
    target: str,
    near: str,
    params: dict[str, str],
) -> Finding:
    owners = sorted({top_owner(cluster, pod) for pod in pods})
    times = [one.at for one in evidence if one.at]
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        resource=service.ref,
        since=min(times, default=None),
        evidence=tuple(evidence),
        params={
            "target": target,
            "near": near,
            "workload": ", ".join(f"{one.kind} {one.name}" for one in owners),
            **params,
        },
        affected=tuple(pod.ref for pod in pods),
        cause_key=target,
        fix=Fix("fix.target_port", service.ref) if near else None,
        joins={
            "service": key(service.ref),
            "workload": ",".join(str(one) for one in owners),
        },
    )
