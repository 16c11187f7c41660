"""Jobs, schedules and autoscalers whose repair is known."""

from typing import Any

from evals.clusters.containers import container
from evals.clusters.events import event
from evals.clusters.objects import plain
from evals.clusters.parts import owner
from evals.clusters.telling import ref, root
from evals.clusters.workloads import Template
from evals.clusters.world import Json, days, labelled
from evals.generated.families.control_plane import ABLE, autoscaler
from evals.generated.families.jobs import ONCE, cron, failed_job
from evals.generated.registry import repair
from evals.generated.repairs.measured import used
from evals.generated.repairs.telling import mended, wished
from evals.generated.scene import Scene


def failed_run(scene: Scene, of: Json, *lines: str) -> Json:
    """A run of this CronJob that gave up, of an image that it no longer names."""
    spec = {
        **of["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0],
        "image": scene.image("task"),
    }
    job = failed_job(scene, spec, 1, *lines)
    job["metadata"]["ownerReferences"] = [owner(of)]
    return job


@repair(211, "logs")
def failed_run_of_an_image_since_replaced(scene: Scene) -> None:
    of = cron(scene, "15 2 * * *")
    job = failed_run(scene, of, "ERROR unknown column total_net", "FATAL giving up")
    scene.tell(
        "odd", of, root("job.failed", of, job), symptoms_ok=["job.retrying"],
        repair=made_again(job),
    )  # fmt: skip


def made_again(job: Json) -> Json:
    """The run that takes the failed one's place: named after it."""
    name = f"{job['metadata']['name']}-rerun-{job['metadata']['uid'][:5]}"
    return {"id": "fix.job_rerun", "resource": {**ref(job), "name": name}}


@repair(212)
def misspelt_macro(scene: Scene) -> None:
    wrong = scene.pick("@dialy", "@weekley", "@hourley")
    one = cron(scene, wrong)
    text = f'unparseable schedule: "{wrong}"'
    event(
        scene.world, one, "UnparseableSchedule", text, by="cronjob",
        warn=True, first=58, last=1, count=60,
    )  # fmt: skip
    scene.healthy(scene.back)
    scene.tell("odd", one, root("cron.invalid", one), fix=("fix.cron", one))


@repair(213)
def scaled_to_nothing_and_still_called(scene: Scene) -> None:
    app = scene.healthy(scene.back, spared=False)
    count = app.parent["spec"]["replicas"]
    scene.calls(scene.front, app, "ERROR GET {url}: dial tcp: connect: connection refused")
    for one in app.pods:
        scene.world.objects.remove(one)
    assert app.front
    for one in (app.parent, app.child):
        one["spec"]["replicas"] = 0
        for field in ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"):
            one["status"].pop(field, None)
    name = app.child["metadata"]["name"]
    event(
        scene.world, app.parent, "ScalingReplicaSet",
        f"Scaled down replica set {name} from {count} to 0", by="deployment", first=scene.since,
    )  # fmt: skip
    _empty(scene, app.front)
    scene.tell(
        "down", app, root("workload.scaled_to_zero service.no_pods", app.parent, app.front),
        fix=("fix.scale", app.parent), symptoms_ok=["service.no_pods", "app.dependency_unreachable"],
    )  # fmt: skip


def _empty(scene: Scene, front: Json) -> None:
    """The Service's slice has no endpoints any more."""
    name = front["metadata"]["name"]
    for one in scene.world.objects:
        labels: Json = one["metadata"].get("labels") or {}
        if one["kind"] == "EndpointSlice" and labels.get("kubernetes.io/service-name") == name:
            one.update(endpoints=None, ports=None)


@repair(214, "metrics")
def autoscaler_of_a_misspelt_name(scene: Scene) -> None:
    app = scene.healthy(scene.back, spared=False)
    wrong = f"{app.name}s"
    text = f'the HPA controller was unable to get the target\'s current scale: deployments.apps "{wrong}" not found'
    one = autoscaler(scene, app, [("AbleToScale", "False", "FailedGetScale", text)])
    one["spec"]["scaleTargetRef"]["name"] = wrong
    used(scene, app, cores=0.06)
    event(
        scene.world, one, "FailedGetScale", text.partition(": ")[2], by="hpa",
        warn=True, first=scene.since, last=0.2, count=int(scene.since * 4),
    )  # fmt: skip
    scene.tell("slow", app, root("hpa.target_invalid", one), fix=("fix.hpa", one))


@repair(215)
def a_suspended_job_that_nobody_meant(scene: Scene) -> None:
    spec = container("load", scene.image("load"))
    name = scene.new_name()
    at = scene.world.ago(days(3))
    flag = {
        "type": "Suspended", "status": "True", "reason": "JobSuspended", "message": "Job suspended",
        "lastTransitionTime": at, "lastProbeTime": at,
    }  # fmt: skip
    job = plain(
        scene.world, "Job", "batch/v1", name, scene.space, born=days(3),
        spec=_once(spec, suspend=True), status={"conditions": [flag]},
    )  # fmt: skip
    own = {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
    marks = {
        **own,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": job["metadata"]["uid"],
        "job-name": name,
    }
    job["spec"]["selector"] = {"matchLabels": own}
    labelled(job["spec"]["template"], marks)
    labelled(job, {**marks, "app": name})
    scene.healthy(scene.back)
    wished(scene, job, "resume", mended("fix.resume", job))


def _once(spec: Json, **more: Any) -> Json:
    return {
        "backoffLimit": 3, "completions": 1, "parallelism": 1,
        "template": Template([spec], more=ONCE).body(), **more,
    }  # fmt: skip


@repair(216)
def runs_that_are_never_cleaned_up(scene: Scene) -> None:
    one = cron(scene, "*/30 * * * *", successfulJobsHistoryLimit=100)
    scene.healthy(scene.back)
    wished(scene, one, "expire", mended("fix.ttl", one))


@repair(217, "metrics")
def the_ceiling_is_too_low(scene: Scene) -> None:
    app = scene.healthy(scene.back, replicas=4, spared=False)
    limited = (
        "ScalingLimited", "True", "TooManyReplicas",
        "the desired replica count is more than the maximum replica count",
    )  # fmt: skip
    active = (
        "ScalingActive", "True", "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )  # fmt: skip
    one = autoscaler(scene, app, [ABLE, active, limited], most=4)
    current = {"averageUtilization": 98, "averageValue": "98m"}
    one["status"]["currentMetrics"] = [
        {"type": "Resource", "resource": {"name": "cpu", "current": current}}
    ]
    used(scene, app, cores=0.098)
    scene.tell("slow", app, root("hpa.at_max", one, app.parent), fix=("fix.hpa", one))
