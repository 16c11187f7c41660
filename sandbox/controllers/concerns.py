"""Who must look again after a change: the object itself, its owner, and what depends on it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.controllers.behaviour import config_references, volume_references
from sandbox.controllers.collecting import questionable
from sandbox.controllers.namespaces import NAMESPACES
from sandbox.controllers.protection import CLAIM_PROTECTION, VOLUME_PROTECTION
from sandbox.controllers.scheduler import claims_of
from sandbox.controllers.world import (
    AUTOSCALERS,
    BUDGETS,
    CLAIMS,
    CLASSES,
    DAEMON_SETS,
    DEPLOYMENTS,
    NODES,
    PODS,
    RESOURCES,
    SERVICES,
    STATEFUL_SETS,
    VOLUMES,
    World,
    controller_of,
    key_of,
    leaving,
)
from sandbox.fields import at, entries, section
from sandbox.labels import matches_label_selector
from sandbox.store import Change, Key

Json = dict[str, Any]


def concerned(world: World, change: Change) -> Iterator[Key]:
    """Whose state this change may have made stale."""
    if change.key.resource in _SILENT:
        return
    yield change.key
    yield from questionable(change)
    namespace = world.get(NAMESPACES, "", change.key.namespace)
    if namespace and leaving(namespace):
        yield Key(NAMESPACES, "", change.key.namespace)
    yield from _owner(change)
    if dependants := _DEPENDANTS.get(change.key.resource):
        yield from dependants(world, change)


_SILENT = {"events", "leases.coordination.k8s.io", "endpoints"}


def _owner(change: Change) -> Iterator[Key]:
    for one in filter(None, (change.now, change.before)):
        reference = controller_of(one)
        if resource := RESOURCES.get(str(reference.get("kind"))):
            yield Key(resource, change.key.namespace, str(reference.get("name")))


def _of_pod(world: World, change: Change) -> Iterator[Key]:
    if _is_new_to_kubelet(change):
        world.wake(change.now)
    shapes = [one for one in (change.now, change.before) if one]
    for resource in (SERVICES, BUDGETS):
        for one in world.store.list(resource, change.key.namespace):
            if any(_selects(resource, one, pod) for pod in shapes):
                yield key_of(resource, one)
    if change.type == "DELETED" or _ended(change):
        for claim in claims_of(change.now):
            yield Key(CLAIM_PROTECTION, change.key.namespace, claim)
        yield from _placeless(world)
        yield from _owner_of_owner(world, change)


def _owner_of_owner(world: World, change: Change) -> Iterator[Key]:
    """A Deployment that recreates its pods waits until the last one is gone."""
    owner = world.store.get(next(_owner(change), change.key))
    reference = controller_of(owner) if owner else {}
    if resource := RESOURCES.get(str(reference.get("kind"))):
        yield Key(resource, change.key.namespace, str(reference.get("name")))


def _is_new_to_kubelet(change: Change) -> bool:
    """Created after the picture was taken, or given other containers or another node since."""
    if change.before is None:
        return True
    return change.type == "MODIFIED" and change.now.get("spec") != change.before.get("spec")


def _ended(change: Change) -> bool:
    done = {"Succeeded", "Failed"}
    phase = at(change.now, "status", "phase")
    return phase in done and at(change.before, "status", "phase") != phase


def _selects(resource: str, one: Json, pod: Json) -> bool:
    told = section(one, "spec", "selector")
    if resource == SERVICES:
        return bool(told) and matches_label_selector({"matchLabels": told}, pod)
    return matches_label_selector(told, pod)


def _of_node(world: World, change: Change) -> Iterator[Key]:
    parts = ("spec", "status")
    if change.before and all(change.now.get(part) == change.before.get(part) for part in parts):
        labels = [one["metadata"].get("labels") for one in (change.now, change.before)]
        if labels[0] == labels[1]:
            return
    yield from _placeless(world)
    yield from (key_of(PODS, pod) for pod in world.pods_on(change.key.name))
    yield from (key_of(DAEMON_SETS, one) for one in world.store.list(DAEMON_SETS))


def _placeless(world: World) -> Iterator[Key]:
    yield from (key_of(PODS, pod) for pod in world.pods_on("") if not leaving(pod))


def _users(world: World, change: Change) -> Iterator[Key]:
    """The pods that wait for this configuration, or start again and will read it."""
    for pod in world.store.list(PODS, change.key.namespace):
        if not _all_run(pod) and (change.key.resource, change.key.name) in references_of(pod):
            world.wake(pod)
            yield key_of(PODS, pod)


def references_of(pod: Json) -> set[tuple[str, str]]:
    """The ConfigMaps and Secrets that a pod needs, by resource and name."""
    spec = section(pod, "spec")
    containers = [*entries(spec, "containers"), *entries(spec, "initContainers")]
    found = {
        (resource, name)
        for container in containers
        for resource, name, _, _ in config_references(spec, container)
    }
    return found | {(resource, name) for _, resource, name, _, _ in volume_references(spec)}


def _all_run(pod: Json) -> bool:
    statuses = entries(pod, "status", "containerStatuses")
    return bool(statuses) and all("running" in section(one, "state") for one in statuses)


def _unbound(world: World, change: Change) -> Iterator[Key]:
    if change.key.resource == VOLUMES:
        yield Key(VOLUME_PROTECTION, "", change.key.name)
    for claim in world.store.list(CLAIMS):
        if at(claim, "status", "phase") != "Bound":
            yield key_of(CLAIMS, claim)


def _claimants(world: World, change: Change) -> Iterator[Key]:
    yield Key(CLAIM_PROTECTION, change.key.namespace, change.key.name)
    for pod in world.store.list(PODS, change.key.namespace):
        if change.key.name in claims_of(pod) and not _all_run(pod):
            world.wake(pod)
            yield key_of(PODS, pod)


def _autoscalers(world: World, change: Change) -> Iterator[Key]:
    for one in world.store.list(AUTOSCALERS, change.key.namespace):
        target = section(one, "spec", "scaleTargetRef")
        if target.get("kind") == change.now["kind"] and target.get("name") == change.key.name:
            yield key_of(AUTOSCALERS, one)


_DEPENDANTS: Mapping[str, Callable[[World, Change], Iterator[Key]]] = {
    PODS: _of_pod,
    NODES: _of_node,
    "configmaps": _users,
    "secrets": _users,
    VOLUMES: _unbound,
    CLASSES: _unbound,
    CLAIMS: _claimants,
    DEPLOYMENTS: _autoscalers,
    STATEFUL_SETS: _autoscalers,
}
