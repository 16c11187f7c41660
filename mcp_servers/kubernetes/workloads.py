"""Workloads: how much of each is ready, on which image, and a word for its state."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import rows, text, whole
from mcp_servers.engines.lacking import Lacking
from mcp_servers.engines.lacking import lacking as containers_lacking
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.kubernetes import Resource, moment
from mcp_servers.kubernetes.rows import (
    Cursor,
    Namespace,
    ObjectRow,
    Selector,
    examined,
    identity,
    seconds_since,
    short,
)
from mcp_servers.paging import Page

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
WorkloadKind = Annotated[
    Literal["", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"],
    Field(description="Empty: all."),
]

LackingParameter = Annotated[Lacking, Field(description="Only those without it.")]


class WorkloadRow(ObjectRow):
    state: str = Field(description="available | degraded | rolling out | failed … and why.")
    healthy: bool
    ready: int | None = Field(default=None, description="Ready replicas or pods that succeeded.")
    desired: int | None = None
    images: list[str]
    lacking: list[str] = Field(default=[], description="Containers without what was asked about.")

    @classmethod
    def of(cls, workload: Resource, now: datetime, lacks: list[str]) -> "WorkloadRow":
        state, healthy = STATES[workload.kind](workload, now)
        ready, desired = _counts(workload)
        containers = rows(template_of(workload), "spec", "containers")
        return cls(
            **identity(workload, now),
            state=state,
            healthy=healthy,
            ready=ready,
            desired=desired,
            images=[text(one, "image") for one in containers],
            lacking=lacks,
        )

    def as_line(self) -> str:
        counts = "" if self.desired is None else f" {self.ready}/{self.desired}"
        images = ",".join(self.images)
        return (
            f"{self.kind} {self.place}{counts} {self.state} image={images} age={short(self.age_s)}"
            + (f" without it: {','.join(self.lacking)}" if self.lacking else "")
        )


class Workloads(Page[WorkloadRow]):
    examined: str = ""
    lacking: str = Field(default="", description="What those listed do not set.")

    def as_text(self) -> str:
        without = f" without {self.lacking.replace('_', ' ')}" if self.lacking else ""
        heading = f"{self.examined}{without}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_workloads(
    namespace: Namespace = "",
    kind: WorkloadKind = "",
    selector: Selector = "",
    lacking: LackingParameter = "",
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Workloads:
    """List Deployments, StatefulSets, DaemonSets, Jobs, CronJobs: ready counts, state, images.

    The unhealthy come first. Use for "what runs", "is X up".
    """
    now, seen = utc_now(), cluster.seen_by(caller)
    kinds = (kind,) if kind else WORKLOAD_KINDS
    every = await asyncio.gather(
        *(seen.list(each, namespace=namespace, label_selector=selector) for each in kinds)
    )
    found = [one for part in every for one in part if kind or not _of_cron_job(one)]
    lacks = [containers_lacking(one, lacking) if lacking else [] for one in found]
    listed = [
        WorkloadRow.of(one, now, missed)
        for one, missed in zip(found, lacks, strict=True)
        if missed or not lacking
    ]
    listed.sort(key=lambda row: (row.healthy, row.namespace, row.kind, row.name))
    what = f"{kind} objects" if kind else "workloads"
    where = examined(what, namespace, selector, within=caller.namespaces)
    return Workloads.of(listed, cursor=cursor, examined=where, lacking=lacking)


def _of_cron_job(job: Resource) -> bool:
    """Whether a CronJob already tells of it."""
    return (job.controller() or {}).get("kind") == "CronJob"


def _counts(workload: Resource) -> tuple[int | None, int | None]:
    match workload.kind:
        case "DaemonSet":
            status = workload.status
            return whole(status, "numberReady"), whole(status, "desiredNumberScheduled")
        case "Job":
            wanted = whole(workload.spec, "completions", default=1)
            return whole(workload.status, "succeeded"), wanted
        case "CronJob":
            return None, None
        case _:
            return whole(workload.status, "readyReplicas"), desired_replicas(workload)


def _deployment(workload: Resource, _: datetime) -> tuple[str, bool]:
    progressing = workload.condition("Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return "stalled: ProgressDeadlineExceeded", False
    updated, desired = whole(workload.status, "updatedReplicas"), desired_replicas(workload)
    if updated < desired:
        state = _by_counts(workload)[0]
        paused = "paused" if workload.spec.get("paused") else "rolling out"
        return f"{paused}: {updated} of {desired} updated, {state}", False
    return _by_counts(workload)


def _stateful_set(workload: Resource, _: datetime) -> tuple[str, bool]:
    status = workload.status
    before, after = text(status, "currentRevision"), text(status, "updateRevision")
    if before and after and before != after and desired_replicas(workload):
        updated = whole(status, "updatedReplicas")
        return f"rolling out: {updated} of {desired_replicas(workload)} updated", False
    return _by_counts(workload)


def _daemon_set(workload: Resource, _: datetime) -> tuple[str, bool]:
    updated = whole(workload.status, "updatedNumberScheduled")
    desired = whole(workload.status, "desiredNumberScheduled")
    if updated < desired:
        return f"rolling out: {updated} of {desired} updated", False
    return _by_counts(workload)


def _by_counts(workload: Resource) -> tuple[str, bool]:
    ready, desired = _counts(workload)
    if not desired:
        return "scaled to zero", True
    if ready == 0:
        return "unavailable", False
    return ("available", True) if (ready or 0) >= desired else ("degraded", False)


def _job(workload: Resource, _: datetime) -> tuple[str, bool]:
    if (failed := workload.condition("Failed")) and failed.get("status") == "True":
        return f"failed: {failed.get('reason')}", False
    if (done := workload.condition("Complete")) and done.get("status") == "True":
        return "complete", True
    if workload.spec.get("suspend"):
        return "suspended", True
    failures = whole(workload.status, "failed")
    return (f"running, {failures} failed pods", False) if failures else ("running", True)


def _cron_job(workload: Resource, now: datetime) -> tuple[str, bool]:
    schedule = text(workload.spec, "schedule")
    if workload.spec.get("suspend"):
        return f"suspended ({schedule})", True
    last, success = (
        moment(workload.status.get(field)) for field in ("lastScheduleTime", "lastSuccessfulTime")
    )
    running = bool(workload.status.get("active"))
    told = f"{schedule}, last run {_when(last, now)}, last success {_when(success, now)}"
    told += ", running now" if running else ""
    return told, bool(running or last is None or (success and success >= last))


def _when(at: datetime | None, now: datetime) -> str:
    return f"{short(seconds_since(at, now))} ago" if at else "never"


STATES: dict[str, Callable[[Resource, datetime], tuple[str, bool]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
}
