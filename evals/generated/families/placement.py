"""A. Pods for which the scheduler finds no node."""

from typing import Any

from evals.clusters.containers import limits
from evals.clusters.events import event
from evals.clusters.nodes import node
from evals.clusters.objects import claim, storage_class, volume
from evals.clusters.telling import root
from evals.clusters.world import Json, days
from evals.generated.failing import is_not_placed
from evals.generated.registry import fault
from evals.generated.scene import App, Scene

NO_HELP = "Preemption is not helpful for scheduling."
NO_VICTIMS = "No preemption victims found for incoming pod."


def refusal(scene: Scene, reason: str, *, helpless: bool = True) -> str:
    """What the scheduler says when every node is refused for one reason."""
    count, end = len(scene.nodes), NO_HELP if helpless else NO_VICTIMS
    said = f"0/{count} nodes are available: {count} {reason}."
    return f"{said} preemption: 0/{count} nodes are available: {count} {end}"


def waits(
    scene: Scene, rule: str, text: str, *, fix: str, spec: Json | None = None, **parts: Any
) -> App:
    """An app all of whose pods wait, and the truth that `rule` says why."""
    name = scene.pick(scene.back, scene.new_name())
    app = scene.failing(name, spec or scene.spec(name), is_not_placed(scene, text), **parts)
    scene.calls(scene.front, app, "ERROR GET {url}/v1: dial tcp: connect: connection refused")
    told = "none" if fix == "none" else (fix, app.parent)
    scene.tell("pending", app, root(rule, app.parent), fix=told)
    return app  # fmt: skip


@fault(1)
def wrong_node_label(scene: Scene) -> None:
    key = scene.pick("disktype", "pool", "node.example.com/class")
    right, wrong = scene.pick(("ssd", "sdd"), ("compute", "compute-v2"), ("general", "genral"))
    for one in scene.nodes:
        one["metadata"]["labels"][key] = right
    text = refusal(scene, "node(s) didn't match Pod's node affinity/selector")
    waits(scene, "pod.unschedulable.node_selector", text, fix="fix.node_selector", more=(("nodeSelector", {key: wrong}),))  # fmt: skip


@fault(1, twin=True)
def right_node_label(scene: Scene) -> None:
    for one in scene.nodes:
        one["metadata"]["labels"]["disktype"] = "ssd"
    app = scene.healthy(scene.back, more=(("nodeSelector", {"disktype": "ssd"}),))
    scene.calls(scene.front, app)
    scene.tell("fine", app)


@fault(2)
def no_such_device(scene: Scene) -> None:
    device = scene.pick("nvidia.com/gpu", "amd.com/gpu", "example.com/fpga")
    spec = scene.spec("inference", resources={"limits": {device: "1"}, "requests": {device: "1"}})
    text = refusal(scene, f"Insufficient {device}", helpless=scene.pick(True, False))
    waits(scene, "pod.unschedulable.extended", text, fix="none", spec=spec)


@fault(3)
def more_replicas_than_hosts(scene: Scene) -> None:
    count = len(scene.nodes)
    app = scene.healthy(scene.back, replicas=count, spared=False)
    labels = app.parent["spec"]["template"]["metadata"]["labels"]
    term = {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    for one in (app.parent, app.child):
        one["spec"]["template"]["spec"]["affinity"] = apart
        one["spec"]["replicas"] = count + 1
    for one in app.pods:
        one["spec"]["affinity"] = apart
    app.parent["status"].update(
        replicas=count + 1, updatedReplicas=count + 1, unavailableReplicas=1
    )
    text = refusal(scene, "node(s) didn't match pod anti-affinity rules", helpless=False)
    is_not_placed(scene, text)(app.child, scene.nth(0))
    scene.tell(
        "pending", app, root("pod.unschedulable.pod_affinity", app.parent),
        fix=("fix.soften_affinity", app.parent), symptoms_ok=["deploy.unavailable"],
    )  # fmt: skip


@fault(4)
def larger_than_any_node(scene: Scene) -> None:
    cores = scene.pick("6", "12", "7500m")
    spec = scene.spec("solver", resources=limits("", "2Gi", request=(cores, "1Gi")))
    text = refusal(scene, "Insufficient cpu", helpless=scene.pick(True, False))
    waits(scene, "pod.unschedulable.cpu", text, fix="fix.resources", spec=spec)


@fault(7)
def nodes_of_another_team(scene: Scene) -> None:
    key, value = scene.pick(("dedicated", "ml"), ("team", "video"), ("reserved-for", "batch"))
    for one in scene.nodes:
        one["spec"]["taints"] = [{"key": key, "value": value, "effect": "NoSchedule"}]
    text = refusal(scene, f"node(s) had untolerated taint {{{key}: {value}}}")
    waits(scene, "pod.unschedulable.taint", text, fix="none")


@fault(8)
def left_cordoned(scene: Scene) -> None:
    gone = scene.nodes[-1]
    gone["spec"].update(
        unschedulable=True,
        taints=[
            {
                "key": "node.kubernetes.io/unschedulable",
                "effect": "NoSchedule",
                "timeAdded": scene.world.ago(days(3)),
            }
        ],
    )
    for one in scene.nodes[:-1]:
        one["status"]["allocatable"]["memory"] = "1900Mi"
    spec = scene.spec("cube", resources=limits("", "6Gi", request=("500m", "6Gi")))
    count = len(scene.nodes)
    text = (
        f"0/{count} nodes are available: 1 node(s) were unschedulable, {count - 1} Insufficient memory. "
        f"preemption: 0/{count} nodes are available: 1 {NO_HELP[:-1]}, {count - 1} {NO_VICTIMS}"
    )
    name = scene.new_name()
    app = scene.failing(name, spec, is_not_placed(scene, text), replicas=1)
    scene.nodes.pop()
    scene.tell(
        "pending", app, root("node.left_cordoned", gone),
        fix=("fix.uncordon", gone),
        symptoms_ok=["deploy.unavailable", "pod.unschedulable.cordoned", "pod.unschedulable.memory"],
    )  # fmt: skip


@fault(9)
def volume_in_another_zone(scene: Scene) -> None:
    storage_class(scene.world, "zonal", "ebs.csi.aws.com", default=True)
    for one in scene.nodes:
        one["metadata"]["labels"]["topology.kubernetes.io/zone"] = "eu-central-1b"
    name = f"{scene.back}-data"
    wanted = claim(
        scene.world, scene.space, name, cls="zonal", volume=f"pvc-{scene.world.letters(8)}"
    )
    volume(
        scene.world, wanted["spec"]["volumeName"], wanted,
        zone="eu-central-1a", cls="zonal", driver="ebs.csi.aws.com",
    )  # fmt: skip
    disk = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
    text = refusal(scene, "node(s) had volume node affinity conflict")
    waits(scene, "pod.unschedulable.volume", text, fix="none", volumes=(disk,), replicas=1)


@fault(10)
def zone_without_nodes(scene: Scene) -> None:
    for n, one in enumerate(scene.nodes):
        one["metadata"]["labels"]["topology.kubernetes.io/zone"] = f"eu-central-1{'ab'[n % 2]}"
    taint = {
        "key": "node.kubernetes.io/out-of-service",
        "value": "nodeshutdown",
        "effect": "NoSchedule",
    }
    node(scene.world, "spare-of-zone-c", zone="eu-central-1c", taints=[taint])
    app = scene.healthy(scene.back, replicas=2, spared=False)
    spread = [
        {
            "labelSelector": {"matchLabels": app.parent["spec"]["selector"]["matchLabels"]},
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
        }
    ]
    for one in (app.parent, app.child):
        one["spec"]["template"]["spec"]["topologySpreadConstraints"] = spread
        one["spec"]["replicas"] = 3
    app.parent["status"].update(replicas=3, updatedReplicas=3, unavailableReplicas=1)
    count = len(scene.nodes)
    text = (
        f"0/{count + 1} nodes are available: 1 node(s) had untolerated taint {{node.kubernetes.io/out-of-service: nodeshutdown}}, "
        f"{count} node(s) didn't match pod topology spread constraints. preemption: 0/{count + 1} nodes are available: "
        f"1 {NO_HELP[:-1]}, {count} {NO_VICTIMS}"
    )
    is_not_placed(scene, text)(app.child, scene.nth(0))
    scene.tell(
        "pending", app, root("pod.unschedulable.topology_spread", app.parent),
        fix="none", symptoms_ok=["deploy.unavailable", "pod.unschedulable.taint"],
    )  # fmt: skip


@fault(11, "events")
def autoscaler_at_its_end(scene: Scene) -> None:
    spec = scene.spec("render", resources=limits("", "3Gi", request=("3600m", "2Gi")))
    for n in range(len(scene.nodes)):
        busy = scene.spec("busy", resources=limits("", "8Gi", request=("2800m", "6Gi")))
        app = scene.healthy(
            f"{scene.bystander()}-{n}" if n else scene.new_name(), spec=busy, replicas=1
        )
        app.pods[0]["spec"]["nodeName"] = scene.nodes[n]["metadata"]["name"]
    name = scene.new_name()
    text = refusal(scene, "Insufficient cpu", helpless=False)
    app = scene.failing(name, spec, is_not_placed(scene, text))
    for one in app.failing:
        why = "pod didn't trigger scale-up: 1 max node group size reached"
        event(
            scene.world, one, "NotTriggerScaleUp", why,
            by="autoscaler", first=scene.since - 0.5, last=1, count=int(scene.since),
        )  # fmt: skip
    scene.tell(
        "pending", app, root("autoscaler.no_scale_up", app.parent, *app.failing),
        fix="none", symptoms_ok=["pod.unschedulable.cpu", "deploy.unavailable"],
    )  # fmt: skip


@fault(12)
def nobody_schedules(scene: Scene) -> None:
    absent = scene.pick("default-schedular", "volcano-scheduler", "bin-packer")
    waits(scene, "pod.scheduler_absent", "", fix="none", more=(("schedulerName", absent),))
