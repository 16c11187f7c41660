"""The metrics that kube-state-metrics makes of a pod."""

from collections.abc import Iterator
from typing import Any

from sandbox.controllers.conditions import condition_of
from sandbox.controllers.timing import moment
from sandbox.controllers.world import controller_of
from sandbox.fields import at, entries, number, section
from sandbox.quantities import quantity

Json = dict[str, Any]
Sample = tuple[str, dict[str, str], float]

_PHASES = ("Pending", "Succeeded", "Failed", "Running", "Unknown")
_CONDITIONS = ("true", "false", "unknown")
_UNITS = {"cpu": "core", "memory": "byte", "ephemeral-storage": "byte"}
_STATES = ("waiting", "running", "terminated")


def pod_samples(pod: Json) -> Iterator[Sample]:
    metadata, status = pod["metadata"], section(pod, "status")
    place = {
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "uid": str(metadata.get("uid")),
    }
    yield "kube_pod_info", {**place, **_about(pod)}, 1
    owner = controller_of(pod)
    owned = {
        "owner_kind": str(owner.get("kind", "")),
        "owner_name": str(owner.get("name", "")),
        "owner_is_controller": "true" if owner else "",
    }
    yield "kube_pod_owner", {**place, **owned}, 1
    if created := moment(metadata.get("creationTimestamp")):
        yield "kube_pod_created", place, created.timestamp()
    for phase in _PHASES:
        is_in = status.get("phase") == phase
        yield "kube_pod_status_phase", {**place, "phase": phase}, float(is_in)
    if reason := status.get("reason"):
        yield "kube_pod_status_reason", {**place, "reason": str(reason)}, 1
    for kind in ("Ready", "PodScheduled"):
        family = "kube_pod_status_ready" if kind == "Ready" else "kube_pod_status_scheduled"
        told = str(condition_of(pod, kind).get("status") or "").lower()
        for condition in _CONDITIONS if told else ():
            yield family, {**place, "condition": condition}, float(told == condition)
    yield from _containers(pod, place)


def _about(pod: Json) -> dict[str, str]:
    owner = controller_of(pod)
    return {
        "node": str(at(pod, "spec", "nodeName") or ""),
        "host_ip": str(at(pod, "status", "hostIP") or ""),
        "pod_ip": str(at(pod, "status", "podIP") or ""),
        "host_network": "true" if at(pod, "spec", "hostNetwork") else "false",
        "priority_class": str(at(pod, "spec", "priorityClassName") or ""),
        "created_by_kind": str(owner.get("kind", "")),
        "created_by_name": str(owner.get("name", "")),
    }


def _containers(pod: Json, place: dict[str, str]) -> Iterator[Sample]:
    for prefix, part in (("kube_pod_init_container", "init"), ("kube_pod_container", "")):
        statuses = entries(pod, "status", "initContainerStatuses" if part else "containerStatuses")
        for status in statuses:
            yield from _status(prefix, {**place, "container": str(status.get("name"))}, status)
        for container in entries(pod, "spec", "initContainers" if part else "containers"):
            yield from _resources(prefix, pod, place, container)


def _status(prefix: str, place: dict[str, str], status: Json) -> Iterator[Sample]:
    image = str(status.get("image", ""))
    told = {
        "image": image,
        "image_spec": image,
        "image_id": str(status.get("imageID", "")),
        "container_id": str(status.get("containerID", "")),
    }
    yield f"{prefix}_info", {**place, **told}, 1
    yield f"{prefix}_status_ready", place, float(bool(status.get("ready")))
    yield f"{prefix}_status_restarts_total", place, number(status, "restartCount")
    for state in _STATES:
        shown = section(status, "state")
        yield f"{prefix}_status_{state}", place, float(state in shown)
        if state != "running" and (reason := section(shown, state).get("reason")):
            yield f"{prefix}_status_{state}_reason", {**place, "reason": str(reason)}, 1
    started = moment(at(status, "state", "running", "startedAt"))
    if started:
        yield f"{prefix}_state_started", place, started.timestamp()
    last = section(status, "lastState", "terminated")
    if last.get("reason"):
        reason = {**place, "reason": str(last["reason"])}
        yield f"{prefix}_status_last_terminated_reason", reason, 1
    if "exitCode" in last:
        yield f"{prefix}_status_last_terminated_exitcode", place, number(last, "exitCode")


def _resources(prefix: str, pod: Json, place: dict[str, str], container: Json) -> Iterator[Sample]:
    node = str(at(pod, "spec", "nodeName") or "")
    for part in ("requests", "limits"):
        for resource, told in section(container, "resources", part).items():
            amount = quantity(told)
            if amount is not None:
                labels = {**place, "container": str(container.get("name")), "node": node}
                labels |= {"resource": written(resource), "unit": _UNITS.get(resource, "integer")}
                yield f"{prefix}_resource_{part}", labels, float(amount)


def written(resource: str) -> str:
    """A resource's name as a value of the label `resource`."""
    return "".join(letter if letter.isalnum() else "_" for letter in resource)


def unit(resource: str) -> str:
    return _UNITS.get(resource, "integer")
