"""EndpointSlices and Endpoints follow a Service's selector and its pods' readiness."""

from typing import Any

from sandbox.controllers.replicas import is_ready
from sandbox.controllers.world import (
    ENDPOINTS,
    NODES,
    PODS,
    SLICES,
    World,
    key_of,
    leaving,
    reference_to,
)
from sandbox.fields import at, entries, section
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

_SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLER = "endpointslice-controller.k8s.io"
_ZONE = "topology.kubernetes.io/zone"


def reconcile(world: World, key: Key) -> None:
    service = world.store.get(key)
    if service is None or at(service, "spec", "type") == "ExternalName":
        return
    selector = section(service, "spec", "selector")
    if not selector:
        return
    pods = [
        pod
        for pod in world.matching(PODS, key.namespace, {"matchLabels": selector})
        if at(pod, "status", "podIP") and at(pod, "status", "phase") not in {"Succeeded", "Failed"}
    ]
    _write_slices(world, service, pods)
    _write_endpoints(world, service, pods)


def _write_slices(world: World, service: Json, pods: list[Json]) -> None:
    """One slice for each set of ports: pods may give one name to different ports."""
    by_ports: dict[str, tuple[list[Json], list[Json]]] = {}
    for pod in pods:
        ports = [found for port in _ports(service) if (found := _target(port, pod))]
        by_ports.setdefault(repr(ports), (ports, []))[1].append(pod)
    if not by_ports:
        by_ports[""] = ([], [])
    known = _slices_of(world, service)
    for ports, members in by_ports.values():
        told: Json = {
            "addressType": "IPv4",
            "endpoints": [_endpoint(world, service, pod) for pod in members],
            "ports": ports,
        }
        if known:
            world.change(SLICES, known.pop(0), **told)
        else:
            _create_slice(world, service, told)
    for surplus in known:
        world.store.remove(key_of(SLICES, surplus))


def _slices_of(world: World, service: Json) -> list[Json]:
    metadata = service["metadata"]
    selector = {"matchLabels": {_SERVICE_NAME: metadata["name"]}}
    return [
        one
        for one in world.matching(SLICES, metadata["namespace"], selector)
        if section(one, "metadata", "labels").get(_MANAGED_BY, _CONTROLLER) == _CONTROLLER
    ]


def _create_slice(world: World, service: Json, told: Json) -> None:
    metadata = service["metadata"]
    labels = {
        **section(metadata, "labels"),
        _MANAGED_BY: _CONTROLLER,
        _SERVICE_NAME: metadata["name"],
    }
    one = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{metadata['name']}-{random_ending()}",
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [reference_to(service)],
        },
        **told,
    }
    world.create(SLICES, one)


def _endpoint(world: World, service: Json, pod: Json) -> Json:
    ready, ends = is_ready(pod), leaving(pod)
    anyway = bool(at(service, "spec", "publishNotReadyAddresses"))
    told: Json = {
        "addresses": [at(pod, "status", "podIP")],
        "conditions": {
            "ready": (ready and not ends) or anyway,
            "serving": ready,
            "terminating": ends,
        },
        "nodeName": at(pod, "spec", "nodeName"),
        "targetRef": _reference(pod),
    }
    node = world.get(NODES, "", str(told["nodeName"]))
    if zone := section(node, "metadata", "labels").get(_ZONE):
        told["zone"] = zone
    return told


def _reference(pod: Json) -> Json:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def _ports(service: Json) -> list[Json]:
    return entries(service, "spec", "ports")


def _target(port: Json, pod: Json) -> Json | None:
    """The port of a pod behind a Service's port; None when the pod has none of that name."""
    target = port.get("targetPort") or port.get("port")
    if isinstance(target, str):
        named = (
            told.get("containerPort")
            for container in entries(pod, "spec", "containers")
            for told in entries(container, "ports")
            if told.get("name") == target
        )
        target = next(named, None)
    if target is None:
        return None
    return {
        "name": port.get("name") or "",
        "port": target,
        "protocol": port.get("protocol") or "TCP",
    }


def _write_endpoints(world: World, service: Json, pods: list[Json]) -> None:
    """The older form, of which only a cluster that still has it is told."""
    metadata = service["metadata"]
    known = world.get(ENDPOINTS, metadata["namespace"], metadata["name"])
    if known is None and not world.store.list(ENDPOINTS):
        return
    subsets = _subsets(service, pods)
    if known is not None:
        kept = {name: part for name, part in known.items() if name != "subsets"}
        told = {**kept, "subsets": subsets} if subsets else kept
        if told != known:
            world.store.put(key_of(ENDPOINTS, known), told)
        return
    one: Json = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
    }
    world.create(ENDPOINTS, {**one, "subsets": subsets} if subsets else one)


def _subsets(service: Json, pods: list[Json]) -> list[Json]:
    by_ports: dict[str, Json] = {}
    for pod in pods:
        if leaving(pod):
            continue
        ports = [found for port in _ports(service) if (found := _target(port, pod))]
        address = {
            "ip": at(pod, "status", "podIP"),
            "nodeName": at(pod, "spec", "nodeName"),
            "targetRef": _reference(pod),
        }
        anyway = at(service, "spec", "publishNotReadyAddresses")
        part = "addresses" if is_ready(pod) or anyway else "notReadyAddresses"
        subset = by_ports.setdefault(repr(ports), {})
        subset.setdefault(part, []).append(address)
        subset["ports"] = [{k: v for k, v in port.items() if v} for port in ports]
    return list(by_ports.values())
