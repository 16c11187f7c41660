"""B. Images that are there, and containers that do not start."""

from evals.clusters import workloads
from evals.clusters.containers import back_off, container, status, terminated, waiting
from evals.clusters.events import restarted
from evals.clusters.lives import crashing_pod
from evals.clusters.objects import config_map
from evals.clusters.pods import pod
from evals.clusters.telling import root
from evals.clusters.workloads import app_labels
from evals.clusters.world import Json
from evals.generated.failing import cannot_be_configured, crashes
from evals.generated.registry import fault
from evals.generated.scene import App, Scene


@fault(19, "logs")
def typo_in_an_init_command(scene: Scene) -> None:
    wrong = scene.pick("crul", "pythn3", "wgte")
    init = container(
        "prepare", "busybox:1.37", command=["sh", "-c", f"{wrong} -h http://seed/data"]
    )
    name, world = scene.back, scene.world

    def fail(child: Json, place: Json) -> Json:
        spec = child["spec"]["template"]["spec"]["containers"][0]
        later = status(spec, waiting("PodInitializing"), ready=False)
        one = pod(
            world,
            child,
            place,
            [later],
            init=[status(init, waiting("x"), ready=False)],
            born=scene.since,
            phase="Pending",
        )
        about = one["metadata"]
        ended = terminated(127, "Error", world.ago(2.1), world.ago(2))
        state = back_off(about["name"], about["namespace"], about["uid"], "prepare")
        one["status"]["initContainerStatuses"] = [
            status(init, state, last=ended, restarts=7, ready=False)
        ]
        restarted(world, one, init, scene.since, 2, times=8)
        world.log(one, "prepare", (2.05, f"sh: {wrong}: not found"))
        world.log(one, "prepare", (2.05, f"sh: {wrong}: not found"), previous=True)
        return one

    app = scene.failing(name, scene.spec(name), fail, init=(init,))
    scene.tell(
        "down", app, root("pod.start.command_not_found", app.parent),
        fix=("fix.command", app.parent), mention=(wrong,),
        symptoms_ok=["pod.init_blocked", "pod.crash_loop", "deploy.unavailable"],
    )  # fmt: skip


@fault(21, "logs")
def script_without_execute_bit(scene: Scene) -> None:
    name, path = scene.new_name(), scene.pick("/scripts/start.sh", "/opt/run/entry.sh")
    config_map(
        scene.world,
        scene.space,
        f"{name}-scripts",
        {path.rpartition("/")[2]: "#!/bin/sh\nexec /app\n"},
    )
    mount = {"name": "scripts", "mountPath": path.rpartition("/")[0]}
    disk = {"name": "scripts", "configMap": {"name": f"{name}-scripts", "defaultMode": 420}}
    spec = scene.spec(name, command=["/bin/sh", "-c", path], volumeMounts=[mount])
    line = f"/bin/sh: 1: {path}: Permission denied"
    app = scene.failing(name, spec, crashes(scene, line, code=126, lived=0.02), volumes=(disk,))
    scene.tell(
        "restarts", app, root("pod.start.not_executable", app.parent),
        fix="none", mention=(path,), symptoms_ok=["pod.crash_loop", "deploy.unavailable"],
    )  # fmt: skip


@fault(22)
def image_runs_as_root(scene: Scene) -> None:
    spec = scene.spec(scene.back)
    text = f'container has runAsNonRoot and image will run as root (pod: "{scene.back}_{scene.space}", container: {spec["name"]})'
    app = scene.failing(
        scene.back, spec, cannot_be_configured(scene, text),
        more=(("securityContext", {"runAsNonRoot": True}),),
    )  # fmt: skip
    scene.calls(scene.front, app, "ERROR call {url} failed: connect: connection refused")
    scene.tell(
        "down", app, root("pod.start.non_root_refused", app.parent),
        fix="none", mention=("runAsNonRoot",), symptoms_ok=["deploy.unavailable"],
    )  # fmt: skip


@fault(23, "logs")
def database_refuses_root(scene: Scene) -> None:
    name, world = f"{scene.back}-db", scene.world
    spec = container(
        "postgres",
        f"postgres:{scene.pick('15.10', '16.6', '17.2')}",
        ports=[{"containerPort": 5432, "protocol": "TCP"}],
    )
    spec["securityContext"] = {"runAsUser": 0}
    template = workloads.Template([spec], labels=app_labels(name, scene.style))
    parent = workloads.stateful_set(world, scene.space, name, template, ready=0)
    line = '"root" execution of the PostgreSQL server is not permitted.'
    more = "The server must be started under an unprivileged user ID to prevent possible system security compromise."

    def made(child: Json, place: Json) -> Json:
        one = crashing_pod(
            world, child, place, spec, code=1, born=scene.since, restarts=9, ordinal=0
        )
        world.log(one, "postgres", (2.08, line), (2.08, more), previous=True)
        world.log(one, "postgres", (2.08, line), (2.08, more))
        return one

    base = App(parent, parent, [], spec, failing=[made(parent, scene.nth(0))])
    scene.expose(base, port=5432)
    scene.calls(scene.back, base, "ERROR dial tcp {host}:5432: connect: connection refused")
    scene.tell(
        "slow", base, root("pod.crash_loop", parent),
        fix="none", mention=("root",), symptoms_ok=["sts.ordinal_blocked", "app.dependency_unreachable"],
    )  # fmt: skip


@fault(35, "logs")
def helper_crashes(scene: Scene) -> None:
    name = scene.back
    spec = scene.spec(name)
    helper = container("log-shipper", "fluent/fluent-bit:3.2.4", resources=spec["resources"])
    line = "[error] [config] section 'outputt' tried to instance a plugin name that doesn't exist"
    end = "[error] configuration file contains errors, aborting."
    world = scene.world
    template = workloads.Template([spec, helper], labels=app_labels(name, scene.style))

    def fail(child: Json, place: Json) -> Json:
        child["spec"]["template"]["spec"]["containers"] = template.containers
        return crashes(scene, line, end, code=255, lived=0.05, spec=helper, others=(spec,))(
            child, place
        )

    app = scene.failing(name, spec, fail)
    app.parent["spec"]["template"]["spec"]["containers"] = template.containers
    for one in app.failing:
        one["spec"]["containers"] = template.containers
        world.log(one, spec["name"], *((9.0 - n, scene.line()) for n in range(8)))
    scene.tell(
        "restarts", app, root("pod.crash_loop app.missing_setting app.config_invalid", app.parent),
        mention=("log-shipper",), symptoms_ok=["deploy.unavailable"],
    )  # fmt: skip
