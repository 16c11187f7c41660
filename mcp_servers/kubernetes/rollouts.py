"""The revisions of a workload: when each came, on which images, and what it changed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.revisions import revision
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.kubernetes.diffing import differences
from mcp_servers.kubernetes.rows import identity, seconds_since, short

Kind = Literal["Deployment", "StatefulSet", "DaemonSet"]
CAUSE = "kubernetes.io/change-cause"
SHOWN = 10
DIFFERENCES = 12


class Revision(BaseModel):
    revision: int
    name: str = Field(description="ReplicaSet or ControllerRevision.")
    created_ago_s: int | None
    replicas: int | None = Field(description="Pods it has now; null where that is not known.")
    images: list[str]
    cause: str = Field(description="What the person who rolled it out wrote.")
    changes: list[str] = Field(description="Against the revision before, path: old → new.")


class RolloutHistory(BaseModel):
    kind: str
    namespace: str
    name: str
    resource_version: str
    current: int = Field(description="The revision that is wanted now; 0 when not known.")
    revisions: list[Revision] = Field(description="Newest first.")
    total: int

    def as_text(self) -> str:
        shown = f"{len(self.revisions)} of {self.total} revisions, newest first"
        heading = f"{self.kind} {self.namespace}/{self.name}: revision {self.current} now; {shown}"
        return "\n".join([heading, *(_told(one) for one in self.revisions)])


async def kubernetes_rollout_history(
    namespace: str,
    name: str,
    kind: Kind = "Deployment",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> RolloutHistory:
    """Show the revisions of a workload and what each changed: images, env, resources, probes."""
    now, seen = utc_now(), cluster.seen_by(caller)
    workload = await seen.get(kind, name, namespace=namespace)
    owned = await revisions_of(seen, workload)
    told = [_revision(one, before, now) for before, one in _with_the_one_before(owned)]
    known = {key: identity(workload, now)[key] for key in ("kind", "namespace", "name")}
    return RolloutHistory(
        **known,
        resource_version=text(workload.metadata, "resourceVersion"),
        current=_current(workload, owned),
        revisions=told[::-1][:SHOWN],
        total=len(owned),
    )


async def revisions_of(cluster: Kubernetes, workload: Resource) -> list[Resource]:
    """What keeps the workload's revisions, oldest first."""
    kind = "ReplicaSet" if workload.kind == "Deployment" else "ControllerRevision"
    every = await cluster.list(kind, namespace=workload.namespace)
    return sorted((one for one in every if _owns(workload, one)), key=number)


def _with_the_one_before(
    owned: Sequence[Resource],
) -> Iterator[tuple[Resource | None, Resource]]:
    return zip([None, *owned], owned, strict=False)


def number(kept: Resource) -> int:
    """The number of a revision, where its kind writes it."""
    return whole(kept.raw, "revision") or revision(kept)


def template(kept: Resource) -> Json:
    """The pod template of a ReplicaSet or a ControllerRevision."""
    within = section(kept.raw, "data") if kept.kind == "ControllerRevision" else kept.raw
    return section(within, "spec", "template")


def _owns(workload: Resource, kept: Resource) -> bool:
    owner = kept.controller() or {}
    if owner.get("uid") and workload.uid:
        return owner["uid"] == workload.uid
    return owner.get("kind") == workload.kind and owner.get("name") == workload.name


def _current(workload: Resource, owned: Sequence[Resource]) -> int:
    if workload.kind == "Deployment":
        return revision(workload)
    wanted = text(workload.status, "updateRevision")
    named = [number(one) for one in owned if one.name == wanted]
    return named[0] if named else max((number(one) for one in owned), default=0)


def _revision(kept: Resource, before: Resource | None, now: datetime) -> Revision:
    found = differences(template(before), template(kept)) if before else []
    more = [f"{len(found) - DIFFERENCES} more"] if len(found) > DIFFERENCES else []
    counted = kept.kind == "ReplicaSet"
    return Revision(
        revision=number(kept),
        name=kept.name,
        created_ago_s=seconds_since(kept.created_at, now),
        replicas=whole(kept.status, "replicas") if counted else None,
        images=[text(one, "image") for one in rows(template(kept), "spec", "containers")],
        cause=kept.annotations.get(CAUSE, ""),
        changes=[*found[:DIFFERENCES], *more],
    )


def _told(one: Revision) -> str:
    pods = f" pods={one.replicas}" if one.replicas else ""
    cause = f" cause: {one.cause}" if one.cause else ""
    changes = "".join(f"\n  {change}" for change in one.changes)
    images = ",".join(one.images)
    return f"r{one.revision} {short(one.created_ago_s)} ago{pods} {images}{cause}{changes}"
