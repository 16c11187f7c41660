"""Series as OpenMetrics text that ends exactly when the picture was taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HISTORY = timedelta(hours=3)
Labels = Mapping[str, str]
Curve = Callable[[datetime], float]

# Family name (without _total): its file, its type, and what it tells.
CATALOG = {
    "container_memory_working_set_bytes": (
        "containers",
        "gauge",
        "Memory that cannot be reclaimed without killing something.",
    ),
    "container_cpu_usage_seconds": ("containers", "counter", "CPU time consumed."),
    "container_cpu_cfs_periods": ("containers", "counter", "Elapsed enforcement periods."),
    "container_cpu_cfs_throttled_periods": ("containers", "counter", "Throttled periods."),
    "kube_pod_container_resource_limits": ("kube_state", "gauge", "Limits of a container."),
    "kube_pod_container_resource_requests": ("kube_state", "gauge", "Requests of a container."),
    "kube_pod_container_status_restarts": ("kube_state", "counter", "Restarts of a container."),
    "kube_deployment_status_replicas": ("kube_state", "gauge", "Replicas of a deployment."),
    "kube_deployment_status_replicas_available": ("kube_state", "gauge", "Available replicas."),
    "kube_persistentvolumeclaim_resource_requests_storage_bytes": (
        "kube_state",
        "gauge",
        "Room that a claim asks for.",
    ),
    "kubelet_volume_stats_capacity_bytes": ("volumes", "gauge", "Room of a mounted volume."),
    "kubelet_volume_stats_used_bytes": ("volumes", "gauge", "Taken of a mounted volume."),
    "http_requests": ("services", "counter", "Requests a service answered, by status code."),
    "http_request_duration_seconds": ("services", "histogram", "How long an answer took."),
    "http_client_requests": ("services", "counter", "Calls from one service to another."),
    "queue_length": ("services", "gauge", "Messages that wait in a queue."),
    "node_memory_MemAvailable_bytes": ("nodes", "gauge", "Memory available without swapping."),
    "node_memory_MemTotal_bytes": ("nodes", "gauge", "Memory of the node."),
    "up": ("nodes", "gauge", "Whether the last scrape succeeded."),
}


@dataclass(frozen=True)
class Span:
    """From when to when a series has samples, and how far apart they are."""

    every_s: int = 60
    since: datetime | None = None
    until: datetime | None = None

    def grid(self, end: datetime) -> list[datetime]:
        """Whole steps back from `end`, oldest first."""
        first = max(self.since or end - HISTORY, end - HISTORY)
        steps = int((end - first).total_seconds() // self.every_s)
        moments = [end - timedelta(seconds=self.every_s * step) for step in range(steps, -1, -1)]
        return [at for at in moments if self.until is None or at <= self.until]


@dataclass
class Recorder:
    """Collects sample lines by family; every grid ends at `end`."""

    end: datetime
    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def gauge(self, name: str, labels: Labels, curve: Curve, span: Span = Span()) -> None:
        samples = [(at, curve(at)) for at in span.grid(self.end)]
        self._write(name, name, labels, samples)

    def counter(
        self,
        name: str,
        labels: Labels,
        per_s: Curve,
        span: Span = Span(),
        *,
        start: float = 0,
        resets: Sequence[datetime] = (),
    ) -> None:
        """A total that grows at the rate `per_s` and falls to nothing at each of `resets`."""
        samples: list[tuple[datetime, float]] = []
        total, before = start, None
        for at in span.grid(self.end):
            if before is not None:
                last = max((reset for reset in resets if before < reset <= at), default=None)
                grown = per_s(at) * (at - (last or before)).total_seconds()
                total = grown if last else total + grown
            samples.append((at, round(total, 3)))
            before = at
        self._write(name, f"{name}_total", labels, samples)

    def steps(self, name: str, labels: Labels, total: Curve, span: Span = Span()) -> None:
        """A counter whose value at every moment is known, such as restarts."""
        samples = [(at, total(at)) for at in span.grid(self.end)]
        self._write(name, f"{name}_total", labels, samples)

    def histogram(
        self,
        name: str,
        labels: Labels,
        per_s: Curve,
        share_under: Callable[[datetime, float], float],
        *,
        bounds_s: Sequence[float],
        mean_s: Curve,
        span: Span = Span(),
    ) -> None:
        """Buckets of a rate; `share_under(at, bound)` says which part lies under a bound."""
        buckets = dict.fromkeys(bounds_s, 0.0)
        count = total_s = 0.0
        for at in span.grid(self.end):
            new = per_s(at) * span.every_s
            count, total_s = count + new, total_s + new * mean_s(at)
            for bound in bounds_s:
                buckets[bound] += new * share_under(at, bound)
                self._line(
                    name, f"{name}_bucket", {**labels, "le": f"{bound}"}, at, round(buckets[bound])
                )
            self._line(name, f"{name}_bucket", {**labels, "le": "+Inf"}, at, round(count))
            self._line(name, f"{name}_count", labels, at, round(count))
            self._line(name, f"{name}_sum", labels, at, total_s)

    def rendered(self) -> dict[str, str]:
        """OpenMetrics text by file name."""
        files: dict[str, list[str]] = {}
        for name, (file, kind, text) in CATALOG.items():
            if name in self.lines:
                head = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
                files.setdefault(file, []).extend(head + self.lines[name])
        return {file: "\n".join([*lines, "# EOF", ""]) for file, lines in files.items()}

    def _write(
        self, family: str, sample: str, labels: Labels, samples: Sequence[tuple[datetime, float]]
    ) -> None:
        for at, value in samples:
            self._line(family, sample, labels, at, value)

    def _line(self, family: str, sample: str, labels: Labels, at: datetime, value: float) -> None:
        inside = ",".join(f'{name}="{text}"' for name, text in labels.items())
        line = f"{sample}{{{inside}}} {_number(value)} {int(at.timestamp())}"
        self.lines.setdefault(family, []).append(line)


def _number(value: float) -> str:
    """Bytes and counts whole, the rest to three decimals: seconds of CPU need no more."""
    return str(round(value)) if value > 1e6 or value == round(value) else f"{value:.3f}"
