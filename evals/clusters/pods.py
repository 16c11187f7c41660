"""Pods of a workload, and the conditions the kubelet or the scheduler gives them."""

from typing import Any

from evals.clusters.containers import running, status
from evals.clusters.parts import condition, owner
from evals.clusters.world import Json, World

NOT_SCHEDULED = ("Pending", "")


def pod(
    world: World,
    parent: Json,
    node: Json | None,
    statuses: list[Json] | None = None,
    *,
    init: list[Json] | None = None,
    born: float = 30,
    suffix: str = "",
    phase: str = "",
    ordinal: int | None = None,
    refused: str = "",
    unready_for: float | None = None,
    **more: Any,
) -> Json:
    """A pod of `parent` on `node`; without a node it waits for the scheduler, `refused` says why.

    `statuses` absent: every container runs well. `unready_for`: minutes since it lost its
    readiness, when it had it once. `more` goes into the pod's status.
    """
    body = parent["spec"]["template"]
    metadata = parent["metadata"]
    name = f"{metadata['name']}-{suffix or world.letters(5) if ordinal is None else ordinal}"
    spec = {**body["spec"]}
    told = {**world.meta(name, metadata["namespace"], born=born), "labels": _labels(body, parent)}
    if notes := body["metadata"].get("annotations"):
        told["annotations"] = notes
    if ordinal is None:
        told["generateName"] = f"{metadata['name']}-"
    told["ownerReferences"] = [owner(parent)]
    one: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": told, "spec": spec}
    if node is None:
        one["status"] = {**_pending(world, born, refused), **more}
        return world.add(one)
    spec["nodeName"] = node["metadata"]["name"]
    if statuses is None:
        since = running(world.ago(born - 0.2))
        statuses = [status(each, since) for each in spec["containers"]]
    one["status"] = {
        **_placed(world, born, statuses, init, phase),
        **_addresses(world, node),
        **more,
    }
    if unready_for is not None:
        turned(one, world.ago(unready_for))
    return world.add(one)


def _labels(body: Json, parent: Json) -> Json:
    labels = dict(body["metadata"].get("labels") or {})
    if parent["kind"] == "StatefulSet":
        labels["controller-revision-hash"] = parent["status"]["updateRevision"]
    return labels


def _pending(world: World, born: float, refused: str) -> Json:
    told: Json = {"phase": "Pending", "qosClass": "Burstable"}
    if refused:
        since = world.ago(born)
        told["conditions"] = [condition("PodScheduled", "False", "Unschedulable", refused, since)]
    return told


def _placed(
    world: World, born: float, statuses: list[Json], init: list[Json] | None, phase: str
) -> Json:
    ready = all(one["ready"] for one in statuses)
    waiting = [one["name"] for one in statuses if not one["ready"]]
    begun = not init or all(_done(one) for one in init)
    alive = begun and any("running" in one["state"] or one["lastState"] for one in statuses)
    unready = f"containers with unready status: [{' '.join(waiting)}]"
    blocked = f"containers with incomplete status: [{' '.join(_undone(init))}]"
    since = world.ago(born - 0.1)
    turn = _last_start(statuses, since) if ready else since
    told: Json = {
        "phase": phase or ("Running" if alive else "Pending"),
        "conditions": [
            _flag("Initialized", begun, "ContainersNotInitialized", blocked, since),
            _flag("Ready", ready, "ContainersNotReady", unready, turn),
            _flag("ContainersReady", ready, "ContainersNotReady", unready, turn),
            condition("PodScheduled", "True", "", "", world.ago(born)),
        ],
        "containerStatuses": statuses,
        "startTime": world.ago(born),
        "qosClass": "Burstable",
    }
    if init is not None:
        told["initContainerStatuses"] = init
    return told


def turned(one: Json, since: str) -> None:
    """Date the readiness of a pod: when it last came or went."""
    for flag in one["status"]["conditions"]:
        if flag["type"] in ("Ready", "ContainersReady"):
            flag["lastTransitionTime"] = since


def _last_start(statuses: list[Json], otherwise: str) -> str:
    starts = [one["state"]["running"]["startedAt"] for one in statuses if "running" in one["state"]]
    return max(starts, default=otherwise)


def _flag(kind: str, well: bool, reason: str, message: str, since: str) -> Json:
    if well:
        return condition(kind, "True", "", "", since)
    return condition(kind, "False", reason, message, since)


def _done(one: Json) -> bool:
    return "running" in one["state"] or one["state"].get("terminated", {}).get("exitCode") == 0


def _undone(init: list[Json] | None) -> list[str]:
    return [one["name"] for one in init or () if not _done(one)]


def _addresses(world: World, node: Json) -> Json:
    host = node["status"]["addresses"][0]["address"]
    mine = f"10.{world.dice.randrange(40, 250)}.{world.dice.randrange(250)}.{world.dice.randrange(2, 250)}"
    return {"hostIP": host, "podIP": mine, "podIPs": [{"ip": mine}]}
