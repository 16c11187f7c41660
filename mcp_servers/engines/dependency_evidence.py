"""What an edge of the dependency graph rests on: the field that says so, or what was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mcp_servers.engines.citing import field, masked
from mcp_servers.engines.config_references import references
from mcp_servers.engines.configured_calls import addresses_in
from mcp_servers.engines.fields import rows, section, strings, text
from mcp_servers.engines.network_policies import Direction, limits
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.topology import Edge, Relation, declarations, pod_template
from mcp_servers.facts.findings import Evidence, Finding, Source
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

PODS_CITED = 2
CITED = 4

_KINDS = {
    Relation.CALLS: "call",
    Relation.ROUTES_TO: "route",
    Relation.SELECTS: "selector",
    Relation.LIMITED_BY: "network_policy",
    Relation.REFERS_TO: "reference",
    Relation.SCALES: "scale",
    Relation.RUNS_ON: "node",
    Relation.OWNED_BY: "owner",
}
_TEMPLATE = {"Pod": "", "CronJob": ".spec.jobTemplate.spec.template"}


def kind_of(edge: Edge, evidence: Iterable[Evidence]) -> str:
    """The word for an edge; what is mounted is told from what is only referred to."""
    mounted = edge.relation is Relation.REFERS_TO and any(
        ".volumes[" in one.ref for one in evidence
    )
    return "mount" if mounted else _KINDS[edge.relation]


def evidence_of(
    cluster: Cluster,
    edge: Edge,
    *,
    findings: Sequence[Finding] = (),
    measured: Mapping[Edge, Evidence],
) -> list[Evidence]:
    """At most four pieces: fields of objects, then what logs and metrics show."""
    resource = cluster.get(edge.dependent)
    told = list(_READERS[edge.relation](cluster, edge, resource)) if resource else []
    if edge.relation is Relation.CALLS:
        told += _logged(edge, findings)
        told += [measured[edge]] if edge in measured else []
    return list(dict.fromkeys(told))[:CITED]


def _selected(cluster: Cluster, edge: Edge, service: Resource) -> Iterator[Evidence]:
    yield field(service, ".spec.selector", _pairs(strings(service.spec, "selector")))


def _routed(cluster: Cluster, edge: Edge, ingress: Resource) -> Iterator[Evidence]:
    for n, rule in enumerate(rows(ingress.spec, "rules")):
        for m, path in enumerate(rows(rule, "http", "paths")):
            if text(path, "backend", "service", "name") == edge.dependency.name:
                where = f".spec.rules[{n}].http.paths[{m}].backend.service.name"
                shown = f"{text(rule, 'host')}{text(path, 'path')}"
                yield field(ingress, where, f"{edge.dependency.name} ({shown or 'every host'})")
    default = text(ingress.spec, "defaultBackend", "service", "name")
    if default == edge.dependency.name:
        yield field(ingress, ".spec.defaultBackend.service.name", default)


def _called(cluster: Cluster, edge: Edge, workload: Resource) -> Iterator[Evidence]:
    prefix = _prefix(workload)
    for where, value in declarations(workload, edge.dependency):
        yield field(workload, f"{prefix}.spec.{where}", masked(value))
    for one in references(workload.namespace, section(pod_template(workload), "spec")):
        config = cluster.get(one.target) if one.target.kind == "ConfigMap" else None
        for key, service in addresses_in(cluster, config, workload.namespace) if config else ():
            if config and service == edge.dependency:
                yield field(config, f".data[{key}]", masked(_line(config, key, service)))


def _line(config: Resource, key: str, service: Ref) -> str:
    value = strings(config.raw, "data")[key]
    naming = (line.strip() for line in value.splitlines() if service.name in line.lower())
    return next(naming, value)


def _referred(cluster: Cluster, edge: Edge, workload: Resource) -> Iterator[Evidence]:
    prefix, spec = _prefix(workload), section(pod_template(workload), "spec")
    name = edge.dependency.name
    for one in references(workload.namespace, spec):
        if one.target == edge.dependency:
            yield field(workload, f"{prefix}{one.path}", f"{name}.{one.key}" if one.key else name)
    if edge.dependency.kind == "ServiceAccount":
        said = text(spec, "serviceAccountName") or "default, as none is named"
        yield field(workload, f"{prefix}.spec.serviceAccountName", said)
    for volume in rows(spec, "volumes"):
        if edge.dependency.kind == "PersistentVolumeClaim" and _claims(volume, name):
            where = f"{prefix}.spec.volumes[{text(volume, 'name')}].persistentVolumeClaim.claimName"
            yield field(workload, where, name)


def _claims(volume: Json, name: str) -> bool:
    return text(volume, "persistentVolumeClaim", "claimName") == name


def _placed(cluster: Cluster, edge: Edge, owner: Resource) -> Iterator[Evidence]:
    pods = pods_by_owner(cluster).get(owner.ref, []) or [owner]
    here = [pod for pod in pods if text(pod.spec, "nodeName") == edge.dependency.name]
    for pod in here[:PODS_CITED]:
        yield field(pod, ".spec.nodeName", edge.dependency.name)


def _scaled(cluster: Cluster, edge: Edge, scaler: Resource) -> Iterator[Evidence]:
    yield field(scaler, ".spec.scaleTargetRef", f"{edge.dependency.kind}/{edge.dependency.name}")


def _owned(cluster: Cluster, edge: Edge, owned: Resource) -> Iterator[Evidence]:
    said = f"{edge.dependency.kind}/{edge.dependency.name}"
    yield field(owned, ".metadata.ownerReferences", said)


def _limited(cluster: Cluster, edge: Edge, workload: Resource) -> Iterator[Evidence]:
    policy = cluster.get(edge.dependency)
    if policy is None:
        return
    chosen = section(policy.spec, "podSelector")
    said = _pairs(strings(chosen, "matchLabels")) or ("every pod" if not chosen else "expressions")
    yield field(policy, ".spec.podSelector", said)
    for direction in Direction:
        if limits(policy, direction):
            rules = len(rows(policy.spec, direction.rules))
            admitted = f"{rules} rules admit" if rules else "nothing is admitted"
            yield field(policy, f".spec.{direction.rules}", admitted)


_READERS = {
    Relation.SELECTS: _selected,
    Relation.ROUTES_TO: _routed,
    Relation.CALLS: _called,
    Relation.REFERS_TO: _referred,
    Relation.RUNS_ON: _placed,
    Relation.SCALES: _scaled,
    Relation.OWNED_BY: _owned,
    Relation.LIMITED_BY: _limited,
}


def _logged(edge: Edge, findings: Iterable[Finding]) -> Iterator[Evidence]:
    """Lines of logs that gave the call away."""
    called = f"{edge.dependency.namespace}/{edge.dependency.name}"
    for finding in findings:
        if finding.resource == edge.dependent and called in finding.joined("service"):
            yield from (one for one in finding.evidence if one.source is Source.LOG)


def _prefix(workload: Resource) -> str:
    return _TEMPLATE.get(workload.kind, ".spec.template")


def _pairs(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())
