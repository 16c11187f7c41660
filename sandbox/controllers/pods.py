"""Pods: a place for those without one, and a kubelet for the others."""

from sandbox.controllers import kubelet, metering
from sandbox.controllers.scheduler import schedule
from sandbox.controllers.world import World, leaving
from sandbox.fields import at
from sandbox.store import Key


def reconcile(world: World, key: Key) -> None:
    pod = world.store.get(key)
    if pod is None:
        metering.end(world, key.namespace, key.name)
        world.journal.forget(key.namespace, key.name)
        return
    if at(pod, "spec", "nodeName"):
        kubelet.reconcile(world, pod)
    elif leaving(pod):
        if not pod["metadata"].get("finalizers"):
            world.store.remove(key)
    elif at(pod, "status", "phase") not in {"Succeeded", "Failed"}:
        schedule(world, pod)
