"""Changes that a person asks for where nothing is broken."""

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
    node = scene.nth(0)
    wished(scene, node, "cordon", mended("fix.cordon", node))


@repair(205)
def a_node_is_to_be_emptied(scene: Scene) -> None:
    well(scene)
    node = scene.nth(1)
    wished(scene, node, "drain", mended("fix.drain", node))


@repair(206)
def a_closed_node_is_to_open(scene: Scene) -> None:
    well(scene)
    node = scene.nth(2)
    node["spec"]["unschedulable"] = True
    annotated(node, {"example.com/maintenance-by": "ops"})
    wished(scene, node, "uncordon", mended("fix.uncordon", node))


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
