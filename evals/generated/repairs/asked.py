"""Changes that a person asks for where nothing is broken."""

from evals.clusters.nodes import node
from evals.clusters.workloads import replicaset
from evals.clusters.world import Json, annotated, days
from evals.generated.registry import repair
from evals.generated.repairs.telling import mended, wished
from evals.generated.scene import App, Scene


def well(scene: Scene, replicas: int = 3) -> App:
    """An app that is well, with one that calls it."""
    app = scene.healthy(scene.back, replicas=replicas, spared=False)
    scene.calls(scene.front, app)
    return app


@repair(201)
def more_replicas_are_wanted(scene: Scene) -> None:
    app = well(scene)
    wished(scene, app, "scale", mended("fix.scale", app.parent), replicas=scene.pick(4, 5))


@repair(202)
def a_restart_is_wanted(scene: Scene) -> None:
    app = well(scene)
    wished(scene, app, "restart", mended("fix.restart", app.parent))


@repair(203)
def the_one_before_is_wanted(scene: Scene) -> None:
    app = well(scene)
    older = {**app.spec, "image": scene.image(scene.back)}
    earlier(scene, app, older)
    wished(scene, app, "rollback", mended("fix.rollback", app.parent))


def earlier(scene: Scene, app: App, spec: Json) -> Json:
    """A revision before the present one, scaled down, that nothing is held against."""
    number = int(app.child["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
    template = scene.template(app.name, spec)
    return replicaset(
        scene.world, app.parent, replicas=0, born=days(30), revision=number - 1, template=template
    )


@repair(204)
def a_node_is_to_take_nothing_new(scene: Scene) -> None:
    well(scene)
    one = scene.nth(0)
    wished(scene, one, "cordon", mended("fix.cordon", one))


@repair(205)
def a_node_is_to_be_emptied(scene: Scene) -> None:
    """One pod of the app is on a node of its own; what else runs here is elsewhere."""
    app, name = well(scene), f"{scene.nth(0)['metadata']['name'][:40]}x".replace(".", "-")
    spare = node(scene.world, name, zone="eu-central-1a")
    here = app.pods[0]
    here["spec"]["nodeName"] = name
    here["status"]["hostIP"] = spare["status"]["addresses"][0]["address"]
    wished(scene, spare, "drain", mended("fix.drain", spare))


@repair(206)
def a_closed_node_is_to_open(scene: Scene) -> None:
    well(scene)
    one = scene.nth(2)
    one["spec"]["unschedulable"] = True
    annotated(one, {"example.com/maintenance-by": "ops"})
    wished(scene, one, "uncordon", mended("fix.uncordon", one))


@repair(207)
def a_moving_tag_is_to_stand_still(scene: Scene) -> None:
    name = scene.back
    spec = scene.spec(name)
    spec["image"] = f"{spec['image'].rpartition(':')[0]}:latest"
    spec["imagePullPolicy"] = "Always"
    app = scene.healthy(name, spec=spec, spared=False)
    digest = f"sha256:{scene.dice.getrandbits(256):064x}"
    for one in app.pods:
        for told in one["status"]["containerStatuses"]:
            told["imageID"] = f"{spec['image'].rpartition(':')[0]}@{digest}"
    wished(scene, app, "pin", mended("fix.pin_digest", app.parent))


@repair(251)
def more_memory_is_wanted(scene: Scene) -> None:
    app = well(scene)
    amounts = [f"limits.memory={scene.pick('640Mi', '768Mi')}", "requests.cpu+=50m"]
    wished(scene, app, "resources", mended("fix.set_resources", app.parent), resources=amounts)
