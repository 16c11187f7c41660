"""Jobs run pods until enough have succeeded, or too many have failed."""

from datetime import timedelta
from typing import Any

from sandbox.controllers.conditions import condition_of, with_condition
from sandbox.controllers.events import record
from sandbox.controllers.replicas import create_pod, delete_pod, is_active, is_ready, new_pod
from sandbox.controllers.timing import moment
from sandbox.controllers.world import JOBS, PODS, World, key_of, leaving
from sandbox.fields import at, entries, number, section
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

_ME = "job-controller"
_BACKOFF_LIMIT, _FIRST_RETRY_S, _LAST_RETRY_S = 6, 10.0, 600.0


def reconcile(world: World, key: Key) -> None:
    job = world.store.get(key)
    if job is None or leaving(job):
        return
    if is_over(job):
        _forget(world, key, job)
        return
    job = _labelled(world, job)
    pods = world.owned(PODS, job)
    status = _counts(world, job, pods)
    if reason := _failure(world, key, job, status):
        _finish(world, job, pods, status, *reason)
    elif status["succeeded"] >= _completions(job, status):
        _finish(world, job, pods, status, "Complete", "CompletionsReached", _REACHED)
    else:
        _fill_up(world, key, job, pods, status)


_REACHED = "Reached expected number of succeeded pods"


def is_over(job: Json) -> bool:
    return any(condition_of(job, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _labelled(world: World, job: Json) -> Json:
    """A Job without a selector gets one by its uid, and its pods the labels for it."""
    if section(job, "spec", "selector"):
        return job
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    template = section(job, "spec", "template")
    extra = {"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid}
    extra |= {"batch.kubernetes.io/job-name": name, "job-name": name}
    told = section(template, "metadata")
    labels = {**section(told, "labels"), **extra}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    template = {**template, "metadata": {**told, "labels": labels}}
    spec = {**section(job, "spec"), "selector": selector, "template": template}
    return world.store.put(key_of(JOBS, job), {**job, "spec": spec})


def _counts(world: World, job: Json, pods: list[Json]) -> Json:
    ended = {phase: [one for one in pods if _phase(one) == phase] for phase in _ENDS}
    active = [pod for pod in pods if is_active(pod)]
    return {
        "startTime": at(job, "status", "startTime") or world.timing.stamp,
        "active": len(active),
        "ready": sum(map(is_ready, active)),
        "succeeded": max(len(ended["Succeeded"]), number(job, "status", "succeeded")),
        "failed": max(len(ended["Failed"]), number(job, "status", "failed")),
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }


_ENDS = ("Succeeded", "Failed")


def _phase(pod: Json) -> str:
    return str(at(pod, "status", "phase") or "")


def _completions(job: Json, status: Json) -> int:
    """Without a number, one success and nothing running are enough."""
    told = section(job, "spec").get("completions")
    if told is None:
        return 1 if not status["active"] else 1_000_000
    return int(told)


def _failure(world: World, key: Key, job: Json, status: Json) -> tuple[str, str, str] | None:
    deadline_s = section(job, "spec").get("activeDeadlineSeconds")
    started = moment(status["startTime"])
    if isinstance(deadline_s, int) and started:
        ends = started + timedelta(seconds=deadline_s / world.timing.speed)
        if ends <= world.timing.now():
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        world.timing.look_again(key, ends)
    limit = section(job, "spec").get("backoffLimit", _BACKOFF_LIMIT)
    restarts = sum(
        number(one, "restartCount")
        for pod in world.owned(PODS, job)
        if at(pod, "spec", "restartPolicy") == "OnFailure"
        for one in entries(pod, "status", "containerStatuses")
    )
    if status["failed"] > limit or (restarts and restarts >= limit):
        message = "Job has reached the specified backoff limit"
        return "Failed", "BackoffLimitExceeded", message
    return None


def _finish(
    world: World, job: Json, pods: list[Json], status: Json, kind: str, reason: str, message: str
) -> None:
    for pod in pods:
        if is_active(pod):
            delete_pod(world, job, pod, by=_ME)
    conditions = entries(job, "status", "conditions")
    first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
    for one in (first, kind):
        conditions = with_condition(
            conditions, world.timing, one, "True", reason=reason, message=message
        )
    told = {**status, "active": 0, "ready": 0, "conditions": conditions}
    if kind == "Complete":
        told["completionTime"] = world.timing.stamp
        record(world, job, "Completed", "Job completed", by=_ME)
    else:
        record(world, job, reason, message, by=_ME, kind="Warning")
    world.set_status(JOBS, job, _without_zeros(told))


def _fill_up(world: World, key: Key, job: Json, pods: list[Json], status: Json) -> None:
    """Start as many pods as may run beside each other; after a failure, later and later."""
    suspended = bool(at(job, "spec", "suspend"))
    left = section(job, "spec").get("completions", 1) - status["succeeded"]
    wanted = min(number(job, "spec", "parallelism") or 1, max(0, left))
    for pod in [one for one in pods if is_active(one)] if suspended else []:
        delete_pod(world, job, pod, by=_ME)
    wait = _next_start(world, pods) if status["failed"] else world.timing.now()
    if wait > world.timing.now():
        world.timing.look_again(key, wait)
    elif not suspended:
        stem = f"{job['metadata']['name']}-"
        for _ in range(wanted - status["active"]):
            pod = new_pod(job, stem + random_ending(), generated_from=stem)
            if not create_pod(world, job, pod, by=_ME):
                status["active"] += 1
    conditions = entries(job, "status", "conditions")
    told = {**status, "conditions": conditions} if conditions else status
    world.set_status(JOBS, job, _without_zeros(told))


def _next_start(world: World, pods: list[Json]) -> Any:
    failed = [pod for pod in pods if _phase(pod) == "Failed"]
    ends = [
        end
        for pod in failed
        for one in entries(pod, "status", "containerStatuses")
        if (end := moment(at(one, "state", "terminated", "finishedAt")))
    ]
    wait_s = min(_FIRST_RETRY_S * 2 ** max(0, len(failed) - 1), _LAST_RETRY_S)
    last = max(ends, default=world.timing.now())
    return last + timedelta(seconds=wait_s / world.timing.speed)


def _without_zeros(status: Json) -> Json:
    kept = {"terminating", "ready", "uncountedTerminatedPods"}
    return {name: value for name, value in status.items() if value or name in kept}


def _forget(world: World, key: Key, job: Json) -> None:
    """A finished Job is removed after its time to live."""
    ttl_s = section(job, "spec").get("ttlSecondsAfterFinished")
    kinds = (condition_of(job, kind) for kind in ("Complete", "Failed"))
    over = next((moment(one.get("lastTransitionTime")) for one in kinds if one), None)
    if not isinstance(ttl_s, int) or over is None:
        return
    ends = over + timedelta(seconds=ttl_s / world.timing.speed)
    if ends <= world.timing.now():
        world.store.remove(key)
    else:
        world.timing.look_again(key, ends)
