"""D. Rollouts that do not end."""

from evals.clusters import workloads
from evals.clusters.containers import limits
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import service
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import days, hours
from evals.generated.failing import is_not_placed, is_unready
from evals.generated.families.placement import refusal
from evals.generated.registry import fault
from evals.generated.scene import Scene


@fault(39, "events logs")
def new_ones_never_get_ready(scene: Scene) -> None:
    scene.since = float(scene.dice.randrange(25, 55))
    before = scene.spec(scene.back)
    spec = {**before, "image": scene.image(scene.back)}
    fail = is_unready(
        scene, "HTTP probe failed with statuscode: 503", "INFO warming up, not ready yet"
    )
    app = scene.failing(scene.back, spec, fail, before=before)
    scene.calls(scene.front, app)
    rules = "deploy.progress_deadline pod.probe.readiness_failing pod.probe.http_status"
    scene.tell(
        "rollout", app, root(rules, app.parent),
        fix=("fix.rollback", app.parent), symptoms_ok=["deploy.unavailable", "service.endpoints_partial"],
    )  # fmt: skip


@fault(40)
def paused_and_forgotten(scene: Scene) -> None:
    app = scene.healthy(scene.back, spared=False)
    at = scene.world.ago(hours(scene.dice.randrange(5, 40)))
    app.parent["spec"]["paused"] = True
    newer = {**app.spec, "image": scene.image(scene.back)}
    body = app.parent["spec"]["template"]
    app.parent["spec"]["template"] = {**body, "spec": {**body["spec"], "containers": [newer]}}
    app.parent["status"].pop("updatedReplicas", None)
    told = app.parent["status"]["conditions"]
    told[:] = [one for one in told if one["type"] != "Progressing"]
    told.append(workloads.condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", at, lastUpdateTime=at))  # fmt: skip
    scene.tell("rollout", app, root("deploy.paused", app.parent), fix=("fix.resume", app.parent))


@fault(41)
def no_room_for_one_more(scene: Scene) -> None:
    before = scene.spec(scene.back, resources=limits("2", "4Gi", request=("2", "4Gi")))
    for one in scene.nodes:
        one["status"]["allocatable"]["cpu"] = "2300m"
    spec = {**before, "image": scene.image(scene.back)}
    text = refusal(scene, "Insufficient cpu", helpless=False)
    count = len(scene.nodes)
    app = scene.failing(scene.back, spec, is_not_placed(scene, text), before=before, replicas=count)
    app.parent["spec"]["strategy"] = {
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }  # fmt: skip
    scene.tell(
        "rollout", app, root("deploy.surge_no_room", app.parent),
        fix=("fix.surge", app.parent),
        symptoms_ok=["pod.unschedulable.cpu", "deploy.progress_deadline", "deploy.unavailable"],
    )  # fmt: skip


@fault(42)
def repaired_template_broken_pod(scene: Scene) -> None:
    name, world = scene.new_name(), scene.world
    good = scene.spec(name)
    bad = {**good, "image": scene.image(name), "command": ["/bin/no-such"]}
    template = workloads.Template([good], labels=workloads.app_labels(name, scene.style))
    revisions = (f"{name}-{world.letters(9)}", f"{name}-{world.letters(9)}")
    parent = workloads.stateful_set(
        world, scene.space, name, template, replicas=3, ready=2, revisions=revisions
    )
    service(world, scene.space, name, dict(template.labels), clusterIP="None")
    broken = f"{name}-{world.letters(9)}"
    for n in range(2):
        one = pod(world, parent, scene.nth(n), born=days(9), ordinal=n)
        one["metadata"]["labels"]["controller-revision-hash"] = revisions[0]
    one = crashing_pod(
        world, parent, scene.nth(2), bad, code=1, born=scene.since, restarts=9, ordinal=2
    )
    one["spec"]["containers"] = [bad]
    one["metadata"]["labels"]["controller-revision-hash"] = broken
    scene.tell(
        "rollout", parent, root("sts.revision_stuck", parent),
        fix=("fix.evict_pod", one), symptoms_ok=["pod.crash_loop", "sts.ordinal_blocked"],
    )  # fmt: skip
