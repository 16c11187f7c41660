"""CronJobs start a Job at their times. One of the picture does so once it is touched."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.controllers.conditions import condition_of
from sandbox.controllers.events import record
from sandbox.controllers.jobs import is_over
from sandbox.controllers.schedules import Schedule
from sandbox.controllers.world import CRON_JOBS, JOBS, World, key_of, leaving, reference_to
from sandbox.fields import at, section
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

_ME = "cronjob-controller"
_KEPT = {"successfulJobsHistoryLimit": ("Complete", 3), "failedJobsHistoryLimit": ("Failed", 1)}


def reconcile(world: World, key: Key) -> None:
    cron = world.store.get(key)
    if cron is None or leaving(cron):
        return
    schedule = Schedule.of(str(at(cron, "spec", "schedule")))
    if schedule is None:
        message = f'unparseable schedule: "{at(cron, "spec", "schedule")}"'
        record(world, cron, "UnparseableSchedule", message, by=_ME, kind="Warning")
        return
    planned = world.planned.get(cron["metadata"]["uid"])
    if planned and planned <= world.timing.now() and not at(cron, "spec", "suspend"):
        world.planned.pop(cron["metadata"]["uid"])
        cron = _start(world, cron)
    _plan(world, key, cron, schedule)
    _forget_old(world, cron)
    _report(world, key)


def _plan(world: World, key: Key, cron: Json, schedule: Schedule) -> None:
    """Fast time comes to the next minute of the schedule sooner, but counts from the real one."""
    if cron["metadata"]["uid"] in world.planned and not at(cron, "spec", "suspend"):
        return
    now = world.timing.now()
    following = schedule.next_after(now.astimezone(_zone(cron)))
    if following is None or at(cron, "spec", "suspend"):
        world.planned.pop(cron["metadata"]["uid"], None)
        return
    wait_s = (following - now).total_seconds() / world.timing.speed
    planned: datetime = now + timedelta(seconds=wait_s)
    world.planned[cron["metadata"]["uid"]] = planned
    world.timing.look_again(key, planned)


def _zone(cron: Json) -> ZoneInfo:
    try:
        return ZoneInfo(str(at(cron, "spec", "timeZone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _start(world: World, cron: Json) -> Json:
    running = [job for job in world.owned(JOBS, cron) if not is_over(job)]
    policy = at(cron, "spec", "concurrencyPolicy")
    if running and policy == "Forbid":
        message = (
            "Not starting job because prior execution is running and concurrency policy is Forbid"
        )
        record(world, cron, "JobAlreadyActive", message, by=_ME)
        return cron
    for job in running if policy == "Replace" else []:
        world.store.remove(key_of(JOBS, job))
        name = job["metadata"]["name"]
        record(world, cron, "SuccessfulDelete", f"Deleted job {name}", by=_ME)
    template, now = section(cron, "spec", "jobTemplate"), world.timing.now()
    name = f"{cron['metadata']['name']}-{int(now.timestamp()) // 60}"
    if world.get(JOBS, cron["metadata"]["namespace"], name):
        name = f"{name}-{random_ending()}"
    metadata = {
        **section(template, "metadata"),
        "name": name,
        "namespace": cron["metadata"]["namespace"],
        "ownerReferences": [reference_to(cron)],
    }
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
    world.create(JOBS, {**made, "spec": section(template, "spec")})
    record(world, cron, "SuccessfulCreate", f"Created job {name}", by=_ME)
    status = {**section(cron, "status"), "lastScheduleTime": world.timing.stamp}
    return world.set_status(CRON_JOBS, cron, status)


def _forget_old(world: World, cron: Json) -> None:
    for field, (kind, usual) in _KEPT.items():
        told = section(cron, "spec").get(field)
        limit = usual if told is None else int(told)
        over = [job for job in world.owned(JOBS, cron) if condition_of(job, kind)]
        over.sort(key=lambda job: job["metadata"]["creationTimestamp"])
        for job in over[: max(0, len(over) - limit)]:
            world.store.remove(key_of(JOBS, job))


def _report(world: World, key: Key) -> None:
    cron = world.store.get(key)
    if cron is None:
        return
    jobs = world.owned(JOBS, cron)
    active = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job["metadata"]["name"],
            "namespace": key.namespace,
            "uid": job["metadata"]["uid"],
        }
        for job in jobs
        if not is_over(job)
    ]
    ends = [str(end) for job in jobs if (end := at(job, "status", "completionTime"))]
    status = {name: told for name, told in section(cron, "status").items() if name != "active"}
    if active:
        status["active"] = active
    if ends:
        status["lastSuccessfulTime"] = max(ends)
    world.set_status(CRON_JOBS, cron, status)
