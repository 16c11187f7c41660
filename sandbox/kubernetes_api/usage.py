"""metrics.k8s.io: what containers and nodes use now, as far as the recorded series tell."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.fields import at, entries
from sandbox.kubernetes_api.kinds import READ_VERBS, Kind
from sandbox.series import Matcher, Series, SeriesStore

Json = dict[str, Any]
Amounts = dict[tuple[str, ...], float]

_WINDOW_S = 300
_CPU, _MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
_NODE_CPU = "node_cpu_seconds_total"
_NODE_TOTAL, _NODE_FREE = "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes"
_BY_CONTAINER = ("namespace", "pod", "container")

_VERBS = tuple(verb for verb in READ_VERBS if verb != "watch")
_POD_KIND = Kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", verbs=_VERBS)
_NODE_KIND = replace(_POD_KIND, plural="nodes", kind="NodeMetrics", namespaced=False)


def offer_usage(cluster: Cluster, series: SeriesStore, now: Callable[[], datetime]) -> None:
    """Serve metrics.k8s.io if there is anything to tell; a cluster may well have no such API."""
    usage = Usage(cluster, series, now)
    if usage.pods():
        cluster.offer(_POD_KIND, usage.pods)
        cluster.offer(_NODE_KIND, usage.nodes)


class Usage:
    """Reads the last minutes of the series each time it is asked."""

    def __init__(self, cluster: Cluster, series: SeriesStore, now: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._series = series
        self._now = now

    def pods(self) -> list[Json]:
        cpu = self._rates(_CPU, _BY_CONTAINER)
        memory = self._last(_MEMORY, _BY_CONTAINER)
        return [
            self._metrics("PodMetrics", pod, containers=used)
            for pod in self._cluster.store.list("pods")
            if (used := _containers(pod, cpu, memory))
        ]

    def nodes(self) -> list[Json]:
        """A node by its own series, else by the sum of its containers."""
        busy = self._rates(_NODE_CPU, ("node",), Matcher("mode", "!=", "idle"))
        total, free = self._last(_NODE_TOTAL, ("node",)), self._last(_NODE_FREE, ("node",))
        on_nodes = self._of_pods()
        found: list[Json] = []
        for node in self._cluster.store.list("nodes"):
            name = (str(node["metadata"]["name"]),)
            cpu, memory = on_nodes.get(name[0], (0.0, 0.0))
            used = total[name] - free[name] if name in total and name in free else memory
            if used:
                found.append(
                    self._metrics("NodeMetrics", node, usage=_usage(busy.get(name, cpu), used))
                )
        return found

    def _of_pods(self) -> dict[str, tuple[float, float]]:
        """Node → cores and bytes that its containers use together."""
        cpu, memory = self._rates(_CPU, _BY_CONTAINER), self._last(_MEMORY, _BY_CONTAINER)
        found: dict[str, tuple[float, float]] = {}
        for pod in self._cluster.store.list("pods"):
            node = str(at(pod, "spec", "nodeName") or "")
            cores, used = found.get(node, (0.0, 0.0))
            for place in _measured(pod, memory):
                cores, used = cores + cpu.get(place, 0.0), used + memory[place]
            found[node] = cores, used
        return found

    def _metrics(self, kind: str, one: Json, **fields: Any) -> Json:
        kept = {
            key: one["metadata"][key]
            for key in ("name", "namespace", "labels")
            if key in one["metadata"]
        }
        now = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        version = str(self._cluster.store.version)
        return {
            "kind": kind,
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {**kept, "creationTimestamp": now, "resourceVersion": version},
            "timestamp": now,
            "window": f"{_WINDOW_S}s",
            **fields,
        }

    def _recent(self, name: str, *more: Matcher) -> list[Series]:
        end_s = self._now().timestamp()
        return self._series.select(
            [Matcher("__name__", "=", name), *more], end_s - _WINDOW_S, end_s
        )

    def _last(self, name: str, by: tuple[str, ...]) -> Amounts:
        return _sums(by, ((one, float(one.values[-1])) for one in self._recent(name)))

    def _rates(self, name: str, by: tuple[str, ...], *more: Matcher) -> Amounts:
        return _sums(by, ((one, _rate(one)) for one in self._recent(name, *more)))


def _containers(pod: Json, cpu: Amounts, memory: Amounts) -> list[Json]:
    return [
        {"name": place[-1], "usage": _usage(cpu.get(place, 0.0), memory[place])}
        for place in _measured(pod, memory)
    ]


def _measured(pod: Json, memory: Amounts) -> list[tuple[str, ...]]:
    """The containers of a pod that are measured: namespace, pod and name."""
    metadata = pod["metadata"]
    places = [
        (metadata["namespace"], metadata["name"], str(container.get("name")))
        for container in entries(pod, "spec", "containers")
    ]
    return [place for place in places if place in memory]


def _usage(cpu_cores: float, memory_bytes: float) -> Mapping[str, str]:
    return {"cpu": f"{round(cpu_cores * 1e9)}n", "memory": f"{round(memory_bytes / 1024)}Ki"}


def _rate(one: Series) -> float:
    """Growth of a counter in a second; a fall is a restart from zero."""
    seconds = (int(one.times_ms[-1]) - int(one.times_ms[0])) / 1000
    steps = one.values[1:] - one.values[:-1]
    grown = float(steps[steps > 0].sum())
    return grown / seconds if seconds > 0 else 0.0


def _sums(by: tuple[str, ...], amounts: Any) -> Amounts:
    found: Amounts = {}
    for one, amount in amounts:
        labels = dict(one.labels)
        place = tuple(labels.get(label, "") for label in by)
        if all(place):
            found[place] = found.get(place, 0.0) + amount
    return found
