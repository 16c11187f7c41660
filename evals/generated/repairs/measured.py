"""Faults of amounts, where what is needed was measured."""

from collections.abc import Callable

from evals.clusters.containers import limits
from evals.clusters.events import event
from evals.clusters.pods import pod
from evals.clusters.series import series
from evals.clusters.telling import root
from evals.generated.failing import is_not_placed, was_killed_for_memory
from evals.generated.families.control_plane import ABLE, autoscaler
from evals.generated.families.placement import refusal
from evals.generated.registry import repair
from evals.generated.repairs.telling import mended, wished
from evals.generated.scene import App, Scene

MIB = 2**20
HOURS, FORTNIGHT = 8 * 60.0, 15 * 24 * 60.0


def used(
    scene: Scene,
    app: App,
    *,
    cores: float = 0,
    memory: Callable[[float], float] | None = None,
    disk: Callable[[float], float] | None = None,
    span: float = HOURS,
    step: float = 2,
) -> None:
    """What each pod of it used: so many cores, and bytes by minutes ago."""
    for one in [*app.pods, *app.failing]:
        labels = {
            "namespace": app.space, "pod": one["metadata"]["name"], "container": app.spec["name"],
        }  # fmt: skip
        kinds = (
            ("container_cpu_usage_seconds_total", "counter", _counted(cores, span) if cores else None),
            ("container_memory_working_set_bytes", "gauge", memory),
            ("container_fs_usage_bytes", "gauge", disk),
        )  # fmt: skip
        for name, kind, value in kinds:
            if value:
                series(scene.world, name, kind, (labels, value), span=span, step=step)


def _counted(cores: float, span: float) -> Callable[[float], float]:
    return lambda ago: (span + 5 - ago) * 60 * cores


def steady(amount: float) -> Callable[[float], float]:
    """About so much all the time, up and down by little."""
    return lambda ago: amount * (0.94 + 0.06 * ((ago // 5) % 3) / 2)


@repair(221, "metrics")
def killed_at_a_limit_that_was_measured(scene: Scene) -> None:
    most = scene.pick(96, 128, 192, 256)
    spec = scene.spec(scene.back, resources=limits("", f"{most}Mi", request=("100m", f"{most}Mi")))
    app = scene.failing(scene.back, spec, was_killed_for_memory(scene, back=False))
    used(scene, app, memory=lambda ago: most * MIB * (0.97 if (ago // 5) % 2 else 0.7))
    scene.calls(scene.front, app, "ERROR GET {url}: EOF")
    scene.tell(
        "restarts", app, root("pod.oom_killed", app.parent),
        fix=("fix.memory", app.parent),
        symptoms_ok=["pod.crash_loop", "pod.restart_storm", "deploy.unavailable"],
    )  # fmt: skip


@repair(222, "metrics")
def autoscaler_without_a_request_but_with_figures(scene: Scene) -> None:
    spec = scene.spec(scene.back)
    spec["resources"] = {"limits": {"memory": "512Mi"}, "requests": {"memory": "256Mi"}}
    app = scene.healthy(scene.back, spec=spec, spared=False)
    text = f"the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container {spec['name']} of Pod {app.pods[0]['metadata']['name']}"
    one = autoscaler(
        scene, app, [ABLE, ("ScalingActive", "False", "FailedGetResourceMetric", text)]
    )
    used(scene, app, cores=scene.pick(0.06, 0.12, 0.3), memory=steady(190 * MIB))
    scene.tell(
        "slow", app, root("hpa.requests_missing", one, app.parent),
        fix=("fix.resources", app.parent), symptoms_ok=["hpa.metrics_unavailable"],
    )  # fmt: skip


@repair(223, "metrics events")
def evicted_once_for_its_scratch(scene: Scene) -> None:
    """It writes a bounded cache that is a little larger than the limit."""
    most = scene.pick(512, 1024, 2048)
    resources = limits("500m", "512Mi", request=("100m", "256Mi"))
    resources["limits"]["ephemeral-storage"] = f"{most}Mi"
    name = scene.new_name()
    app = scene.healthy(name, spec=scene.spec(name, resources=resources), spared=False, born=HOURS)
    text = f"Pod ephemeral local storage usage exceeds the total limit of containers {most}Mi. "
    at = scene.world.ago(40)
    gone = pod(scene.world, app.child, scene.nth(0), [], born=90, phase="Failed")
    gone["status"] = {"phase": "Failed", "reason": "Evicted", "message": text, "startTime": at}
    event(scene.world, gone, "Evicted", text, warn=True, first=8)
    used(scene, app, disk=steady(most * MIB * 0.93))
    scene.tell(
        "restarts", app, root("pod.evicted.own_storage", app.parent), 
        repair=mended("fix.ephemeral", app.parent),
    )  # fmt: skip


@repair(224, "metrics")
def asks_for_more_than_it_uses_and_than_any_node_has(scene: Scene) -> None:
    """Its old pods run and were measured; the new request fits nowhere."""
    before = scene.spec(scene.back, resources=limits("", "2Gi", request=("500m", "1Gi")))
    spec = {**before, "resources": limits("", "2Gi", request=(scene.pick("9", "12"), "1Gi"))}
    text = refusal(scene, "Insufficient cpu", helpless=False)
    app = scene.failing(scene.back, spec, is_not_placed(scene, text), before=before)
    used(scene, app, cores=0.35, memory=steady(700 * MIB))
    scene.tell(
        "pending", app, root("pod.unschedulable.cpu deploy.progress_deadline", app.parent),
        repair=mended("fix.resources", app.parent), symptoms_ok=["deploy.progress_deadline", "deploy.unavailable"],
    )  # fmt: skip


@repair(225, "metrics")
def asks_for_far_more_than_it_uses(scene: Scene) -> None:
    spec = scene.spec(scene.back, resources=limits("2", "4Gi", request=("200m", "3Gi")))
    app = scene.healthy(scene.back, spec=spec, spared=False, born=FORTNIGHT * 2)
    used(scene, app, cores=0.15, memory=steady(600 * MIB), span=FORTNIGHT, step=30)
    wished(scene, app, "rightsize", mended("fix.rightsize", app.parent))


@repair(226, "metrics")
def watched_for_a_few_hours_only(scene: Scene) -> None:
    spec = scene.spec(scene.back, resources=limits("2", "4Gi", request=("200m", "3Gi")))
    app = scene.healthy(scene.back, spec=spec, spared=False)
    used(scene, app, cores=0.15, memory=steady(600 * MIB))
    wished(scene, app, "rightsize", "none")
