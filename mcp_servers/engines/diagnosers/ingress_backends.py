"""Routes that lead to a Service or port that is not there."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import ports_of
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource
from mcp_servers.facts.nearest import nearest_names


@dataclass(frozen=True, slots=True)
class _Backend:
    path: str  # where in the Ingress it stands
    url: str  # what a visitor asks for
    service: str
    port: str


def ingress_backends(cluster: Cluster) -> Iterator[Finding]:
    """`ingress.backend_missing` and `ingress.backend_port_missing`."""
    if not cluster.all("Service"):
        return  # Services that were not listed say nothing
    for ingress in cluster.all("Ingress"):
        for backend in _backends(ingress):
            service = cluster.get(Ref("Service", ingress.namespace, backend.service))
            if service is None:
                yield _no_service(cluster, ingress, backend)
            elif not _has_port(service, backend.port):
                yield _no_port(ingress, backend, service)


def _backends(ingress: Resource) -> Iterator[_Backend]:
    named = [(".spec.defaultBackend", "*", section(ingress.spec, "defaultBackend"))]
    for n, rule in enumerate(rows(ingress.spec, "rules")):
        for m, path in enumerate(rows(rule, "http", "paths")):
            where = f".spec.rules[{n}].http.paths[{m}].backend"
            url = f"{text(rule, 'host') or '*'}{text(path, 'path') or '/'}"
            named.append((where, url, section(path, "backend")))
    for where, url, backend in named:
        service = section(backend, "service")
        if name := text(service, "name"):
            yield _Backend(where, url, name, _port(service))


def _port(service: Json) -> str:
    return text(service, "port", "name") or text(service, "port", "number")


def _has_port(service: Resource, port: str) -> bool:
    if not port or text(service.spec, "type") == "ExternalName":
        return True
    return any(port in (text(one, "name"), text(one, "port")) for one in ports_of(service))


def _no_service(cluster: Cluster, ingress: Resource, backend: _Backend) -> Finding:
    here = [one.name for one in cluster.all("Service", ingress.namespace)]
    elsewhere = [one.namespace for one in cluster.all("Service") if one.name == backend.service]
    near = nearest_names(backend.service, here)
    cited = citing.field(
        ingress, f"{backend.path}.service.name", f"{backend.service} (no such Service)"
    )
    params = {"near": ", ".join(near), "elsewhere": ", ".join(sorted(elsewhere)), "ports": ""}
    fixable = len(near) == 1
    return _finding(ingress, backend, "ingress.backend_missing", [cited], params, fixable=fixable)


def _no_port(ingress: Resource, backend: _Backend, service: Resource) -> Finding:
    ports = [f"{text(one, 'name')}={text(one, 'port')}".lstrip("=") for one in ports_of(service)]
    shown = ", ".join(ports)
    evidence = [
        citing.field(ingress, f"{backend.path}.service.port", backend.port),
        citing.field(service, ".spec.ports", shown),
    ]
    params = {"near": ports[0] if len(ports) == 1 else "", "elsewhere": "", "ports": shown}
    fixable = len(ports) == 1
    rule = "ingress.backend_port_missing"
    return _finding(ingress, backend, rule, evidence, params, fixable=fixable)


def _finding(
    ingress: Resource,
    backend: _Backend,
    rule: str,
    evidence: list[Evidence],
    params: dict[str, str],
    *,
    fixable: bool,
) -> Finding:
    service = Ref("Service", ingress.namespace, backend.service)
    return Finding(
        rule=rule,
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        resource=ingress.ref,
        since=None,
        evidence=tuple(evidence),
        params={"url": backend.url, "service": backend.service, "port": backend.port, **params},
        cause_key=f"{backend.service}:{backend.port}",
        fix=Fix("fix.ingress", ingress.ref) if fixable else None,
        joins={"service": key(service)},
    )
