"""Deployments with their ReplicaSets, pods and the events of a rollout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.stories import events
from tools.stories.containers import Template
from tools.stories.naming import letters
from tools.stories.pods import Plan, is_alive, is_ready, make_pod
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"
DEADLINE = timedelta(seconds=600)


@dataclass(frozen=True)
class Revision:
    """One revision of a Deployment and the pods of it that still exist."""

    number: int
    template: Template
    at: datetime
    pods: Sequence[Plan] = ()
    cause: str = ""


@dataclass(frozen=True)
class Told:
    """A Deployment as it was added, with the sets and pods of each revision, oldest first."""

    deployment: Json
    sets: list[Json]
    pods: list[list[Json]]

    @property
    def newest(self) -> list[Json]:
        return self.pods[-1]


def make_deployment(
    world: World,
    namespace: str,
    name: str,
    revisions: Sequence[Revision],
    *,
    created: datetime,
    replicas: int,
    available_changed: datetime | None = None,
) -> Told:
    """Add a Deployment and all it owns. Counts and conditions follow from the pods."""
    file = f"{namespace}/{name}"
    newest = revisions[-1]
    selector = {key: value for key, value in newest.template.labels.items() if "/name" in key}
    annotations = {REVISION: str(newest.number)}
    if newest.cause:
        annotations["kubernetes.io/change-cause"] = newest.cause
    deployment: Json = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": world.meta(
            "Deployment",
            namespace,
            name,
            created,
            generation=newest.number + 1,
            labels=newest.template.labels,
            annotations=annotations,
        ),
        "spec": _spec(newest.template, selector, replicas),
    }
    world.add(file, deployment)
    sets: list[Json] = []
    pods: list[list[Json]] = []
    for revision in revisions:
        replica_set, members = _replica_set(world, deployment, revision, replicas, file)
        sets.append(replica_set)
        pods.append(members)
    told = Told(deployment, sets, pods)
    changed = available_changed or _last_eviction(revisions) or created
    deployment["status"] = _status(world, told, newest, changed)
    return told


def _last_eviction(revisions: Sequence[Revision]) -> datetime | None:
    """When the replacement of the last evicted pod was ready, if any was evicted."""
    evictions = [plan.evicted[0] for one in revisions for plan in one.pods if plan.evicted]
    return max(evictions) + timedelta(seconds=13) if evictions else None


def _spec(template: Template, selector: Json, replicas: int) -> Json:
    return {
        "replicas": replicas,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": int(DEADLINE.total_seconds()),
        "selector": {"matchLabels": selector},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
        },
        "template": template.as_object(),
    }


def _replica_set(
    world: World, deployment: Json, revision: Revision, replicas: int, file: str
) -> tuple[Json, list[Json]]:
    meta = deployment["metadata"]
    shape = letters(9, world.name, meta["name"], revision.number, revision.template)
    name = f"{meta['name']}-{shape}"
    hashed = {"pod-template-hash": shape}
    alive = [plan for plan in revision.pods if not plan.evicted]
    annotations = {
        "deployment.kubernetes.io/desired-replicas": str(replicas),
        "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
        REVISION: str(revision.number),
    }
    if revision.cause:
        annotations["kubernetes.io/change-cause"] = revision.cause
    replica_set: Json = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": world.meta(
            "ReplicaSet",
            meta["namespace"],
            name,
            revision.at,
            generation=2 if alive else 3,
            labels=revision.template.labels | hashed,
            annotations=annotations,
            owner=deployment,
        ),
        "spec": {
            "replicas": len(alive),
            "selector": {
                "matchLabels": deployment["spec"]["selector"]["matchLabels"] | hashed,
            },
            "template": revision.template.as_object(**hashed),
        },
    }
    world.add(file, replica_set)
    pods = [
        _member(world, replica_set, revision, plan, f"{name}-{letters(5, name, i)}", file)
        for i, plan in enumerate(revision.pods)
    ]
    replica_set["status"] = _set_status(replica_set, pods)
    return replica_set, pods


def _member(
    world: World, replica_set: Json, revision: Revision, plan: Plan, name: str, file: str
) -> Json:
    hashed = replica_set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"]
    labels = {"pod-template-hash": hashed}
    pod = make_pod(world, replica_set, revision.template, plan, name=name, labels=labels, file=file)
    events.pod_created(world, replica_set, name, plan.created, by="replicaset-controller")
    return pod


def _set_status(replica_set: Json, pods: list[Json]) -> Json:
    alive = [pod for pod in pods if is_alive(pod)]
    ready = sum(map(is_ready, alive))
    counts = {"replicas": len(alive)}
    if alive:
        counts |= {"fullyLabeledReplicas": len(alive)}
    if ready:
        counts |= {"readyReplicas": ready, "availableReplicas": ready}
    return counts | {"observedGeneration": replica_set["metadata"]["generation"]}


def _status(world: World, told: Told, newest: Revision, changed: datetime) -> Json:
    spec, meta = told.deployment["spec"], told.deployment["metadata"]
    alive = [pod for pods in told.pods for pod in pods if is_alive(pod)]
    ready = sum(map(is_ready, alive))
    updated = sum(map(is_alive, told.newest))
    counts: Json = {
        "observedGeneration": meta["generation"],
        "replicas": len(alive),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(len(alive) - ready, spec["replicas"] - ready),
    }
    enough = ready >= spec["replicas"] - spec["replicas"] // 4
    return {key: count for key, count in counts.items() if count} | {
        "conditions": [
            _available(enough, stamp(changed)),
            _progressing(world, told, newest, updated == len(alive) == spec["replicas"]),
        ]
    }


def _available(enough: bool, changed: str) -> Json:
    does = "has" if enough else "does not have"
    return {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {does} minimum availability.",
        "lastUpdateTime": changed,
        "lastTransitionTime": changed,
    }


def _progressing(world: World, told: Told, newest: Revision, complete: bool) -> Json:
    """Complete once all pods are of the newest revision; otherwise the deadline runs.

    A rollout that completed stays "available" even when its pods crash later.
    """
    name = told.sets[-1]["metadata"]["name"]
    pods = told.newest
    created = stamp(newest.at)
    last_pod = max((pod["metadata"]["creationTimestamp"] for pod in pods), default=created)
    status: Json = {"type": "Progressing", "status": "True"}
    if complete:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return status | {
            "reason": "NewReplicaSetAvailable", "message": text,
            "lastUpdateTime": last_pod, "lastTransitionTime": last_pod,
        }  # fmt: skip
    if newest.at + DEADLINE > world.captured_at:
        return status | {
            "reason": "ReplicaSetUpdated", "message": f'ReplicaSet "{name}" is progressing.',
            "lastUpdateTime": last_pod, "lastTransitionTime": created,
        }  # fmt: skip
    missed = stamp(newest.at + DEADLINE + timedelta(seconds=1))
    return status | {
        "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": f'ReplicaSet "{name}" has timed out progressing.',
        "lastUpdateTime": missed, "lastTransitionTime": missed,
    }  # fmt: skip


def tell_rollout(world: World, told: Told, *, kept: int = 0) -> None:
    """Events of a rolling update from the last but one revision to the newest.

    One new pod, then one old pod less, until `kept` old pods are left.
    """
    new_set, old_set = told.sets[-1], told.sets[-2]
    new_name, old_name = new_set["metadata"]["name"], old_set["metadata"]["name"]
    desired = told.deployment["spec"]["replicas"]
    for step, pod in enumerate(told.newest):
        at = _moment(pod["metadata"]["creationTimestamp"])
        events.scaled(world, told.deployment, new_name, step, step + 1, at)
        if desired - step > kept:
            gone = at + timedelta(seconds=14)
            events.scaled(
                world, told.deployment, old_name, desired - step, desired - step - 1, gone
            )
            _remove(world, old_set, f"{old_name}-{letters(5, old_name, 'old', step)}", gone, pod)


def _remove(world: World, old_set: Json, name: str, at: datetime, like: Json) -> None:
    """An old pod goes: the ReplicaSet says so, and its kubelet stops the containers."""
    meta = world.meta("Pod", old_set["metadata"]["namespace"], name, at)
    gone = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": like["spec"]}
    events.pod_deleted(world, old_set, name, at, by="replicaset-controller")
    events.killed(world, gone, at)


def old_pod_names(told: Told, count: int) -> list[str]:
    """The names `tell_rollout` gives to the pods of the last but one revision."""
    name = told.sets[-2]["metadata"]["name"]
    return [f"{name}-{letters(5, name, 'old', step)}" for step in range(count)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
