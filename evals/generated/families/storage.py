"""F. Claims and volumes."""

from evals.clusters.events import event
from evals.clusters.nodes import lost
from evals.clusters.objects import claim, storage_class, volume
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.failing import cannot_be_mounted, is_not_placed
from evals.generated.families.placement import refusal
from evals.generated.registry import fault
from evals.generated.scene import App, Scene

BLOCKED = ["pod.unschedulable.volume", "deploy.unavailable", "sts.ordinal_blocked"]


def with_claim(scene: Scene, held: Json, text: str) -> App:
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": held["metadata"]["name"]}}
    spec = scene.spec(scene.back, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    app = scene.failing(scene.back, spec, is_not_placed(scene, text), volumes=(disk,), replicas=1)
    scene.calls(scene.front, app, "ERROR GET {url}: connect: connection refused")
    return app


@fault(52)
def class_does_not_exist(scene: Scene) -> None:
    wanted, there = scene.pick(
        ("fast-ssd", "fast"), ("gp2", "gp3"), ("premium-rwo", "standard-rwo")
    )
    storage_class(scene.world, there, "ebs.csi.aws.com", default=True)
    held = claim(scene.world, scene.space, f"{scene.back}-data", cls=wanted, born=scene.since)
    text = f'storageclass.storage.k8s.io "{wanted}" not found'
    event(
        scene.world,
        held,
        "ProvisioningFailed",
        text,
        by="volume",
        warn=True,
        first=scene.since,
        last=0.3,
        count=int(scene.since * 4),
    )
    app = with_claim(
        scene,
        held,
        refusal(scene, "pod has unbound immediate PersistentVolumeClaims").replace(
            f"{len(scene.nodes)} pod has", "pod has"
        ),
    )
    scene.tell(
        "pending", app, root("pvc.storage_class_missing", held),
        fix="none", mention=(wanted,), symptoms_ok=BLOCKED,
    )  # fmt: skip


@fault(52, twin=True)
def class_exists(scene: Scene) -> None:
    storage_class(scene.world, "fast", "ebs.csi.aws.com", default=True)
    name = f"{scene.back}-data"
    held = claim(scene.world, scene.space, name, cls="fast", volume="pvc-77a1")
    volume(
        scene.world, "pvc-77a1", held, zone="eu-central-1a", cls="fast", driver="ebs.csi.aws.com"
    )
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    app = scene.healthy(scene.back, replicas=1, volumes=(disk,))
    scene.tell("fine", app)


@fault(53)
def no_default_class(scene: Scene) -> None:
    storage_class(scene.world, "standard", "pd.csi.storage.gke.io")
    held = claim(scene.world, scene.space, f"{scene.back}-data", cls=None, born=scene.since)
    text = "no persistent volumes available for this claim and no storage class is set"
    event(
        scene.world,
        held,
        "FailedBinding",
        text,
        by="volume",
        first=scene.since,
        last=0.2,
        count=int(scene.since * 4),
    )
    app = with_claim(
        scene,
        held,
        refusal(scene, "pod has unbound immediate PersistentVolumeClaims").replace(
            f"{len(scene.nodes)} pod has", "pod has"
        ),
    )
    scene.tell("pending", app, root("pvc.no_default_class", held), fix="none", symptoms_ok=BLOCKED)


@fault(54, "events")
def disk_held_by_a_dead_node(scene: Scene) -> None:
    world, dead = scene.world, scene.nodes[-1]
    lost(world, dead, scene.since)
    text = "Node {} status is now: NodeNotReady".format(dead["metadata"]["name"])
    event(world, dead, "NodeNotReady", text, by="node", first=scene.since)
    storage_class(world, "block", "ebs.csi.aws.com", default=True)
    name = f"{scene.back}-data"
    pv = f"pvc-{world.letters(8)}"
    held = claim(world, scene.space, name, cls="block", volume=pv)
    volume(world, pv, held, zone="eu-central-1a", cls="block", driver="ebs.csi.aws.com")
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    spec = scene.spec(scene.back, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    scene.since -= 6
    told = f'Multi-Attach error for volume "{pv}" Volume is already exclusively attached to one node and can\'t be attached to another'
    app = scene.failing(
        scene.back, spec, cannot_be_mounted(scene, told, "FailedAttachVolume", "attach"),
        volumes=(disk,), replicas=1,
    )  # fmt: skip
    old = pod(world, app.child, dead, born=days(12))
    old["metadata"]["deletionTimestamp"] = world.ago(scene.since)
    for flag in old["status"]["conditions"]:
        if flag["type"] == "Ready":
            flag.update(status="False", lastTransitionTime=world.ago(scene.since + 6))
    scene.tell(
        "down", app, root("node.not_ready", dead), fix="none", mention=(dead["metadata"]["name"],),
        symptoms_ok=["volume.multi_attach", "deploy.unavailable", "pod.node_lost", "pod.stuck_terminating"],
    )  # fmt: skip


@fault(55, "events")
def class_does_not_grow(scene: Scene) -> None:
    world, name = scene.world, f"{scene.back}-data"
    storage_class(world, "local-block", "ebs.csi.aws.com", default=True, grows=False)
    held = claim(world, scene.space, name, cls="local-block", size="20Gi", volume="pvc-5512")
    volume(
        world, "pvc-5512", held, zone="eu-central-1a", cls="local-block", driver="ebs.csi.aws.com"
    )
    held["spec"]["resources"]["requests"]["storage"] = "40Gi"
    text = scene.pick(
        "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC.",
        "waiting for an external controller to expand this PVC",
    )
    event(world, held, "ExternalExpanding", text, by="volume", first=scene.since)
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    scene.healthy(scene.back, replicas=1, volumes=(disk,))
    scene.tell("odd", held, root("pvc.resize_stuck", held), fix="none", mention=("40Gi",))


@fault(56)
def claim_waits_for_its_first_pod(scene: Scene) -> None:
    storage_class(scene.world, "topology", "ebs.csi.aws.com", default=True)
    held = claim(
        scene.world, scene.space, f"{scene.new_name()}-scratch", cls="topology", born=scene.since
    )
    text = "waiting for first consumer to be created before binding"
    event(
        scene.world,
        held,
        "WaitForFirstConsumer",
        text,
        by="volume",
        first=scene.since,
        last=0.2,
        count=int(scene.since * 4),
    )
    scene.healthy(scene.back)
    scene.tell("fine", held)
