"""Who depends on whom in a cluster: owners, selectors, references, nodes, routes and calls."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from mcp_servers.engines.configured_calls import configured_calls
from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.hosts import has_address, hosts_in, is_address, service_named
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet")


class Relation(StrEnum):
    """How the first of an edge depends on the second."""

    SELECTS = "selects"  # Service -> workload
    ROUTES_TO = "routes to"  # Ingress -> Service
    CALLS = "calls"  # workload -> Service
    REFERS_TO = "refers to"  # workload -> ConfigMap, Secret, ServiceAccount, claim
    RUNS_ON = "runs on"  # workload -> Node
    SCALES = "scales"  # autoscaler -> workload
    OWNED_BY = "owned by"  # pod, ReplicaSet, Job -> its controller
    LIMITED_BY = "limited by"  # workload -> NetworkPolicy


@dataclass(frozen=True, slots=True)
class Edge:
    dependent: Ref
    dependency: Ref
    relation: Relation


class Topology:
    """The dependency edges of a cluster, both ways."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.edges = sorted(
            set(edges), key=lambda edge: (edge.dependent, edge.dependency, edge.relation)
        )
        self._down: dict[Ref, list[Edge]] = {}
        self._up: dict[Ref, list[Edge]] = {}
        for edge in self.edges:
            self._down.setdefault(edge.dependent, []).append(edge)
            self._up.setdefault(edge.dependency, []).append(edge)

    def dependencies(self, ref: Ref, *relations: Relation) -> list[Ref]:
        return _ends(self._down.get(ref, []), relations, of="dependency")

    def dependents(self, ref: Ref, *relations: Relation) -> list[Ref]:
        return _ends(self._up.get(ref, []), relations, of="dependent")

    def path(self, start: Ref, end: Ref, *, longest: int = 8) -> list[Ref]:
        """The shortest chain of dependencies from `start` to `end`, both included; [] if none."""
        came_from: dict[Ref, Ref | None] = {start: None}
        waiting = deque([(start, 1)])
        while waiting:
            here, length = waiting.popleft()
            if here == end:
                return _walked(came_from, end)
            if length < longest:
                for ref in self.dependencies(here):
                    if ref not in came_from:
                        came_from[ref] = here
                        waiting.append((ref, length + 1))
        return []


def _ends(edges: list[Edge], relations: tuple[Relation, ...], *, of: str) -> list[Ref]:
    wanted = [edge for edge in edges if not relations or edge.relation in relations]
    return [edge.dependency if of == "dependency" else edge.dependent for edge in wanted]


def _walked(came_from: Mapping[Ref, Ref | None], end: Ref) -> list[Ref]:
    steps = [end]
    while (before := came_from[steps[-1]]) is not None:
        steps.append(before)
    return steps[::-1]


def topology(cluster: Cluster, calls: Iterable[tuple[Ref, Ref]] = ()) -> Topology:
    """Read the edges out of a cluster's objects; `calls` adds (workload, Service) seen elsewhere."""
    edges = [
        *_selections(cluster),
        *_routes(cluster),
        *_references(cluster),
        *cluster.derived("calls by configuration", lambda: list(_configured(cluster))),
        *_placements(cluster),
        *_scalers(cluster),
        *declared_calls(cluster, workloads(cluster)),
        *(Edge(caller, service, Relation.CALLS) for caller, service in calls),
    ]
    return Topology(edges)


def workloads(cluster: Cluster, namespace: str | None = None) -> Iterator[Resource]:
    """The controllers people change: those that no other controller owns."""
    for kind in WORKLOAD_KINDS:
        for resource in cluster.all(kind, namespace):
            if resource.controller() is None:
                yield resource


def pod_template(workload: Resource) -> Json:
    if workload.kind == "CronJob":
        return section(workload.spec, "jobTemplate", "spec", "template")
    return workload.raw if workload.kind == "Pod" else section(workload.spec, "template")


def _template_labels(workload: Resource) -> dict[str, str]:
    return strings(pod_template(workload), "metadata", "labels")


def _containers(workload: Resource) -> list[Json]:
    template = pod_template(workload)
    return [*rows(template, "spec", "initContainers"), *rows(template, "spec", "containers")]


def _selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return matches({"matchLabels": selector}, labels)


def _selections(cluster: Cluster) -> Iterator[Edge]:
    for service in cluster.all("Service"):
        selector = strings(service.spec, "selector")
        if not selector:
            continue
        by_label = cluster.derived("workloads by label", lambda: _workloads_by_label(cluster))
        for workload in by_label.get((service.namespace, next(iter(selector.items()))), []):
            if _selects(selector, _template_labels(workload)):
                yield Edge(service.ref, workload.ref, Relation.SELECTS)
        for pod in cluster.labelled("Pod", service.namespace, selector):
            yield Edge(service.ref, top_owner(cluster, pod), Relation.SELECTS)


def _workloads_by_label(cluster: Cluster) -> dict[tuple[str, tuple[str, str]], list[Resource]]:
    """Each workload under every label of its pods."""
    found: dict[tuple[str, tuple[str, str]], list[Resource]] = {}
    for workload in workloads(cluster):
        for label in _template_labels(workload).items():
            found.setdefault((workload.namespace, label), []).append(workload)
    return found


def _routes(cluster: Cluster) -> Iterator[Edge]:
    for ingress in cluster.all("Ingress"):
        for name in sorted(_backend_names(ingress.spec)):
            service = Ref("Service", ingress.namespace, name)
            yield Edge(ingress.ref, service, Relation.ROUTES_TO)


def _backend_names(value: Any) -> set[str]:
    """Names under any `service: {name: …}` of an Ingress, wherever the backend stands."""
    if isinstance(value, list):
        return {name for item in cast(list[Any], value) for name in _backend_names(item)}
    if not isinstance(value, dict):
        return set()
    tree = cast(Json, value)
    named = text(tree, "service", "name")
    own = {named} if named else set[str]()
    return own | {name for item in tree.values() for name in _backend_names(item)}


def _references(cluster: Cluster) -> Iterator[Edge]:
    for workload in workloads(cluster):
        template = pod_template(workload)
        named = {
            *_volume_references(rows(template, "spec", "volumes")),
            *(one for container in _containers(workload) for one in _env_references(container)),
            ("ServiceAccount", text(template, "spec", "serviceAccountName") or "default"),
        }
        for kind, name in sorted(named):
            ref = Ref(kind, workload.namespace, name)
            yield Edge(workload.ref, ref, Relation.REFERS_TO)


def _volume_references(volumes: list[Json]) -> Iterator[tuple[str, str]]:
    for volume in volumes:
        for source in (volume, *rows(volume, "projected", "sources")):
            yield from _named(
                ("ConfigMap", text(source, "configMap", "name")),
                ("Secret", text(source, "secret", "secretName") or text(source, "secret", "name")),
                ("PersistentVolumeClaim", text(source, "persistentVolumeClaim", "claimName")),
            )


def _env_references(container: Json) -> Iterator[tuple[str, str]]:
    sources = [section(one, "valueFrom") for one in rows(container, "env")]
    for source in (*sources, *rows(container, "envFrom")):
        yield from _named(
            ("ConfigMap", text(source, "configMapKeyRef", "name")),
            ("ConfigMap", text(source, "configMapRef", "name")),
            ("Secret", text(source, "secretKeyRef", "name")),
            ("Secret", text(source, "secretRef", "name")),
        )


def _named(*found: tuple[str, str]) -> list[tuple[str, str]]:
    return [(kind, name) for kind, name in found if name]


def _placements(cluster: Cluster) -> Iterator[Edge]:
    for pod in cluster.all("Pod"):
        if node := text(pod.spec, "nodeName"):
            yield Edge(top_owner(cluster, pod), Ref("Node", "", node), Relation.RUNS_ON)


def _scalers(cluster: Cluster) -> Iterator[Edge]:
    for scaler in cluster.all("HorizontalPodAutoscaler"):
        kind, name = (
            text(scaler.spec, "scaleTargetRef", "kind"),
            text(scaler.spec, "scaleTargetRef", "name"),
        )
        ref = Ref(kind, scaler.namespace, name)
        yield Edge(scaler.ref, ref, Relation.SCALES)


def declared_calls(cluster: Cluster, callers: Iterable[Resource]) -> Iterator[Edge]:
    """Services whose names stand as addresses in a workload's environment or arguments."""
    services = {service.ref for service in cluster.all("Service")}
    for workload in callers:
        hosts = {host for one in _containers(workload) for host in _hosts(one)}
        called = {service_named(host, workload.namespace) for host in hosts} & services
        for service in called.difference(services_of(cluster, workload)) if called else ():
            yield Edge(workload.ref, service, Relation.CALLS)


def _configured(cluster: Cluster) -> Iterator[Edge]:
    """Calls to Services that a ConfigMap of the workload's own names, but for those to itself."""
    pairs = [(one.dependent, one.dependency) for one in _references(cluster)]
    for caller, service in configured_calls(cluster, pairs):
        workload = cluster.get(caller)
        if workload is not None and service not in set(services_of(cluster, workload)):
            yield Edge(caller, service, Relation.CALLS)


def declarations(workload: Resource, service: Ref) -> Iterator[tuple[str, str]]:
    """Where, and in what words, a workload's environment or arguments name a Service."""
    for container in _containers(workload):
        for where, value in _addresses(container):
            if any(service_named(one, workload.namespace) == service for one in hosts_in(value)):
                yield f"containers[{text(container, 'name')}].{where}", value


def services_of(cluster: Cluster, workload: Resource) -> Iterator[Ref]:
    labels = _template_labels(workload)
    by_label = cluster.derived("services by label", lambda: _services_by_label(cluster))
    for label in labels.items():
        for service in by_label.get((workload.namespace, label), []):
            if _selects(strings(service.spec, "selector"), labels):
                yield service.ref


def _services_by_label(
    cluster: Cluster,
) -> dict[tuple[str, tuple[str, str]], list[Resource]]:
    """Each Service under one of the labels it selects by."""
    found: dict[tuple[str, tuple[str, str]], list[Resource]] = {}
    for service in cluster.all("Service"):
        for label in [*strings(service.spec, "selector").items()][:1]:
            found.setdefault((service.namespace, label), []).append(service)
    return found


def _hosts(container: Json) -> Iterator[str]:
    for _, value in _addresses(container):
        yield from hosts_in(value)


def _addresses(container: Json) -> Iterator[tuple[str, str]]:
    """Values that hold an address, with where they stand."""
    for variable in rows(container, "env"):
        name, value = text(variable, "name"), text(variable, "value")
        if is_address(name, value):
            yield f"env[{name}]", value
    for place in ("command", "args"):
        yield from ((place, one) for one in words(container, place) if has_address(one))
