"""Who depends on whom in a cluster: owners, selectors, references, nodes, routes and calls."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches_equality
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet")

# An environment variable with such a name holds an address even when its value has no port.
ADDRESS_NAME = re.compile(r"(HOST|ADDR|ADDRESS|URL|URI|ENDPOINT|SERVICE|BACKEND|UPSTREAM|DSN)S?$")
HOST_TOKEN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Relation(StrEnum):
    """How the first of an edge depends on the second."""

    SELECTS = "selects"  # Service -> workload
    ROUTES_TO = "routes to"  # Ingress -> Service
    CALLS = "calls"  # workload -> Service
    REFERS_TO = "refers to"  # workload -> ConfigMap, Secret, ServiceAccount, claim
    RUNS_ON = "runs on"  # workload -> Node
    SCALES = "scales"  # autoscaler -> workload


@dataclass(frozen=True, slots=True)
class Edge:
    dependent: Ref
    dependency: Ref
    relation: Relation


class Topology:
    """The dependency edges of a cluster, both ways."""

    def __init__(self, edges: Iterable[Edge], pods: Mapping[Ref, frozenset[Ref]]) -> None:
        self.edges = sorted(
            set(edges), key=lambda edge: (edge.dependent, edge.dependency, edge.relation)
        )
        self.pods = pods  # workload -> its pods
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
    pods: dict[Ref, set[Ref]] = {}
    for pod in cluster.all("Pod"):
        pods.setdefault(top_owner(cluster, pod), set()).add(pod.ref)
    edges = [
        *_selections(cluster),
        *_routes(cluster),
        *_references(cluster),
        *_placements(cluster),
        *_scalers(cluster),
        *_calls_in_configuration(cluster),
        *(Edge(caller, service, Relation.CALLS) for caller, service in calls),
    ]
    return Topology(edges, {ref: frozenset(found) for ref, found in pods.items()})


def workloads(cluster: Cluster) -> Iterator[Resource]:
    """The controllers people change: those that no other controller owns."""
    for kind in WORKLOAD_KINDS:
        for resource in cluster.all(kind):
            if resource.controller() is None:
                yield resource


def pod_template(workload: Resource) -> Json:
    spec = workload.spec
    if workload.kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return workload.raw if workload.kind == "Pod" else spec.get("template") or {}


def _template_labels(workload: Resource) -> dict[str, str]:
    return (pod_template(workload).get("metadata") or {}).get("labels") or {}


def _containers(workload: Resource) -> list[Json]:
    spec = pod_template(workload).get("spec") or {}
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _selections(cluster: Cluster) -> Iterator[Edge]:
    for service in cluster.all("Service"):
        selector: dict[str, str] = service.spec.get("selector") or {}
        if not selector:
            continue
        for workload in workloads(cluster):
            if workload.namespace == service.namespace and matches_equality(
                selector, _template_labels(workload)
            ):
                yield Edge(service.ref, workload.ref, Relation.SELECTS)
        for pod in cluster.all("Pod", service.namespace):
            if matches_equality(selector, pod.labels):
                yield Edge(service.ref, top_owner(cluster, pod), Relation.SELECTS)


def _routes(cluster: Cluster) -> Iterator[Edge]:
    for ingress in cluster.all("Ingress"):
        for name in sorted(_backend_names(ingress.spec)):
            service = Ref("Service", ingress.namespace, name)
            yield Edge(ingress.ref, service, Relation.ROUTES_TO)


def _backend_names(value: Any) -> set[str]:
    """Names under any `service: {name: …}` of an Ingress, wherever the backend stands."""
    if isinstance(value, list):
        items: list[Any] = value
        return {name for item in items for name in _backend_names(item)}
    if not isinstance(value, dict):
        return set()
    tree: Json = value
    service: Json = tree.get("service") or {}
    own = {str(service["name"])} if "name" in service else set[str]()
    return own | {name for item in tree.values() for name in _backend_names(item)}


def _references(cluster: Cluster) -> Iterator[Edge]:
    for workload in workloads(cluster):
        spec = pod_template(workload).get("spec") or {}
        named = {
            *_volume_references(spec.get("volumes") or []),
            *(one for container in _containers(workload) for one in _env_references(container)),
            ("ServiceAccount", str(spec.get("serviceAccountName") or "default")),
        }
        for kind, name in sorted(named):
            ref = Ref(kind, workload.namespace, name)
            yield Edge(workload.ref, ref, Relation.REFERS_TO)


def _volume_references(volumes: list[Json]) -> Iterator[tuple[str, str]]:
    for volume in volumes:
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        for source in sources:
            if name := (source.get("configMap") or {}).get("name"):
                yield "ConfigMap", name
            secret: Json = source.get("secret") or {}
            if name := secret.get("secretName") or secret.get("name"):
                yield "Secret", name
            if name := (source.get("persistentVolumeClaim") or {}).get("claimName"):
                yield "PersistentVolumeClaim", name


def _env_references(container: Json) -> Iterator[tuple[str, str]]:
    sources = [one.get("valueFrom") or {} for one in container.get("env") or []]
    for source in [*sources, *(container.get("envFrom") or [])]:
        for field, kind in (
            ("configMapKeyRef", "ConfigMap"),
            ("configMapRef", "ConfigMap"),
            ("secretKeyRef", "Secret"),
            ("secretRef", "Secret"),
        ):
            if name := (source.get(field) or {}).get("name"):
                yield kind, name


def _placements(cluster: Cluster) -> Iterator[Edge]:
    for pod in cluster.all("Pod"):
        if node := pod.spec.get("nodeName"):
            yield Edge(top_owner(cluster, pod), Ref("Node", "", node), Relation.RUNS_ON)


def _scalers(cluster: Cluster) -> Iterator[Edge]:
    for scaler in cluster.all("HorizontalPodAutoscaler"):
        target: Json = scaler.spec.get("scaleTargetRef") or {}
        ref = Ref(str(target.get("kind", "")), scaler.namespace, str(target.get("name", "")))
        yield Edge(scaler.ref, ref, Relation.SCALES)


def _calls_in_configuration(cluster: Cluster) -> Iterator[Edge]:
    """Services whose names stand as addresses in a workload's environment or arguments."""
    services = {service.ref for service in cluster.all("Service")}
    for workload in workloads(cluster):
        own = set(_services_of(cluster, workload))
        for host in {host for one in _containers(workload) for host in _hosts(one)}:
            service = service_named(host, workload.namespace)
            if service in services and service not in own:
                yield Edge(workload.ref, service, Relation.CALLS)


def _services_of(cluster: Cluster, workload: Resource) -> Iterator[Ref]:
    for service in cluster.all("Service", workload.namespace):
        selector: dict[str, str] = service.spec.get("selector") or {}
        if selector and matches_equality(selector, _template_labels(workload)):
            yield service.ref


def _hosts(container: Json) -> Iterator[str]:
    for variable in container.get("env") or []:
        value = str(variable.get("value") or "")
        if ADDRESS_NAME.search(str(variable.get("name", "")).upper()) or _has_address(value):
            yield from _host_tokens(value)
    for argument in [*(container.get("command") or []), *(container.get("args") or [])]:
        if _has_address(str(argument)):
            yield from _host_tokens(str(argument))


def _has_address(text: str) -> bool:
    return "://" in text or ".svc" in text or re.search(r"[a-z]:\d{2,5}\b", text) is not None


def _host_tokens(text: str) -> Iterator[str]:
    yield from (match.group() for match in HOST_TOKEN.finditer(text.lower()))


def service_named(host: str, namespace: str) -> Ref:
    """The Service a cluster-internal host name means when asked from `namespace`."""
    parts = host.split(":")[0].removesuffix(".").split(".")
    return Ref("Service", parts[1] if len(parts) > 1 else namespace, parts[0])
