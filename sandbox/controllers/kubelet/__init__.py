"""Kubelets: what becomes of a pod on its node."""

from datetime import datetime
from typing import Any

from sandbox.controllers.conditions import condition_of
from sandbox.controllers.kubelet.containers import advance
from sandbox.controllers.kubelet.node import Seat, workload_of
from sandbox.controllers.kubelet.pod_status import status_of
from sandbox.controllers.metering import begin, climb, rest
from sandbox.controllers.runs import Run
from sandbox.controllers.world import NODES, PODS, World, key_of, leaving
from sandbox.fields import entries

__all__ = ["node_answers", "reconcile", "workload_of"]

Json = dict[str, Any]

# Most programs end soon after they are told to; the grace period is for the others.
_STOPPING_S = 1.0
_MOUNT_RETRY_S = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 122.0)
_VOLUMES = "/volumes"


def reconcile(world: World, pod: Json) -> None:
    """Go on with a pod that has a node."""
    seat, uid = Seat(world, pod), pod["metadata"]["uid"]
    if not node_answers(world, seat.node):
        return
    if leaving(pod):
        _stop(seat)
    elif world.is_awake(pod) and pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}:
        runs = world.runs.setdefault(uid, {})
        if _mounted(seat, runs):
            _run(seat, runs)


def node_answers(world: World, name: str) -> bool:
    """A node nobody has heard from leaves its pods as they are; an unknown one is taken as alive."""
    node = world.get(NODES, "", name)
    return node is None or condition_of(node, "Ready").get("status") in {"True", None}


def _stop(seat: Seat) -> None:
    world, key = seat.world, key_of(PODS, seat.pod)
    runs = world.runs.setdefault(seat.pod["metadata"]["uid"], {})
    timing = world.timing
    if _STOPPED not in runs:
        for container in entries(seat.pod, "spec", "containers"):
            seat.tell("Killing", f"Stopping container {container.get('name')}", container)
        runs[_STOPPED] = Run(timing.after(_STOPPING_S))
        timing.look_again(key, runs[_STOPPED].due)
    if runs[_STOPPED].due <= timing.now() and not seat.pod["metadata"].get("finalizers"):
        world.runs.pop(seat.pod["metadata"]["uid"], None)
        world.store.remove(key)


_STOPPED = "/stopped"


def _mounted(seat: Seat, runs: dict[str, Run]) -> bool:
    """Whether the volumes are there; if not, that is told, and tried again later and later."""
    timing, key = seat.world.timing, key_of(PODS, seat.pod)
    why = seat.missing_volume()
    if not why:
        runs.pop(_VOLUMES, None)
        return True
    attempt = runs.setdefault(_VOLUMES, Run(timing.now()))
    if attempt.due <= timing.now():
        seat.tell("FailedMount", why)
        wait_s = _MOUNT_RETRY_S[min(attempt.restarts, len(_MOUNT_RETRY_S) - 1)]
        attempt.restarts += 1
        attempt.due = timing.after(wait_s)
        timing.look_again(key, attempt.due)
    seat.world.set_status(PODS, seat.pod, status_of(seat, {}))
    return False


def _run(seat: Seat, runs: dict[str, Run]) -> None:
    """Let every container whose turn it is do what is due, and look again at the next thing due."""
    world, key = seat.world, key_of(PODS, seat.pod)
    placed = {**seat.pod, "status": {**seat.pod.get("status", {}), **seat.addresses()}}
    seat = Seat(world, world.set_status(PODS, seat.pod, placed["status"]))
    _take_over(seat, runs)
    for container in _their_turn(seat, runs):
        run = runs.setdefault(str(container.get("name")), Run(world.timing.now()))
        before, ended = run.started_at, run.last_state
        _catch_up(seat, container, run)
        if run.last_state != ended:
            rest(world, seat.pod, container)
        if run.started_at != before:
            begin(world, seat.pod, str(container.get("name")))
            climb(world, seat.pod, container, seat.behaviour(container))
    pod = world.set_status(PODS, seat.pod, status_of(seat, runs))
    waiting = [
        run.due
        for container in _their_turn(Seat(world, pod), runs)
        if (run := runs.get(str(container.get("name"))) or Run(world.timing.now()))
    ]
    if waiting:
        world.timing.look_again(key, min(waiting))


def _catch_up(seat: Seat, container: Json, run: Run) -> None:
    now: datetime = seat.world.timing.now()
    for _ in range(20):
        if run.due > now:
            return
        advance(seat, container, run)


def _take_over(seat: Seat, runs: dict[str, Run]) -> None:
    """A pod of the picture goes on from its status; a changed image is begun anew."""
    for part in ("initContainerStatuses", "containerStatuses"):
        for status in entries(seat.pod, "status", part):
            name = str(status.get("name"))
            if name not in runs and (status.get("imageID") or status.get("restartCount")):
                runs[name] = Run.of(status, seat.world.timing.now())
    for container in entries(seat.pod, "spec", "containers"):
        run = runs.get(str(container.get("name")))
        told = {one.get("name"): one for one in entries(seat.pod, "status", "containerStatuses")}
        status = told.get(container.get("name"), {})
        if run and run.ever_ran and status.get("image", "") != container.get("image"):
            name = container.get("name")
            message = f"Container {name} definition changed, will be restarted"
            seat.tell("Killing", message, container)
            again = Run(seat.world.timing.now(), restarts=run.restarts, ever_ran=True)
            runs[str(name)] = again


def _their_turn(seat: Seat, runs: dict[str, Run]) -> list[Json]:
    """Init containers one after the other; when these are done, all the others at once."""
    turn: list[Json] = []
    for container in entries(seat.pod, "spec", "initContainers"):
        turn.append(container)
        run = runs.get(str(container.get("name")))
        is_sidecar = container.get("restartPolicy") == "Always"
        if run is None or not (run.succeeded or (is_sidecar and run.started)):
            return turn
    return [*turn, *entries(seat.pod, "spec", "containers")]
