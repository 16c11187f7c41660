"""Pods that fail, each as the kubelet or the scheduler shows it."""

from evals.clusters.containers import running, status, terminated, waiting
from evals.clusters.events import event, pull_failed, restarted, scheduled, unschedulable
from evals.clusters.lives import cannot_pull, crashing_pod, finish
from evals.clusters.pods import pod, turned
from evals.clusters.world import Json
from evals.generated.scene import Fail, Scene


def crashes(
    scene: Scene,
    *lines: str,
    code: int = 1,
    reason: str = "Error",
    restarts: int = 0,
    lived: float = 0.1,
    message: str = "",
    others: tuple[Json, ...] = (),
    spec: Json | None = None,
) -> Fail:
    """Ends with `code` again and again, after writing `lines`; `spec` when it is not the first."""
    count = restarts or max(4, int(scene.since / 5))

    def fail(child: Json, place: Json) -> Json:
        bad = spec or child["spec"]["template"]["spec"]["containers"][0]
        one = crashing_pod(
            scene.world, child, place, bad,
            code=code, reason=reason, born=scene.since, restarts=count, lived=lived,
            message=message, others=others,
        )  # fmt: skip
        step = lived / (len(lines) + 1)
        told = [(2 + lived - (n + 1) * step, line) for n, line in enumerate(lines)]
        if told:
            scene.world.log(one, bad["name"], *told, previous=True)
            scene.world.log(one, bad["name"], *told)
        return one

    return fail


def cannot_be_pulled(scene: Scene, error: str) -> Fail:
    def fail(child: Json, place: Json) -> Json:
        spec = child["spec"]["template"]["spec"]["containers"][0]
        newer = scene.pick(True, False)
        told = [cannot_pull(spec, error if newer else "")]
        one = pod(scene.world, child, place, told, born=scene.since)
        scheduled(scene.world, one, scene.since)
        pull_failed(scene.world, one, spec, error, scene.since, 1.2)
        return one

    return fail


def cannot_be_configured(scene: Scene, text: str) -> Fail:
    """CreateContainerConfigError with this text."""

    def fail(child: Json, place: Json) -> Json:
        spec = child["spec"]["template"]["spec"]["containers"][0]
        about = status(spec, waiting("CreateContainerConfigError", text), ready=False)
        one = pod(scene.world, child, place, [about], born=scene.since)
        scheduled(scene.world, one, scene.since)
        count = int(scene.since * 4)
        event(
            scene.world, one, "Failed", f"Error: {text}",
            warn=True, first=scene.since, last=0.3, count=count, field=spec["name"],
        )  # fmt: skip
        return one

    return fail


def cannot_be_mounted(
    scene: Scene, text: str, reason: str = "FailedMount", by: str = "kubelet"
) -> Fail:
    def fail(child: Json, place: Json) -> Json:
        specs = child["spec"]["template"]["spec"]["containers"]
        told = [status(each, waiting("ContainerCreating"), ready=False) for each in specs]
        one = pod(scene.world, child, place, told, born=scene.since)
        scheduled(scene.world, one, scene.since)
        count = int(scene.since / 2) + 3
        event(
            scene.world, one, reason, text,
            by=by, warn=True, first=scene.since, last=0.8, count=count,
        )  # fmt: skip
        return one

    return fail  # fmt: skip


def is_not_placed(scene: Scene, text: str) -> Fail:
    def fail(child: Json, place: Json) -> Json:
        one = pod(scene.world, child, None, born=scene.since, refused=text)
        if text:
            count = int(scene.since / 5) + 1
            unschedulable(scene.world, one, text, scene.since, 1.5, count)
        return one

    return fail


def is_unready(scene: Scene, text: str, *lines: str, kind: str = "Readiness") -> Fail:
    """Runs, and its probe fails; `{ip}` in the text is the pod's own address."""

    def fail(child: Json, place: Json) -> Json:
        spec = child["spec"]["template"]["spec"]["containers"][0]
        well = status(spec, running(scene.world.ago(scene.since - 0.2)), ready=False)
        one = pod(scene.world, child, place, [well], born=scene.since)
        said = text.format(ip=one["status"]["podIP"])
        scheduled(scene.world, one, scene.since)
        event(
            scene.world, one, "Unhealthy", f"{kind} probe failed: {said}",
            warn=True, first=scene.since - 0.5, last=0.1, count=int(scene.since * 6),
            field=spec["name"],
        )  # fmt: skip
        scene.world.log(one, spec["name"], *((scene.since - 0.3, line) for line in lines))
        return one

    return fail


def is_killed_by_probe(
    scene: Scene,
    text: str,
    *lines: str,
    kind: str = "Liveness",
    code: int = 137,
    lived: float = 2.5,
) -> Fail:
    """Started anew each time its liveness or startup probe has failed often enough."""
    count = max(4, int(scene.since / 5))

    def fail(child: Json, place: Json) -> Json:
        spec, world = child["spec"]["template"]["spec"]["containers"][0], scene.world
        ended = terminated(code, "Error", world.ago(1.2 + lived), world.ago(1.2))
        state = status(spec, running(world.ago(1.1)), last=ended, restarts=count, ready=False)
        one = pod(world, child, place, [], born=scene.since, phase="Running")
        finish(one, [state])
        turned(one, world.ago(1.2))
        said = text.format(ip=one["status"]["podIP"])
        again: Json = {"warn": True, "last": 1.3, "field": spec["name"]}
        event(
            world, one, "Unhealthy", f"{kind} probe failed: {said}",
            first=scene.since - 1, count=count * 3, **again,
        )  # fmt: skip
        killing = f"Container {spec['name']} failed {kind.lower()} probe, will be restarted"
        event(
            world, one, "Killing", killing,
            first=scene.since - 1.5, last=1.3, count=count, field=spec["name"],
        )  # fmt: skip
        restarted(world, one, spec, scene.since, 1.1, times=count + 1, crashing=False)
        told = [(1.1 + lived * (1 - n / (len(lines) + 1)), line) for n, line in enumerate(lines)]
        if told:
            world.log(one, spec["name"], *told, previous=True)
            world.log(one, spec["name"], *((1.0, line) for line in lines[:1]))
        return one

    return fail


def was_killed_for_memory(scene: Scene, *, times: int = 4, back: bool = True) -> Fail:
    """OOMKilled; `back`: it runs again at the moment."""

    def fail(child: Json, place: Json) -> Json:
        spec, world = child["spec"]["template"]["spec"]["containers"][0], scene.world
        lived = max(2.0, scene.since / times)
        ended = terminated(137, "OOMKilled", world.ago(3 + lived), world.ago(3))
        if not back:
            return crashes(scene, code=137, reason="OOMKilled", restarts=times, lived=1.5)(
                child, place
            )
        state = status(spec, running(world.ago(2.9)), last=ended, restarts=times)
        one = pod(world, child, place, [state], born=scene.since)
        restarted(world, one, spec, scene.since, 2.9, times=times + 1, crashing=False)
        return one

    return fail  # fmt: skip
