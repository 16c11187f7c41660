"""What the RuntimeClass and the PriorityClass that a pod names add to it."""

from typing import Any

from sandbox.kubernetes_api.fields import at, section
from sandbox.store import Key, Store

Json = dict[str, Any]

_RUNTIMES = "runtimeclasses.node.k8s.io"
_PRIORITIES = "priorityclasses.scheduling.k8s.io"
# Every server has these two, whether or not a snapshot holds them.
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def missing(store: Store, pod: Json) -> str:
    """Why the pod is refused for a class that is not there; "" when it is not.

    A snapshot without any PriorityClass was taken by somebody who may not read them.
    """
    runtime, priority = _named(pod)
    if runtime and store.get(Key(_RUNTIMES, "", runtime)) is None:
        return f'pod rejected: RuntimeClass "{runtime}" not found'
    known = {one["metadata"]["name"] for one in store.list(_PRIORITIES)}
    if priority and known and priority not in known | _SYSTEM.keys():
        return f"no PriorityClass with name {priority} was found"
    return ""


def with_classes(store: Store, pod: Json) -> Json:
    runtime, priority = _named(pod)
    told: Json = {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"}
    if overhead := section(store.get(Key(_RUNTIMES, "", runtime)), "overhead", "podFixed"):
        told["overhead"] = overhead
    chosen = store.get(Key(_PRIORITIES, "", priority))
    value = at(chosen, "value") if chosen else _SYSTEM.get(priority)
    if value is not None:
        told["priority"] = value
    if policy := at(chosen, "preemptionPolicy"):
        told["preemptionPolicy"] = policy
    return {**pod, "spec": {**section(pod, "spec"), **told}}


def _named(pod: Json) -> tuple[str, str]:
    spec = section(pod, "spec")
    return str(spec.get("runtimeClassName") or ""), str(spec.get("priorityClassName") or "")
