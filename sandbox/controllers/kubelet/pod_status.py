"""The status of a pod, from what its containers do."""

from typing import Any

from sandbox.controllers.conditions import with_condition
from sandbox.controllers.kubelet.node import Seat
from sandbox.controllers.runs import Run
from sandbox.fields import at, entries, section

Json = dict[str, Any]
Runs = dict[str, Run]

_CREATING = {"waiting": {"reason": "ContainerCreating"}}
_INITIALIZING = {"waiting": {"reason": "PodInitializing"}}


def status_of(seat: Seat, runs: Runs) -> Json:
    """`runs` is empty while the pod's volumes are not mounted."""
    pod = seat.pod
    before, initial = section(pod, "status"), entries(pod, "spec", "initContainers")
    initialized = all(_is_past(one, runs) for one in initial)
    waiting = _CREATING if initialized else _INITIALIZING
    containers = entries(pod, "spec", "containers")
    status: Json = {
        **before,
        "phase": _phase(pod, containers, runs, initialized=initialized),
        "startTime": before.get("startTime") or seat.world.timing.stamp,
        "containerStatuses": [_shown(one, runs, waiting) for one in containers],
    }
    if initial:
        first = _CREATING if initial and str(initial[0].get("name")) not in runs else _INITIALIZING
        status["initContainerStatuses"] = [_shown(one, runs, first) for one in initial]
    status["conditions"] = _conditions(seat, runs, status["phase"], initialized=initialized)
    return status


def _shown(container: Json, runs: Runs, waiting: Json) -> Json:
    run = runs.get(str(container.get("name")))
    if run is not None:
        return run.status(container)
    return {
        "name": container.get("name"),
        "image": container.get("image"),
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": waiting,
        "lastState": {},
    }


def _is_past(container: Json, runs: Runs) -> bool:
    run = runs.get(str(container.get("name")))
    if run is None:
        return False
    return run.succeeded or (container.get("restartPolicy") == "Always" and run.started)


def _phase(pod: Json, containers: list[Json], runs: Runs, *, initialized: bool) -> str:
    """As a kubelet sums up: one that never ran keeps a pod Pending."""
    policy = at(pod, "spec", "restartPolicy") or "Always"
    if not initialized:
        failed = any(_failed(one, runs) for one in entries(pod, "spec", "initContainers"))
        return "Failed" if failed and policy == "Never" else "Pending"
    known = [runs.get(str(one.get("name"))) for one in containers]
    if any(run is None or not run.ever_ran for run in known):
        return "Pending"
    ended = [run for run in known if run and "terminated" in run.state]
    if len(ended) < len(known) or policy == "Always":
        return "Running"
    if all(run.succeeded for run in ended):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _failed(container: Json, runs: Runs) -> bool:
    run = runs.get(str(container.get("name")))
    return run is not None and "terminated" in run.state and not run.succeeded


def _conditions(seat: Seat, runs: Runs, phase: str, *, initialized: bool) -> list[Json]:
    pod, timing = seat.pod, seat.world.timing
    conditions = entries(pod, "status", "conditions")
    started = "True" if runs else "False"
    conditions = with_condition(conditions, timing, "PodReadyToStartContainers", started)
    incomplete = [
        str(one.get("name"))
        for one in entries(pod, "spec", "initContainers")
        if not _is_past(one, runs)
    ]
    conditions = with_condition(
        conditions,
        timing,
        "Initialized",
        "True" if initialized else "False",
        reason="" if initialized else "ContainersNotInitialized",
        message=""
        if initialized
        else f"containers with incomplete status: [{' '.join(incomplete)}]",
    )
    unready = [
        str(one.get("name"))
        for one in entries(pod, "spec", "containers")
        if not ((run := runs.get(str(one.get("name")))) and run.ready)
    ]
    for kind in ("Ready", "ContainersReady"):
        reason, message = _unready(unready, phase)
        status = "False" if reason else "True"
        conditions = with_condition(
            conditions, timing, kind, status, reason=reason, message=message
        )
    return conditions


def _unready(unready: list[str], phase: str) -> tuple[str, str]:
    if phase in {"Succeeded", "Failed"}:
        return ("PodCompleted" if phase == "Succeeded" else "PodFailed"), ""
    if not unready:
        return "", ""
    return "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
