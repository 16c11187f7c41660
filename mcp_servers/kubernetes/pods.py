"""Pods as a person reads them: one word for the state, and the last restart with its reason."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.containers import Container, Role, Termination, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.settling import is_ready, is_terminating
from mcp_servers.facts.kubernetes import Resource
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

NodeName = Annotated[str, Field(description="Only this node's.")]
Status = Annotated[str, Field(description="State word, or 'unhealthy'.")]
COMPLETED = "Completed"


class Restart(BaseModel):
    """How the newest instance that ended, ended."""

    container: str
    reason: str
    exit_code: int
    ago_s: int | None = Field(description="Seconds since it ended.")


class PodRow(ObjectRow):
    status: str = Field(description="As kubectl says: Running, CrashLoopBackOff, Completed …")
    ready: bool
    ready_containers: str = Field(description="Ready of all, e.g. 1/2.")
    restarts: int
    last_restart: Restart | None = None
    node: str = ""

    @classmethod
    def of(cls, pod: Resource, now: datetime) -> "PodRow":
        apps = [one for one in containers(pod) if one.role in (Role.APP, Role.SIDECAR)]
        return cls(
            **identity(pod, now),
            status=status_of(pod),
            ready=is_ready(pod),
            ready_containers=f"{sum(one.ready for one in apps)}/{len(apps)}",
            restarts=sum(one.restarts for one in containers(pod)),
            last_restart=_last_restart(pod, now),
            node=text(pod.spec, "nodeName"),
        )

    @property
    def healthy(self) -> bool:
        return self.ready or self.status == COMPLETED

    def as_line(self) -> str:
        told = f"{self.place} {self.status} ready={self.ready_containers}"
        if self.restarts:
            told += f" restarts={self.restarts}"
        if last := self.last_restart:
            ended = f"{last.container} {last.reason} exit {last.exit_code}"
            told += f" (last: {ended}, {short(last.ago_s)} ago)"
        return f"{told} node={self.node or 'none'} age={short(self.age_s)}"


class Pods(Page[PodRow]):
    examined: str = ""

    def as_text(self) -> str:
        heading = f"{self.examined}: {self.shown}"
        return self.told(heading, (row.as_line() for row in self.rows))


async def kubernetes_list_pods(
    namespace: Namespace = "",
    selector: Selector = "",
    node: NodeName = "",
    status: Status = "",
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Pods:
    """List pods: state, readiness, restarts with the reason of the last one, node, age.

    The unhealthy come first. For the cause of a failure use rca_investigate.
    """
    now, seen = utc_now(), cluster.seen_by(caller)
    chosen = f"spec.nodeName={node}" if node else ""
    pods = await seen.list(
        "Pod", namespace=namespace, label_selector=selector, field_selector=chosen
    )
    rows = [row for row in (PodRow.of(pod, now) for pod in pods) if _has_status(row, status)]
    rows.sort(key=lambda row: (row.healthy, row.namespace, row.name))
    filters = (selector, f"node {node}" if node else "", f"status {status}" if status else "")
    where = examined("pods", namespace, *filters, within=caller.namespaces)
    return Pods.of(rows, cursor=cursor, examined=where)


def _has_status(row: PodRow, status: str) -> bool:
    if status.lower() == "unhealthy":
        return not row.healthy
    return not status or status.lower() in row.status.lower()


def is_well(pod: Resource) -> bool:
    """As its row tells, without the row: a ready pod, or one whose work is done."""
    return is_ready(pod) or status_of(pod) == COMPLETED


def status_of(pod: Resource) -> str:
    """One word for a pod, found where kubectl finds it."""
    if is_terminating(pod):
        return "Terminating"
    if why := text(pod.status, "reason"):
        return why
    for one in containers(pod):
        if one.role is Role.INIT and (word := _init_word(one)):
            return f"Init:{word}"
    words = [word for one in containers(pod) if (word := _word(one))]
    return words[-1] if words else text(pod.status, "phase") or "Unknown"


def _init_word(container: Container) -> str:
    """Why an init container holds the pod up; "" once it is done."""
    ended = text(container.status, "state", "terminated", "reason")
    if ended == COMPLETED or container.role is not Role.INIT:
        return ""
    if ended:
        return ended
    waiting = container.waiting_reason
    if waiting and waiting != "PodInitializing":
        return waiting
    return "Running" if container.running else ""


def _word(container: Container) -> str:
    """What an app container says of itself; "" while it runs and is ready."""
    if container.waiting_reason:
        return container.waiting_reason
    ended = text(container.status, "state", "terminated", "reason")
    if ended:
        return ended
    return "NotReady" if container.running and not container.ready else ""


def _last_restart(pod: Resource, now: datetime) -> Restart | None:
    ends = [
        (one.terminations[0], one.name)
        for one in containers(pod)
        if one.role is not Role.INIT and one.restarts and one.terminations
    ]
    if not ends:
        return None
    newest, name = max(ends, key=lambda end: (_finished(end[0]), end[1]))
    return Restart(
        container=name,
        reason=newest.reason or "Unknown",
        exit_code=newest.exit_code,
        ago_s=seconds_since(newest.finished_at, now),
    )


def _finished(end: Termination) -> float:
    return end.finished_at.timestamp() if end.finished_at else 0.0
