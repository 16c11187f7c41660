"""Claims get a volume: at once, or when their pod is placed, as their class says."""

from typing import Any

from sandbox.controllers.events import record
from sandbox.controllers.protection import OF_VOLUMES
from sandbox.controllers.removal import delete
from sandbox.controllers.scheduler import SELECTED_NODE, waits_for_pod
from sandbox.controllers.volume_metrics import enlarge
from sandbox.controllers.world import CLAIMS, CLASSES, VOLUMES, World, key_of, leaving
from sandbox.fields import at, section, texts
from sandbox.quantities import quantity
from sandbox.store import Key

Json = dict[str, Any]

_ME = "persistentvolume-controller"
_STATIC = ("", "kubernetes.io/no-provisioner")
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def reconcile(world: World, key: Key) -> None:
    claim = world.store.get(key)
    if claim is None:
        _release(world, key)
        return
    if at(claim, "status", "phase") == "Bound":
        _grow(world, claim)
        return
    if at(claim, "status", "phase") == "Lost":
        return
    claim = _with_class(world, claim)
    name = str(at(claim, "spec", "storageClassName") or "")
    chosen = section(claim, "metadata", "annotations").get(SELECTED_NODE)
    if waits_for_pod(world, claim) and not chosen:
        message = "waiting for first consumer to be created before binding"
        record(world, claim, "WaitForFirstConsumer", message, by=_ME)
        return
    if volume := _fitting(world, claim, name):
        _bind(world, claim, volume)
    elif name and (found := world.get(CLASSES, "", name)):
        _provision(world, claim, found)
    elif name:
        message = f'storageclass.storage.k8s.io "{name}" not found'
        record(world, claim, "ProvisioningFailed", message, by=_ME, kind="Warning")
    else:
        message = "no persistent volumes available for this claim and no storage class is set"
        record(world, claim, "FailedBinding", message, by=_ME)


def _with_class(world: World, claim: Json) -> Json:
    """A claim that names no class gets the default one."""
    if at(claim, "spec", "storageClassName") is not None:
        return claim
    for one in world.store.list(CLASSES):
        if section(one, "metadata", "annotations").get(_DEFAULT) == "true":
            spec = {**section(claim, "spec"), "storageClassName": one["metadata"]["name"]}
            return world.change(CLAIMS, claim, spec=spec)
    return claim


def _fitting(world: World, claim: Json, class_name: str) -> Json | None:
    wanted = quantity(at(claim, "spec", "resources", "requests", "storage"))
    modes = set(texts(claim, "spec", "accessModes"))
    for volume in world.store.list(VOLUMES):
        size = quantity(at(volume, "spec", "capacity", "storage"))
        free = at(volume, "status", "phase") == "Available" and not at(volume, "spec", "claimRef")
        same = (at(volume, "spec", "storageClassName") or "") == class_name
        large = size is not None and wanted is not None and size >= wanted
        if free and same and large and modes <= set(texts(volume, "spec", "accessModes")):
            return volume
    return None


def _provision(world: World, claim: Json, found: Json) -> None:
    provisioner = str(found.get("provisioner") or "")
    if provisioner in _STATIC:
        return
    metadata = claim["metadata"]
    name = f"pvc-{metadata['uid']}"
    title = f"{metadata['namespace']}/{metadata['name']}"
    message = f'External provisioner is provisioning volume for claim "{title}"'
    record(world, claim, "Provisioning", message, by=provisioner)
    spec = {
        "accessModes": texts(claim, "spec", "accessModes"),
        "capacity": {"storage": at(claim, "spec", "resources", "requests", "storage")},
        "persistentVolumeReclaimPolicy": found.get("reclaimPolicy") or "Delete",
        "storageClassName": found["metadata"]["name"],
        "csi": {"driver": provisioner, "volumeHandle": name},
    }
    about = {"name": name, "finalizers": [OF_VOLUMES]}
    made = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": about}
    volume = world.create(VOLUMES, {**made, "spec": spec, "status": {"phase": "Available"}})
    message = f"Successfully provisioned volume {name}"
    record(world, claim, "ProvisioningSucceeded", message, by=provisioner)
    _bind(world, claim, volume)


def _grow(world: World, claim: Json) -> None:
    """A bound claim that asks for more gets it, if its volume was made for it."""
    size = at(claim, "spec", "resources", "requests", "storage")
    wanted, has = quantity(size), quantity(at(claim, "status", "capacity", "storage"))
    volume = world.get(VOLUMES, "", str(at(claim, "spec", "volumeName") or ""))
    if volume is None or wanted is None or has is None or wanted <= has:
        return
    more = {"storage": size}
    spec = section(volume, "spec")
    capacity = {**section(spec, "capacity"), **more}
    world.change(VOLUMES, volume, spec={**spec, "capacity": capacity})
    status = section(claim, "status")
    told = {**status, "capacity": {**section(status, "capacity"), **more}}
    enlarge(world, claim, float(wanted - has))
    message = "MountVolume.NodeExpandVolume succeeded for volume"
    record(
        world,
        world.set_status(CLAIMS, claim, told),
        "FileSystemResizeSuccessful",
        message,
        by="kubelet",
    )


def _release(world: World, key: Key) -> None:
    """A volume outlives its claim only if its reclaim policy says so."""
    for volume in world.store.list(VOLUMES):
        claimed = section(volume, "spec", "claimRef")
        bound = at(volume, "status", "phase") == "Bound"
        if bound and (claimed.get("namespace"), claimed.get("name")) == (key.namespace, key.name):
            status = {**section(volume, "status"), "phase": "Released"}
            volume = world.set_status(VOLUMES, volume, status)
            policy = at(volume, "spec", "persistentVolumeReclaimPolicy")
            if policy == "Delete" and not leaving(volume):
                delete(world, key_of(VOLUMES, volume), volume)


def _bind(world: World, claim: Json, volume: Json) -> None:
    metadata, name = claim["metadata"], volume["metadata"]["name"]
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }
    spec = {**section(volume, "spec"), "claimRef": reference}
    world.change(VOLUMES, volume, spec=spec, status={"phase": "Bound"})
    status = {
        "phase": "Bound",
        "accessModes": texts(volume, "spec", "accessModes"),
        "capacity": section(volume, "spec", "capacity"),
    }
    spec = {**section(claim, "spec"), "volumeName": name}
    world.change(CLAIMS, claim, spec=spec, status=status)
