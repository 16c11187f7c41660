"""Shapes of a container's life that many cases share."""

from evals.clusters.containers import back_off, running, status, terminated, waiting
from evals.clusters.events import restarted
from evals.clusters.pods import pod, turned
from evals.clusters.world import Json, World


def crashing_pod(
    world: World,
    parent: Json,
    node: Json,
    spec: Json,
    *,
    code: int = 1,
    reason: str = "Error",
    born: float = 30,
    restarts: int = 8,
    lived: float = 0.1,
    ordinal: int | None = None,
    others: tuple[Json, ...] = (),
    message: str = "",
) -> Json:
    """A pod whose container `spec` ends with `code` again and again; `others` are its fine ones."""
    well = [status(one, running(world.ago(born - 0.3))) for one in others]
    one = pod(world, parent, node, [], born=born, ordinal=ordinal, phase="Running")
    about = one["metadata"]
    more = {"message": message} if message else {}
    ended = terminated(code, reason, world.ago(2 + lived), world.ago(2), **more)
    state = back_off(about["name"], about["namespace"], about["uid"], spec["name"])
    bad = status(spec, state, last=ended, restarts=restarts, ready=False)
    finish(one, [*well, bad])
    turned(one, world.ago(2))
    # The kubelet's events are kept for an hour; a container that crashes for days began long ago.
    restarted(world, one, spec, min(born, 58), 2.2, times=restarts + 1)
    return one


def finish(one: Json, statuses: list[Json]) -> None:
    """Give a pod made without statuses these, and the readiness that follows from them."""
    ready = all(each["ready"] for each in statuses)
    unready = " ".join(each["name"] for each in statuses if not each["ready"])
    one["status"]["containerStatuses"] = statuses
    for flag in one["status"]["conditions"]:
        if flag["type"] in ("Ready", "ContainersReady") and not ready:
            text = f"containers with unready status: [{unready}]"
            flag.update({"status": "False", "reason": "ContainersNotReady", "message": text})


def cannot_pull(spec: Json, error: str = "") -> Json:
    """The status of a container whose image the kubelet keeps failing to pull."""
    text = f'Back-off pulling image "{spec["image"]}"'
    if error:  # 1.31 and newer tell the cause here too
        text += f": ErrImagePull: {error}"
    return status(spec, waiting("ImagePullBackOff", text), ready=False)
