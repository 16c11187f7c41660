"""What changed lately: rollouts, scaling, edits, nodes, and what deploy tools reported."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden, NotFound
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.engines.changes import CHANGES_OBJECT, changes_in
from mcp_servers.engines.fields import rows, text
from mcp_servers.facts.kubernetes import Change, Cluster, Event, Ref, Resource, moment
from mcp_servers.kubernetes.diffing import differences
from mcp_servers.kubernetes.rollouts import number, template
from mcp_servers.kubernetes.rows import Cursor, Namespace, examined, seconds_since, short
from mcp_servers.paging import Page

Window = Annotated[str, Field(description="ISO 8601, e.g. P1D.")]

EDITED = ("Service", "Ingress", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget")
LOOKED_AT = (
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "ControllerRevision",
    "ConfigMap",
    "Secret",
    *EDITED,
    "Node",
)
# An object's own creation writes its managed fields too.
CREATION = timedelta(seconds=5)
# Controllers that write to what they own all day long.
CONTROLLERS = ("kube-controller-manager", "kubelet", "kube-scheduler", "coredns")
RESCALED = "SuccessfulRescale"


class ChangeRow(BaseModel):
    at: datetime
    ago_s: int
    kind: str = Field(description="deploy | config | flag | commit | scale | node | edit.")
    id: str
    target_kind: str
    namespace: str
    name: str
    summary: str
    author: str

    def as_line(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        by = f" (by {self.author})" if self.author else ""
        head = f"{self.at:%Y-%m-%d %H:%M:%S}Z, {short(self.ago_s)} ago: {self.kind}"
        return f"{head} {self.target_kind} {place}: {self.summary}{by}"


class Changes(Page[ChangeRow]):
    examined: str = ""
    not_checked: list[str] = Field(default_factory=list)

    def as_text(self) -> str:
        told = [row.as_line() for row in self.rows]
        told += [f"not checked: {one}" for one in self.not_checked]
        return self.told(f"{self.examined}, newest first: {self.shown}", told)


async def kubernetes_what_changed(
    namespace: Namespace = "",
    name: Annotated[str, Field(description="Only this object.")] = "",
    window: Window = "PT2H",
    cursor: Cursor = "",
    *,
    cluster: Kubernetes,
    caller: Principal,
) -> Changes:
    """List what changed, newest first: rollouts, config, scaling, nodes, reported deploys and flags.

    For one workload's revisions use kubernetes_rollout_history.
    """
    now, missed = utc_now(), list[str]()
    since = now - span_of(window)
    found = await _gathered(cluster, caller, namespace, now, missed)
    every = {*changes_in(found), *_revised(found), *_scaled(found), *_edited(found), *_nodes(found)}
    chosen = [
        one
        for one in every
        if since <= one.at <= now
        and _concerns(one.target, namespace, name)
        and (not one.target.namespace or caller.sees(one.target.namespace))
    ]
    chosen.sort(key=lambda one: (one.at, one.target, one.kind), reverse=True)
    return Changes.of(
        [_row(one, now) for one in chosen],
        cursor=cursor,
        examined=examined(
            f"changes of the last {window}", namespace, name, within=caller.namespaces
        ),
        not_checked=missed,
    )


async def _gathered(
    cluster: Kubernetes, caller: Principal, namespace: str, now: datetime, missed: list[str]
) -> Cluster:
    seen = cluster.seen_by(caller)
    listed = await asyncio.gather(*(_listed(seen, kind, namespace, missed) for kind in LOOKED_AT))
    resources = [one for found in listed for one in found]
    # Everybody may read what was reported about what they may see.
    resources += await _reported(cluster)
    try:
        events = await seen.events(namespace=namespace)
    except Forbidden as error:
        missed.append(f"events: {error.message}")
        events = list[Event]()
    return Cluster(now=now, resources=_once(resources), events=events)


async def _listed(
    cluster: Kubernetes, kind: str, namespace: str, missed: list[str]
) -> list[Resource]:
    try:
        return await cluster.list(kind, namespace=namespace)
    except Forbidden as error:
        missed.append(f"{kind}: {error.message}")
        return []


async def _reported(cluster: Kubernetes) -> list[Resource]:
    where = CHANGES_OBJECT
    try:
        return [await cluster.get(where.kind, where.name, namespace=where.namespace)]
    except (NotFound, Forbidden):
        return []  # nobody reports changes here: an ordinary cluster


def _once(resources: list[Resource]) -> list[Resource]:
    return list({one.ref: one for one in resources}.values())


def _concerns(target: Ref, namespace: str, name: str) -> bool:
    if name:
        return target.name == name and target.namespace in ("", namespace or target.namespace)
    return not namespace or target.namespace in ("", namespace)


def _revised(cluster: Cluster) -> Iterator[Change]:
    """Rollouts of StatefulSets and DaemonSets, from their ControllerRevisions."""
    by_owner: dict[Ref, list[Resource]] = {}
    for one in cluster.all("ControllerRevision"):
        owner = one.controller() or {}
        ref = Ref(text(owner, "kind"), one.namespace, text(owner, "name"))
        by_owner.setdefault(ref, []).append(one)
    for owner, kept in by_owner.items():
        ordered = sorted(kept, key=number)
        for before, after in itertools.pairwise(ordered):
            if after.created_at:
                told = "; ".join(differences(template(before), template(after))[:4])
                summary = f"revision {number(after)}: {told or 'pod template changed'}"
                yield Change(after.created_at, "deploy", after.name, owner, summary)


def _scaled(cluster: Cluster) -> Iterator[Change]:
    """By a person through the scale subresource, or by an autoscaler."""
    for kind in ("Deployment", "StatefulSet"):
        for one in cluster.all(kind):
            for entry in rows(one.metadata, "managedFields"):
                at = moment(entry.get("time"))
                if at and text(entry, "subresource") == "scale":
                    summary = f"scaled; {one.spec.get('replicas')} replicas are wanted now"
                    yield Change(at, "scale", one.uid, one.ref, summary, text(entry, "manager"))
    for event in cluster.events:
        if event.reason == RESCALED and event.last_at:
            author = "autoscaler"
            yield Change(event.last_at, "scale", event.uid, event.about, event.message, author)


def _edited(cluster: Cluster) -> Iterator[Change]:
    """Objects that people wrote to after they were created, and objects that are new."""
    for kind in (*EDITED, "Deployment", "StatefulSet", "DaemonSet"):
        for one in cluster.all(kind):
            if one.created_at:
                yield Change(one.created_at, "edit", one.uid, one.ref, "created")
            yield from _writes(one)


def _writes(resource: Resource) -> Iterator[Change]:
    for entry in rows(resource.metadata, "managedFields"):
        at, author = moment(entry.get("time")), text(entry, "manager")
        by_person = not text(entry, "subresource") and not author.startswith(CONTROLLERS)
        made = resource.created_at
        if at and by_person and (not made or at - made > CREATION):
            yield Change(at, "edit", resource.uid, resource.ref, "edited", author)


def _nodes(cluster: Cluster) -> Iterator[Change]:
    for node in cluster.all("Node"):
        if node.created_at:
            yield Change(node.created_at, "node", node.uid, node.ref, "joined the cluster")
        for one in rows(node.status, "conditions"):
            at = moment(one.get("lastTransitionTime"))
            if at and (not node.created_at or at - node.created_at > timedelta(minutes=5)):
                summary = f"{one.get('type')} became {one.get('status')}: {one.get('reason')}"
                yield Change(at, "node", f"{node.uid}/{one.get('type')}", node.ref, summary)


def _row(change: Change, now: datetime) -> ChangeRow:
    return ChangeRow(
        at=change.at,
        ago_s=seconds_since(change.at, now) or 0,
        kind=change.kind,
        id=change.id,
        target_kind=change.target.kind,
        namespace=change.target.namespace,
        name=change.target.name,
        summary=change.summary,
        author=change.author,
    )
