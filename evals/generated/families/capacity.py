"""C. What a container is allowed to use, and what it uses."""

from collections.abc import Callable

from evals.clusters import workloads
from evals.clusters.containers import container, http_probe, limits
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import claim, storage_class
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.clusters.world import hours
from evals.generated.failing import is_killed_by_probe, was_killed_for_memory
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


@fault(26, "metrics")
def memory_leaks(scene: Scene) -> None:
    most, limit = scene.pick(("512Mi", 2**29), ("1Gi", 2**30))
    before = scene.spec(scene.back, resources=limits("1", most, request=("100m", "256Mi")))
    scene.since = hours(9)
    spec = {**before, "image": scene.image(scene.back)}
    app = scene.failing(scene.back, spec, was_killed_for_memory(scene, times=1))
    count = app.parent["spec"]["replicas"]
    app.parent["status"].update(readyReplicas=count, availableReplicas=count)
    app.parent["status"].pop("unavailableReplicas", None)
    app.child["status"].update(readyReplicas=count, availableReplicas=count)
    for one in app.failing:
        labels = {
            "namespace": scene.space,
            "pod": one["metadata"]["name"],
            "container": spec["name"],
        }
        series(
            scene.world,
            "container_memory_working_set_bytes",
            "gauge",
            (labels, _saw(limit)),
            span=hours(9),
        )
        series(scene.world, "kube_pod_container_resource_limits", "gauge", ({**labels, "resource": "memory", "unit": "byte"}, lambda _: float(limit)), span=hours(9))  # fmt: skip
    scene.tell(
        "restarts", app, root("pod.memory_leak", app.parent),
        symptoms_ok=["pod.oom_killed", "pod.restart_storm", "deploy.unavailable"],
    )  # fmt: skip


def _counts(by: float) -> Callable[[float], float]:
    """A counter that grows by so much in a minute."""
    return lambda ago: (200 - ago) * by


def _saw(limit: int) -> Callable[[float], float]:
    """Climbs for nine hours to the limit, is killed, and begins anew."""
    return lambda ago: limit * (0.2 + 0.79 * (1 - ago / hours(9)) if ago > 3 else 0.2)


@fault(29, "metrics events")
def cpu_limit_throttles(scene: Scene) -> None:
    most = scene.pick("100m", "150m", "200m")
    probe = http_probe("/health", "http", timeoutSeconds=1)
    resources = limits(most, "512Mi", request=(most, "256Mi"))
    spec = scene.spec(scene.back, resources=resources, livenessProbe=probe)
    text = 'Get "http://{ip}:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    app = scene.failing(scene.back, spec, is_killed_by_probe(scene, text))
    for one in app.failing:
        labels = {
            "namespace": scene.space,
            "pod": one["metadata"]["name"],
            "container": spec["name"],
        }
        cores = int(most[:-1]) / 1000
        for name, by in (
            ("cfs_periods", 600.0),
            ("cfs_throttled_periods", 522.0),
            ("usage_seconds", 59.4 * cores),
        ):
            series(
                scene.world,
                f"container_cpu_{name}_total",
                "counter",
                (labels, _counts(by)),
                span=60,
            )
    scene.calls(scene.front, app, "ERROR GET {url}: context deadline exceeded")
    scene.tell(
        "slow", app, root("pod.cpu_throttled", app.parent),
        fix=("fix.cpu", app.parent), mention=(most,),
        symptoms_ok=["pod.probe.liveness_kills", "pod.probe.timeout", "deploy.unavailable", "pod.killed_not_oom", "pod.restart_storm"],
    )  # fmt: skip


@fault(30, "metrics logs")
def database_disk_is_full(scene: Scene) -> None:
    name, world = f"{scene.back}-db", scene.world
    storage_class(world, "block", "ebs.csi.aws.com", default=True, grows=True)
    size = scene.pick(2, 5, 10)
    held = claim(
        world,
        scene.space,
        f"data-{name}-0",
        cls="block",
        size=f"{size}Gi",
        volume=f"pvc-{world.letters(8)}",
    )
    spec = container(
        "postgres", "postgres:16.6", ports=[{"containerPort": 5432, "protocol": "TCP"}]
    )
    spec["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/postgresql/data"}]
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": held["metadata"]["name"]}}
    template = workloads.Template(
        [spec], labels=workloads.app_labels(name, scene.style), volumes=(disk,)
    )
    parent = workloads.stateful_set(world, scene.space, name, template, ready=0)
    one = crashing_pod(
        world, parent, scene.nth(0), spec, code=1, born=scene.since, restarts=8, ordinal=0
    )
    lines = (
        'PANIC:  could not write to file "pg_wal/xlogtemp.27": No space left on device',
        "LOG:  startup process (PID 27) was terminated by signal 6: Aborted",
    )
    for previous in (True, False):
        world.log(one, "postgres", *((2.05, line) for line in lines), previous=previous)
    labels = {"namespace": scene.space, "persistentvolumeclaim": held["metadata"]["name"]}
    whole = size * 2**30
    series(
        world, "kubelet_volume_stats_capacity_bytes", "gauge", (labels, lambda _: whole), span=120
    )
    series(
        world,
        "kubelet_volume_stats_available_bytes",
        "gauge",
        (labels, lambda ago: whole * max(0.0, (ago - 20) / 900)),
        span=120,
    )
    base = App(parent, parent, [], spec, failing=[one])
    scene.expose(base, port=5432)
    scene.calls(scene.back, base, "ERROR dial tcp {host}:5432: connect: connection refused")
    scene.tell(
        "down", base, root("pvc.nearly_full", held),
        fix=("fix.expand_pvc", held), symptoms_ok=["pod.crash_loop", "sts.ordinal_blocked"],
    )  # fmt: skip
