"""Pods: a place for those without one, and a kubelet for the others; and what owners leave behind."""

from sandbox.controllers import kubelet, metering
from sandbox.controllers.scheduler import schedule
from sandbox.controllers.world import (
    JOBS,
    PODS,
    REPLICA_SETS,
    SLICES,
    World,
    key_of,
    leaving,
)
from sandbox.fields import at, entries
from sandbox.store import Key

_OWNED = ("endpoints", SLICES, JOBS, REPLICA_SETS)


def reconcile(world: World, key: Key) -> None:
    pod = world.store.get(key)
    if pod is None:
        metering.end(world, key.namespace, key.name)
        return
    if at(pod, "spec", "nodeName"):
        kubelet.reconcile(world, pod)
    elif leaving(pod):
        if not pod["metadata"].get("finalizers"):
            world.store.remove(key)
    elif at(pod, "status", "phase") not in {"Succeeded", "Failed"}:
        schedule(world, pod)


def collect(world: World, key: Key) -> None:
    """Delete what an object that is gone has owned; `key.name` is its uid."""
    for resource in _OWNED:
        for one in world.store.list(resource, key.namespace):
            if _owned_by(one, key.name):
                world.store.remove(key_of(resource, one))
    for pod in world.store.list(PODS, key.namespace):
        if _owned_by(pod, key.name):
            world.end_pod(pod)


def _owned_by(one: dict[str, object], uid: str) -> bool:
    owners = entries(one, "metadata", "ownerReferences")
    return bool(owners) and all(owner.get("uid") == uid for owner in owners)
