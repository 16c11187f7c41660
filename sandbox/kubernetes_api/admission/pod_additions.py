"""What every pod is given, whatever it asks for: how long it bears a lost node, and its QoS class."""

from typing import Any

from sandbox.kubernetes_api.fields import entries, section

Json = dict[str, Any]

_WAITS_FOR_NODE_S = 300
_NODE_TOLERATIONS: tuple[Json, ...] = tuple(
    {
        "effect": "NoExecute",
        "key": f"node.kubernetes.io/{trouble}",
        "operator": "Exists",
        "tolerationSeconds": _WAITS_FOR_NODE_S,
    }
    for trouble in ("not-ready", "unreachable")
)


def with_tolerations(pod: Json) -> Json:
    spec = section(pod, "spec")
    known = entries(spec, "tolerations")
    keys = {str(one.get("key")) for one in known if one.get("effect") != "NoSchedule"}
    added = [] if "None" in keys else [one for one in _NODE_TOLERATIONS if one["key"] not in keys]
    return {**pod, "spec": {**spec, "tolerations": [*known, *added]}} if added else pod


def with_quality(pod: Json) -> Json:
    status = {**section(pod, "status"), "qosClass": quality_of(section(pod, "spec"))}
    return {**pod, "status": status}


def quality_of(spec: Json) -> str:
    """The QoS class by requests and limits of cpu and memory."""
    containers = [*entries(spec, "containers"), *entries(spec, "initContainers")]
    resources = [section(one, "resources") for one in containers]
    if not any(section(one, part) for one in resources for part in ("requests", "limits")):
        return "BestEffort"
    for one in resources:
        limits = section(one, "limits")
        requests = {**limits, **section(one, "requests")}
        if not {"cpu", "memory"} <= set(limits) or requests != limits:
            return "Burstable"
    return "Guaranteed"
