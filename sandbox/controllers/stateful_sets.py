"""StatefulSets: pods with numbers, one after the other, each with its own claims."""

from typing import Any

from sandbox.controllers.deployments import template_hash
from sandbox.controllers.events import record
from sandbox.controllers.protection import OF_CLAIMS
from sandbox.controllers.replica_sets import replicas_of
from sandbox.controllers.replicas import count_available, is_ready, new_pod
from sandbox.controllers.world import CLAIMS, PODS, STATEFUL_SETS, World, leaving
from sandbox.fields import at, entries, number, section
from sandbox.store import Key

Json = dict[str, Any]

REVISION = "controller-revision-hash"
_ME = "statefulset-controller"
_RETRY_S = 30


def reconcile(world: World, key: Key) -> None:
    owner = world.store.get(key)
    if owner is None or leaving(owner):
        return
    pods = {ordinal_of(pod): pod for pod in world.adopted(PODS, owner)}
    revision = _revision(owner, pods)
    _adjust(world, key, owner, pods, revision)
    left = world.owned(PODS, owner)
    world.set_status(STATEFUL_SETS, owner, _status(world, key, owner, left, revision))


def ordinal_of(pod: Json) -> int:
    ending = pod["metadata"]["name"].rpartition("-")[2]
    return int(ending) if ending.isdecimal() else -1


def _revision(owner: Json, pods: dict[int, Json]) -> str:
    """The name of the template; the one the picture told, while the template is as it was."""
    told = str(at(owner, "status", "updateRevision") or "")
    same = number(owner, "metadata", "generation") == number(owner, "status", "observedGeneration")
    if told and same:
        return told
    template = section(owner, "spec", "template")
    of_pods = [_label(pod) for pod in pods.values() if _is_of(pod, template)]
    name = owner["metadata"]["name"]
    return next(filter(None, of_pods), f"{name}-{template_hash(template)}")


def _is_of(pod: Json, template: Json) -> bool:
    """Was the pod made from this template? Told by what people change: the containers."""
    return entries(pod, "spec", "containers") == entries(template, "spec", "containers")


def _label(pod: Json) -> str:
    return str(section(pod, "metadata", "labels").get(REVISION) or "")


def _adjust(world: World, key: Key, owner: Json, pods: dict[int, Json], revision: str) -> None:
    """One step: the first pod that is missing, else one too many, else one of an old revision."""
    parallel = at(owner, "spec", "podManagementPolicy") == "Parallel"
    for ordinal in range(replicas_of(owner)):
        pod = pods.get(ordinal)
        if pod is None:
            if _create(world, key, owner, ordinal, revision):
                return
        elif at(pod, "status", "phase") in {"Failed", "Succeeded"}:
            _delete(world, owner, pod)
        if not parallel and not (pod and is_ready(pod) and not leaving(pod)):
            return
    surplus = sorted((n for n in pods if n >= replicas_of(owner)), reverse=True)
    for ordinal in surplus:
        _delete(world, owner, pods[ordinal])
        if not parallel:
            return
    _update(world, owner, pods, revision)


def _update(world: World, owner: Json, pods: dict[int, Json], revision: str) -> None:
    """From the last to the first, down to the partition, one at a time."""
    strategy = section(owner, "spec", "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return
    first = number(strategy, "rollingUpdate", "partition")
    for ordinal in sorted((n for n in pods if n >= first), reverse=True):
        pod = pods[ordinal]
        if _label(pod) != revision and not leaving(pod):
            _delete(world, owner, pod)
            return
        if not is_ready(pod) or leaving(pod):
            return


def _create(world: World, key: Key, owner: Json, ordinal: int, revision: str) -> str:
    """Create a pod and its claims. Why it was refused, "" when it was not."""
    name = f"{owner['metadata']['name']}-{ordinal}"
    pod = new_pod(owner, name)
    extra = {
        REVISION: revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    pod["metadata"]["labels"] |= extra
    own = [_volume(world, owner, told, name) for told in _claim_templates(owner)]
    pod["spec"] |= {"hostname": name, "volumes": [*entries(pod, "spec", "volumes"), *own]}
    title = f"create Pod {name} in StatefulSet {owner['metadata']['name']}"
    if refused := world.admit(pod):
        message = f"{title} failed error: {refused}"
        record(world, owner, "FailedCreate", message, by=_ME, kind="Warning")
        world.timing.look_again(key, world.timing.after(_RETRY_S))
        return refused
    world.create(PODS, pod)
    record(world, owner, "SuccessfulCreate", f"{title} successful", by=_ME)
    return ""


def _claim_templates(owner: Json) -> list[Json]:
    return entries(owner, "spec", "volumeClaimTemplates")


def _volume(world: World, owner: Json, told: Json, pod_name: str) -> Json:
    """The volume of a pod's own claim, which is made if it is not there."""
    name, namespace = told["metadata"]["name"], owner["metadata"]["namespace"]
    claim = f"{name}-{pod_name}"
    if world.get(CLAIMS, namespace, claim) is None:
        labels = section(owner, "spec", "selector", "matchLabels")
        metadata: Json = {"name": claim, "namespace": namespace, "labels": labels}
        metadata["finalizers"] = [OF_CLAIMS]
        made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
        world.create(CLAIMS, {**made, "spec": told["spec"], "status": {"phase": "Pending"}})
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def _delete(world: World, owner: Json, pod: Json) -> None:
    if leaving(pod):
        return
    world.end_pod(pod)
    name, mine = pod["metadata"]["name"], owner["metadata"]["name"]
    message = f"delete Pod {name} in StatefulSet {mine} successful"
    record(world, owner, "SuccessfulDelete", message, by=_ME)


def _status(world: World, key: Key, owner: Json, pods: list[Json], revision: str) -> Json:
    updated = [pod for pod in pods if _label(pod) == revision]
    old = str(at(owner, "status", "currentRevision") or revision)
    done = len(updated) == len(pods) == replicas_of(owner) and all(map(is_ready, pods))
    current = revision if done else old
    status = {
        **section(owner, "status"),
        "replicas": len(pods),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": count_available(
            world, key, pods, number(owner, "spec", "minReadySeconds")
        ),
        "currentReplicas": sum(_label(pod) == current for pod in pods),
        "updatedReplicas": len(updated),
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": number(owner, "status", "collisionCount"),
    }
    if generation := number(owner, "metadata", "generation"):
        status["observedGeneration"] = generation
    return status
