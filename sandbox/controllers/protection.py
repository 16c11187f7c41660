"""Claims that a pod uses, and volumes that are bound, stay although they are deleted."""

from sandbox.controllers.removal import let_go
from sandbox.controllers.scheduler import claims_of
from sandbox.controllers.world import CLAIMS, PODS, VOLUMES, World, leaving
from sandbox.fields import at, texts
from sandbox.store import Key

CLAIM_PROTECTION, VOLUME_PROTECTION = "protected claims", "protected volumes"
OF_CLAIMS, OF_VOLUMES = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"


def reconcile_claim(world: World, key: Key) -> None:
    """Pods that wait for a node, or have ended, do not use their claims."""
    place = Key(CLAIMS, key.namespace, key.name)
    claim = world.store.get(place)
    if (
        claim is None
        or not leaving(claim)
        or OF_CLAIMS not in texts(claim, "metadata", "finalizers")
    ):
        return
    used = any(
        key.name in claims_of(pod)
        and at(pod, "spec", "nodeName")
        and at(pod, "status", "phase") not in {"Succeeded", "Failed"}
        for pod in world.store.list(PODS, key.namespace)
    )
    if not used:
        let_go(world, place, claim, OF_CLAIMS)


def reconcile_volume(world: World, key: Key) -> None:
    place = Key(VOLUMES, "", key.name)
    volume = world.store.get(place)
    held = volume and leaving(volume) and OF_VOLUMES in texts(volume, "metadata", "finalizers")
    if volume and held and at(volume, "status", "phase") != "Bound":
        let_go(world, place, volume, OF_VOLUMES)
