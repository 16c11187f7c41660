"""Workloads that keep their revisions elsewhere than in ReplicaSets."""

import copy

from evals.clusters import workloads
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import plain, service
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import Json, days, labelled
from evals.generated.families.refusals import refused
from evals.generated.registry import repair
from evals.generated.scene import Scene


def revision(scene: Scene, parent: Json, name: str, number: int, template: Json) -> Json:
    """A ControllerRevision: the template as a patch of its owner."""
    kept = copy.deepcopy(template)
    data = {"spec": {"template": {**kept, "$patch": "replace"}}}
    metadata = parent["metadata"]
    one = plain(
        scene.world, "ControllerRevision", "apps/v1", name, metadata["namespace"],
        born=days(30) / number, data=data, revision=number,
    )  # fmt: skip
    one["metadata"]["ownerReferences"] = [workloads.owner(parent)]
    labels = template["metadata"]["labels"]
    hashed = name.removeprefix(f"{metadata['name']}-")
    return labelled(one, {**labels, "controller.kubernetes.io/hash": hashed})


@repair(231, "logs")
def new_image_of_a_stateful_set_crashes(scene: Scene) -> None:
    name, world = f"{scene.back}-db", scene.world
    good = scene.spec(name)
    bad = {**good, "image": scene.image(name)}
    labels = workloads.app_labels(name, scene.style)
    fine, broken = (workloads.Template([one], labels=labels) for one in (good, bad))
    revisions = (f"{name}-{world.letters(9)}", f"{name}-{world.letters(9)}")
    parent = workloads.stateful_set(
        world, scene.space, name, broken, replicas=3, ready=2, revisions=revisions, born=days(60)
    )
    parent["status"].update(currentReplicas=2, updatedReplicas=1)
    for number, (called, template) in enumerate(zip(revisions, (fine, broken), strict=True), 1):
        revision(scene, parent, called, number, template.body())
    port = good["ports"][0]["containerPort"]
    service(world, scene.space, name, dict(labels), clusterIP="None", port=port, target=port)
    for n in range(2):
        one = pod(world, parent, scene.nth(n), born=days(9), ordinal=n)
        one["metadata"]["labels"]["controller-revision-hash"] = revisions[0]
        one["spec"]["containers"] = [good]
        for told in one["status"]["containerStatuses"]:
            told["image"] = good["image"]
    one = crashing_pod(
        world, parent, scene.nth(2), bad, code=139, reason="Error", born=scene.since, restarts=9,
        ordinal=2,
    )  # fmt: skip
    one["metadata"]["labels"]["controller-revision-hash"] = revisions[1]
    world.log(one, bad["name"], (2.05, "signal: segmentation fault"), previous=True)
    scene.tell(
        "down", parent, root("pod.native_crash", parent), fix=("fix.rollback", parent),
        symptoms_ok=["pod.crash_loop", "sts.ordinal_blocked", "sts.rollout_stuck"],
    )  # fmt: skip


@repair(232)
def misspelt_priority(scene: Scene) -> None:
    right, wrong = scene.pick(("business-critical", "buisness-critical"), ("high", "hihg"))
    plain(
        scene.world, "PriorityClass", "scheduling.k8s.io/v1", right, value=100000,
        globalDefault=False, preemptionPolicy="PreemptLowerPriority", description="",
    )  # fmt: skip
    why = f'pods "{{pod}}" is forbidden: no PriorityClass with name {wrong} was found'
    app = refused(scene, why, more=(("priorityClassName", wrong),))
    scene.tell(
        "pending", app, root("workload.create_refused.identity", app.parent),
        fix=("fix.repoint", app.parent), symptoms_ok=["deploy.unavailable"],
    )  # fmt: skip
