"""Pods that the API server refuses to create, so that none is there to look at."""

from typing import Any

from evals.clusters.containers import limits
from evals.clusters.events import event
from evals.clusters.objects import plain
from evals.clusters.parts import condition
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


def refused(
    scene: Scene, why: str, *, name: str = "", spec: Json | None = None, **parts: Any
) -> App:
    """A Deployment whose ReplicaSet is told "forbidden"; `{pod}` stands for the pod's name."""
    name, world = name or scene.new_name(), scene.world
    before = world.objects.copy()
    app = scene.failing(name, spec or scene.spec(name), lambda child, _: child, **parts)
    app.failing = []
    world.objects = [one for one in world.objects if one["kind"] != "Event" or one in before]
    rs = app.child
    rs["status"].update(replicas=0)
    rs["status"].pop("fullyLabeledReplicas", None)
    text = why.format(pod=f"{rs['metadata']['name']}-{world.letters(5)}")
    at, failed = world.ago(scene.since), condition
    rs["status"]["conditions"] = [failed("ReplicaFailure", "True", "FailedCreate", text, at)]
    told = failed("ReplicaFailure", "True", "FailedCreate", text, at, lastUpdateTime=at)
    app.parent["status"]["conditions"].append(told)
    for count in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"):
        app.parent["status"].pop(count, None)
    event(
        world, rs, "FailedCreate", f"Error creating: {text}",
        by="replicaset", warn=True, first=scene.since, last=1.5, count=14,
    )  # fmt: skip
    return app


def quota(scene: Scene, hard: Json, used: Json) -> Json:
    name = scene.pick("team-quota", "compute-resources", "ns-budget")
    return plain(
        scene.world, "ResourceQuota", "v1", name, scene.space,
        born=days(200), spec={"hard": hard}, status={"hard": hard, "used": used},
    )  # fmt: skip


@fault(5, "events")
def quota_demands_limits(scene: Scene) -> None:
    hard = {"limits.cpu": "16", "limits.memory": "32Gi"}
    one = quota(scene, hard, {"limits.cpu": "1500m", "limits.memory": "1536Mi"})
    called = one["metadata"]["name"]
    spec = scene.spec("bare", resources={})
    why = (
        'pods "{pod}" is forbidden: failed quota: ' + called
        + f": must specify limits.cpu for: {spec['name']}; limits.memory for: {spec['name']}"
    )  # fmt: skip
    app = refused(scene, why, spec=spec)
    scene.tell(
        "pending", app, root("workload.create_refused.limits_required", app.parent),
        fix=("fix.resources", app.parent), symptoms_ok=["deploy.unavailable"], mention=(called,),
    )  # fmt: skip


@fault(5, twin=True)
def quota_gets_limits(scene: Scene) -> None:
    hard = {"limits.cpu": "16", "limits.memory": "32Gi"}
    quota(scene, hard, {"limits.cpu": "1500m", "limits.memory": "1536Mi"})
    scene.tell("fine", scene.healthy(scene.new_name()))


@fault(6)
def quota_used_up(scene: Scene) -> None:
    most, step = scene.pick(("4", "500m"), ("6", "1"), ("10", "2"))
    one = quota(scene, {"requests.cpu": most}, {"requests.cpu": most})
    called = one["metadata"]["name"]
    spec = scene.spec("more", resources=limits("2", "512Mi", request=(step, "256Mi")))
    why = (
        'pods "{pod}" is forbidden: exceeded quota: ' + called
        + f", requested: requests.cpu={step}, used: requests.cpu={most}, limited: requests.cpu={most}"
    )  # fmt: skip
    app = refused(scene, why, spec=spec)
    scene.tell(
        "pending", app, root("workload.create_refused.quota", app.parent),
        fix="none", symptoms_ok=["deploy.unavailable", "quota.near_limit"], mention=(called,),
    )  # fmt: skip


@fault(49)
def account_is_absent(scene: Scene) -> None:
    name, wanted = scene.new_name(), scene.pick("runner", "app-identity", "reader")
    plain(scene.world, "ServiceAccount", "v1", f"{wanted}-sa", scene.space)
    why = (
        'pods "{pod}" is forbidden: error looking up service account '
        + f'{scene.space}/{wanted}: serviceaccount "{wanted}" not found'
    )
    app = refused(scene, why, name=name, account=wanted)
    scene.tell(
        "pending", app, root("workload.create_refused.identity", app.parent),
        fix=("fix.repoint", app.parent), symptoms_ok=["deploy.unavailable"], mention=(wanted,),
    )  # fmt: skip


@fault(79)
def pod_security_refuses(scene: Scene) -> None:
    level = scene.pick("restricted", "baseline")
    space = plain(scene.world, "Namespace", "v1", scene.space, spec={}, status={"phase": "Active"})
    space["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": level}
    spec = scene.spec("legacy")
    spec["securityContext"] = {"privileged": True}
    name = spec["name"]
    faults = {
        "baseline": f'privileged (container "{name}" must not set securityContext.privileged=true)',
        "restricted": (
            f'privileged (container "{name}" must not set securityContext.privileged=true), allowPrivilegeEscalation != false '
            f'(container "{name}" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities '
            f'(container "{name}" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true '
            f'(pod or container "{name}" must set securityContext.runAsNonRoot=true)'
        ),
    }
    why = 'pods "{pod}" is forbidden: violates PodSecurity "' + f'{level}:latest": {faults[level]}'
    app = refused(scene, why, spec=spec)
    scene.tell(
        "pending", app, root("workload.create_refused.pod_security", app.parent),
        symptoms_ok=["deploy.unavailable"], mention=(level,),
    )  # fmt: skip
