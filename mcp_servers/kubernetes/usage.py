"""Who uses how much: from metrics.k8s.io, or else from what Prometheus knows of containers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from core.errors import Forbidden, NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.quantities import as_bytes, as_cores, quantity
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.facts.metrics import Series
from mcp_servers.kubernetes.rows import Cursor, Namespace, ObjectRow, examined
from mcp_servers.paging import Page

Of = Literal["pods", "nodes"]
Place = tuple[str, str]  # namespace ("" for a node) and name

CONTAINERS = 'container!="",container!="POD"'
CPU = f"sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{{{CONTAINERS}}}[5m]))"
MEMORY = f"sum by (namespace, pod) (container_memory_working_set_bytes{{{CONTAINERS}}})"


@dataclass(frozen=True, slots=True)
class Used:
    cpu_cores: float
    memory_bytes: float

    def __add__(self, other: "Used") -> "Used":
        cpu_cores = self.cpu_cores + other.cpu_cores
        return Used(cpu_cores, self.memory_bytes + other.memory_bytes)


NOTHING = Used(0.0, 0.0)


class UsageRow(ObjectRow):
    cpu_cores: float
    memory_bytes: int
    cpu_limit_cores: float | None = Field(description="Limit of a pod, allocatable of a node.")
    memory_limit_bytes: int | None
    cpu_percent: int | None = Field(description="Of that limit.")
    memory_percent: int | None

    def as_line(self) -> str:
        cpu = _of(as_cores(self.cpu_cores), self.cpu_limit_cores, self.cpu_percent, as_cores)
        memory = _of(
            as_bytes(self.memory_bytes), self.memory_limit_bytes, self.memory_percent, as_bytes
        )
        return f"{self.place} cpu={cpu} memory={memory}"


class Usage(Page[UsageRow]):
    examined: str = ""
    source: str = Field(default="", description="metrics.k8s.io | prometheus.")

    def as_text(self) -> str:
        heading = f"usage of {self.examined} from {self.source}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_top(
    of: Of = "pods",
    namespace: Namespace = "",
    by: Literal["memory", "cpu"] = "memory",
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    prometheus: Prometheus,
    caller: Principal,
) -> Usage:
    """Show CPU and memory in use now beside the limits, the largest first.

    Over time: use prometheus_query_range.
    """
    seen = cluster.seen_by(caller)
    kind = "Pod" if of == "pods" else "Node"
    objects = await seen.list(kind, namespace=namespace if of == "pods" else "")
    source, used = await _measured(seen, prometheus, of, namespace)
    listed = [
        _row(one, used[one.namespace, one.name])
        for one in objects
        if (one.namespace, one.name) in used
    ]
    listed.sort(key=lambda row: -(row.memory_bytes if by == "memory" else row.cpu_cores))
    where = examined(of, namespace, within=caller.namespaces) if of == "pods" else of
    return Usage.of(listed, cursor=cursor, examined=where, source=source)


async def _measured(
    cluster: Kubernetes, prometheus: Prometheus, of: Of, namespace: str
) -> tuple[str, dict[Place, Used]]:
    """The metrics API first: it is what kubectl top shows."""
    kind = "PodMetrics" if of == "pods" else "NodeMetrics"
    try:
        found = await cluster.list(kind, namespace=namespace if of == "pods" else "")
        if found:
            return "metrics.k8s.io", {(one.namespace, one.name): _metered(one) for one in found}
        reason = "it knows of none"
    except (NotFound, Forbidden, UpstreamUnavailable) as error:
        reason = error.message
    try:
        return "prometheus", await _from_prometheus(cluster, prometheus, of)
    except OpsError as error:
        why = f"metrics.k8s.io: {reason} {error.message}"
        raise SENTENCES.error(UpstreamUnavailable, "nothing_measures", of=of, why=why) from error


def _metered(metrics: Resource) -> Used:
    parts = rows(metrics.raw, "containers") or [metrics.raw]
    usages = [section(part, "usage") for part in parts]
    return Used(_sum(usages, "cpu") or 0.0, _sum(usages, "memory") or 0.0)


async def _from_prometheus(
    cluster: Kubernetes, prometheus: Prometheus, of: Of
) -> dict[Place, Used]:
    """What the containers of a pod use; for a node, what all pods on it do."""
    cpu, memory = _by_pod(await prometheus.query(CPU)), _by_pod(await prometheus.query(MEMORY))
    used = {pod: Used(cpu.get(pod, 0.0), value) for pod, value in memory.items()}
    if of == "pods":
        return used
    totals: dict[Place, Used] = {}
    for pod in await cluster.list("Pod"):
        if one := used.get((pod.namespace, pod.name)):
            node = ("", text(pod.spec, "nodeName"))
            totals[node] = one + totals.get(node, NOTHING)
    return totals


def _by_pod(found: Iterable[Series]) -> dict[Place, float]:
    return {(one.label("namespace"), one.label("pod")): one.points[-1][1] for one in found}


def _row(resource: Resource, used: Used) -> UsageRow:
    cpu, memory = _limit(resource, "cpu"), _limit(resource, "memory")
    return UsageRow(
        kind=resource.kind,
        namespace=resource.namespace,
        name=resource.name,
        resource_version=str(resource.metadata.get("resourceVersion") or ""),
        cpu_cores=round(used.cpu_cores, 4),
        memory_bytes=round(used.memory_bytes),
        cpu_limit_cores=cpu,
        memory_limit_bytes=None if memory is None else round(memory),
        cpu_percent=_percent(used.cpu_cores, cpu),
        memory_percent=_percent(used.memory_bytes, memory),
    )


def _limit(resource: Resource, what: str) -> float | None:
    """A pod is limited only when each of its containers is."""
    if resource.kind == "Node":
        return _sum([section(resource.status, "allocatable")], what)
    containers = rows(resource.spec, "containers")
    return _sum([section(one, "resources", "limits") for one in containers], what)


def _sum(parts: Iterable[Json], what: str) -> float | None:
    """None when one of the parts does not say."""
    amounts = [quantity(part.get(what)) for part in parts]
    known = [float(one) for one in amounts if one is not None]
    return sum(known) if len(known) == len(amounts) else None


def _percent(used: float, limit: float | None) -> int | None:
    return round(100 * used / limit) if limit else None


def _of(
    used: str, limit: float | None, percent: int | None, written: Callable[[float], str]
) -> str:
    return used if limit is None else f"{used}/{written(limit)}({percent}%)"
