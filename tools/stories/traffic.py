"""Series of containers, services and nodes; what is usual here, the tales bend what is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, pi, sin
from typing import Any

from tools.stories.lives import Life, Run
from tools.stories.metrics import Curve, Span
from tools.stories.world import World

Json = dict[str, Any]

MIB = 1024**2
BINARY = {"Ki": 1024, "Mi": MIB, "Gi": 1024 * MIB}
KUBELET_S, STATE_S = 150, 270
PERIODS_PER_S = 10  # one CFS period is 100 ms
BOUNDS_S = (0.1, 0.5, 1.0, 5.0)


def size_bytes(quantity: str) -> int:
    return int(quantity[:-2]) * BINARY[quantity[-2:]]


def cores(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def around(world: World, level: float, *seed: object, sway: float = 0.02) -> Curve:
    """A level that sways a little, slowly and quickly, differently for each seed."""
    random = world.random("around", *seed)
    slow, quick = random.uniform(0, 2 * pi), random.uniform(0, 2 * pi)

    def curve(at: datetime) -> float:
        minutes = at.timestamp() / 60
        swing = sin(minutes * 2 * pi / 43 + slow) + sin(minutes * 2 * pi / 7 + quick) / 2
        return level * (1 + sway * swing)

    return curve


def flat(value: float) -> Curve:
    return lambda _: value


def filling(run: Run, limit_bytes: float, *, base_bytes: float, lasts: timedelta) -> Curve:
    """Memory that climbs until, a good minute before `lasts`, only the limit stops it."""
    climb_s = max(lasts.total_seconds() - 65, 20)

    def curve(at: datetime) -> float:
        age_s = (at - run.started).total_seconds()
        share = min(age_s / climb_s, 1) ** 0.8
        creep = max(age_s - climb_s, 0) / 65 * 0.008
        return base_bytes + (limit_bytes * 0.988 - base_bytes) * share + limit_bytes * creep

    return curve


@dataclass(frozen=True)
class Load:
    """What one container uses: memory of each of its runs, and CPU cores."""

    memory: Callable[[int, Run], Curve]
    cores: Curve
    throttled_share: float = 0.0
    every_s: int = KUBELET_S


def usual(world: World, pod: str, mib: float, cpu_cores: float) -> Load:
    memory = around(world, mib * MIB, pod, "memory")
    return Load(lambda _index, _run: memory, around(world, cpu_cores, pod, "cpu", sway=0.08))


def record_runs(world: World, labels: Mapping[str, str], runs: Sequence[Run], load: Load) -> None:
    """Memory, CPU and throttling while the container ran; nothing while it did not."""
    metrics = world.metrics
    for index, run in enumerate(runs):
        until = run.ended and run.ended - timedelta(seconds=1)
        span = Span(load.every_s, run.started, until)
        metrics.gauge("container_memory_working_set_bytes", labels, load.memory(index, run), span)
    span = Span(load.every_s, runs[0].started, runs[-1].ended)
    resets = [run.started for run in runs[1:]]
    metrics.counter("container_cpu_usage_seconds", labels, load.cores, span, resets=resets)
    if load.throttled_share:
        periods = flat(PERIODS_PER_S)
        metrics.counter("container_cpu_cfs_periods", labels, periods, span, resets=resets)
        throttled = flat(PERIODS_PER_S * load.throttled_share)
        name = "container_cpu_cfs_throttled_periods"
        metrics.counter(name, labels, throttled, span, resets=resets)


def record_pod(world: World, pod: Json, load: Load, life: Life | None = None) -> None:
    """All series of a pod's only container."""
    box = pod["spec"]["containers"][0]
    labels = _labels(pod["metadata"]["namespace"], pod["metadata"]["name"], box["name"])
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    life = life or _life_shown(pod)
    if life.runs:
        record_runs(world, labels, life.runs, load)
    _record_restarts(world, labels, life, created)
    record_sizes(world, labels, box["resources"], Span(STATE_S, created))


def _life_shown(pod: Json) -> Life:
    """What the pod's status tells: the present run, and that there were earlier ones."""
    status = pod["status"]["containerStatuses"][0]
    now = status["state"].get("running")
    runs = (Run(datetime.fromisoformat(now["startedAt"])),) if now else ()
    return Life(runs, earlier=status["restartCount"])


def record_gone(
    world: World, namespace: str, pod: str, container: Json, load: Load, until: datetime
) -> None:
    """A pod that lived before and was deleted at `until`."""
    labels = _labels(namespace, pod, container["name"])
    record_runs(world, labels, [Run(world.ago("6d"), until)], load)
    record_sizes(world, labels, container["resources"], Span(STATE_S, None, until))


def _labels(namespace: str, pod: str, container: str) -> dict[str, str]:
    return {"namespace": namespace, "pod": pod, "container": container}


def _record_restarts(
    world: World, labels: Mapping[str, str], life: Life, created: datetime
) -> None:
    starts = [run.started for run in life.runs[1:]]

    def total(at: datetime) -> float:
        return life.earlier + sum(start <= at for start in starts)

    span = Span(KUBELET_S if len(starts) > 1 else STATE_S, created)
    world.metrics.steps("kube_pod_container_status_restarts", labels, total, span)


def record_sizes(world: World, labels: Mapping[str, str], resources: Json, span: Span) -> None:
    for kind in ("limits", "requests"):
        for resource, quantity in resources.get(kind, {}).items():
            value = cores(quantity) if resource == "cpu" else size_bytes(quantity)
            unit = "core" if resource == "cpu" else "byte"
            if resource == "memory" or kind == "limits":
                world.metrics.gauge(
                    f"kube_pod_container_resource_{kind}",
                    {**labels, "resource": resource, "unit": unit}, flat(value), span,
                )  # fmt: skip


def record_replicas(
    world: World, deployment: Json, available: Curve | None = None, *, every_s: int = STATE_S,
    replicas: Curve | None = None,
) -> None:  # fmt: skip
    """Replicas there are, and available ones: as many as wanted unless a curve says otherwise."""
    meta, wanted = deployment["metadata"], deployment["spec"]["replicas"]
    labels = {"namespace": meta["namespace"], "deployment": meta["name"]}
    span = Span(every_s)
    name = "kube_deployment_status_replicas"
    world.metrics.gauge(name, labels, replicas or flat(wanted), span)
    name = "kube_deployment_status_replicas_available"
    world.metrics.gauge(name, labels, available or flat(wanted), span)


def record_answers(
    world: World, namespace: str, service: str, per_s: float, failing: Curve | None = None,
    code: str = "503",
) -> None:  # fmt: skip
    """`http_requests_total`: what the service answered. `failing` is a share of all."""
    rate = around(world, per_s, namespace, service, sway=0.06)
    bad = failing or flat(0.0004)
    labels = {"namespace": namespace, "service": service}
    codes: dict[str, Curve] = {"200": lambda at: rate(at) * (1 - bad(at))}
    codes[code] = lambda at: rate(at) * bad(at)
    for name, curve in codes.items():
        start = per_s * 86_400 if name == "200" else per_s * 40
        world.metrics.counter("http_requests", {**labels, "code": name}, curve, start=round(start))


def record_silence(world: World, namespace: str, service: str) -> None:
    """A service that whoever counts requests knows and nobody calls."""
    labels = {"namespace": namespace, "service": service, "code": "200"}
    world.metrics.counter("http_requests", labels, flat(0), Span(STATE_S), start=0)


def record_calls(
    world: World, namespace: str, caller: str, target: str, per_s: float,
    failing: Curve | None = None,
) -> None:  # fmt: skip
    """`http_client_requests_total`: one edge of who calls whom, as the caller saw it."""
    rate = around(world, per_s, caller, target, sway=0.05)
    labels = {"namespace": namespace, "caller": caller, "target": target}
    bad = failing or flat(0)
    codes: dict[str, Curve] = {"200": lambda at: rate(at) * (1 - bad(at))}
    if failing:
        codes["503"] = lambda at: rate(at) * bad(at)
    for name, curve in codes.items():
        start = round(per_s * 86_400) if name == "200" else 0
        span = Span(KUBELET_S)
        world.metrics.counter(
            "http_client_requests", {**labels, "code": name}, curve, span, start=start
        )


def record_queue(world: World, namespace: str, service: str, queue: str, length: float) -> None:
    """`queue_length`: what waits there, some more and some less, and nothing that is wrong."""
    labels = {"namespace": namespace, "service": service, "queue": queue}
    waiting = around(world, length, queue, "queue", sway=0.35)
    world.metrics.gauge("queue_length", labels, lambda at: float(round(waiting(at))))


def record_durations(
    world: World, namespace: str, service: str, per_s: float, mean_s: Curve
) -> None:
    """A latency histogram whose answers are spread exponentially around the mean."""
    world.metrics.histogram(
        "http_request_duration_seconds", {"namespace": namespace, "service": service},
        around(world, per_s, service, "seconds"),
        lambda at, bound_s: 1 - exp(-bound_s / mean_s(at)),
        bounds_s=BOUNDS_S, mean_s=mean_s, span=Span(KUBELET_S),
    )  # fmt: skip


def record_nodes(world: World, used: Mapping[str, Curve], *, every_s: int = KUBELET_S) -> None:
    """Memory of every node; `used` bends the share in use of some."""
    for node in world.of_kind("Node"):
        name = node["metadata"]["name"]
        total = size_bytes(node["status"]["capacity"]["memory"])
        share = used.get(name, around(world, 0.46, name))
        labels = {"instance": f"{name}:9100", "node": name}

        def available(at: datetime, total: int = total, share: Curve = share) -> float:
            return total * (1 - share(at))

        span = Span(every_s)
        world.metrics.gauge("node_memory_MemAvailable_bytes", labels, available, span)
        world.metrics.gauge("node_memory_MemTotal_bytes", labels, flat(total), Span(STATE_S))


def record_volumes(world: World, used: Mapping[str, float], *, rising: float = 0.0) -> None:
    """Room and use of the claims that are mounted, by their names; `rising`: part of it a day."""
    for claim in world.of_kind("PersistentVolumeClaim"):
        meta = claim["metadata"]
        labels = {"namespace": meta["namespace"], "persistentvolumeclaim": meta["name"]}
        room = size_bytes(claim["spec"]["resources"]["requests"]["storage"])
        span = Span(STATE_S)
        asked = "kube_persistentvolumeclaim_resource_requests_storage_bytes"
        world.metrics.gauge(asked, labels, flat(room), span)
        if meta["name"] in used:
            end = room * used[meta["name"]]

            def taken(at: datetime, end: float = end) -> float:
                return end * (1 - rising * (world.captured_at - at) / timedelta(days=1))

            world.metrics.gauge("kubelet_volume_stats_capacity_bytes", labels, flat(room), span)
            world.metrics.gauge("kubelet_volume_stats_used_bytes", labels, taken, span)


def record_scrapes(world: World, jobs: Sequence[str]) -> None:
    """`up` is 1 for every job, and for kube-state-metrics."""
    for job in ("kube-state-metrics", *jobs):
        labels = {"job": job, "instance": f"{job}:8080"}
        world.metrics.gauge("up", labels, flat(1), Span(STATE_S))
