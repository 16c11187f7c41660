"""H. Nodes and what they take with them."""

from evals.clusters.containers import limits
from evals.clusters.events import event
from evals.clusters.nodes import lease, lost, node
from evals.clusters.objects import plain
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.world import days
from evals.generated.registry import fault
from evals.generated.scene import Scene


@fault(75, "events")
def node_runs_out_of_memory(scene: Scene) -> None:
    world, name = scene.world, f"tight-{scene.dice.randrange(2, 9)}"
    full = node(world, name, zone="eu-central-1a", pressed="MemoryPressure", pressed_since=scene.since - 3,
                taints=[{"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}])  # fmt: skip
    text = f"Node {name} status is now: NodeHasInsufficientMemory"
    event(world, full, "NodeHasInsufficientMemory", text, first=scene.since - 3)
    event(
        world,
        full,
        "EvictionThresholdMet",
        "Attempting to reclaim memory",
        warn=True,
        first=scene.since - 3,
        last=2,
        count=4,
    )
    spaces = (scene.space, scene.other_space, "shared-tools")
    apps = [scene.healthy(scene.new_name(), space=space, spared=False) for space in spaces]
    for app in apps:
        one = pod(world, app.child, full, [], born=days(2), phase="Failed")
        needs = app.spec["resources"]["requests"]["memory"]
        why = f"The node was low on resource: memory. Threshold quantity: 100Mi, available: 71Mi. Container {app.spec['name']} was using 402Mi, request is {needs}, has larger consumption of memory. "
        one["status"] = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": why,
            "startTime": world.ago(days(2)),
        }
        event(world, one, "Evicted", why, warn=True, first=scene.since - 4)
    scene.tell(
        "odd",
        apps[0],
        root("node.memory_pressure", full),
        fix="none",
        symptoms_ok=["pod.evicted.node_pressure"],
    )


@fault(76)
def kubelet_fell_silent(scene: Scene) -> None:
    world, dead = scene.world, scene.nodes[0]
    lost(world, dead, scene.since)
    for one in scene.nodes:
        lease(world, one["metadata"]["name"], scene.since + 0.7 if one is dead else 0.1)
    event(
        world,
        dead,
        "NodeNotReady",
        f"Node {dead['metadata']['name']} status is now: NodeNotReady",
        by="node",
        first=scene.since,
    )
    app = scene.healthy(scene.back, spared=False)
    gone = [one for one in app.pods if one["spec"]["nodeName"] == dead["metadata"]["name"]]
    for one in gone:
        for flag in one["status"]["conditions"]:
            if flag["type"] == "Ready":
                flag.update(status="False", lastTransitionTime=world.ago(scene.since))
        event(
            world, one, "NodeNotReady", "Node is not ready", by="node", warn=True, first=scene.since
        )
    left = len(app.pods) - len(gone)
    app.parent["status"].update(
        readyReplicas=left, availableReplicas=left, unavailableReplicas=len(gone)
    )
    scene.tell(
        "down",
        app,
        root("node.not_ready", dead),
        fix="none",
        symptoms_ok=["deploy.unavailable", "pod.node_lost"],
    )


@fault(77)
def budget_stands_in_the_way(scene: Scene) -> None:
    world, drained = scene.world, scene.nodes[0]
    drained["spec"].update(
        unschedulable=True,
        taints=[
            {
                "key": "node.kubernetes.io/unschedulable",
                "effect": "NoSchedule",
                "timeAdded": world.ago(scene.since),
            }
        ],
    )
    app = scene.healthy(
        scene.back,
        replicas=1,
        spec=scene.spec(scene.back, resources=limits("", "512Mi", request=("100m", "256Mi"))),
    )
    scene.spared.clear()
    labels = dict(app.parent["spec"]["selector"]["matchLabels"])
    budget = plain(
        world, "PodDisruptionBudget", "policy/v1", f"{app.name}-pdb", scene.space,
        spec={"minAvailable": 1, "selector": {"matchLabels": labels}},
        status={
            "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1, "observedGeneration": 1,
            "conditions": [{"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "", "lastTransitionTime": world.ago(days(30)), "observedGeneration": 1}],
        },
    )  # fmt: skip
    scene.tell(
        "odd",
        drained,
        root("pdb.blocks_drain", budget),
        space=scene.space,
        fix="none",
        symptoms_ok=["node.left_cordoned"],
    )
