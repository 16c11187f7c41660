"""Workloads at zero replicas that something put to sleep, and will wake when there is work."""

from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.scalers import HPA, KEDA, scalers_by_target
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.kubernetes import Cluster, Resource

# Words in annotations and labels of tools that scale to zero on purpose.
ON_PURPOSE = (
    "keda",
    "downscaler",
    "scale-to-zero",
    "kube-green",
    "snorlax",
    "sleep",
    "sablier",
    "serving.knative.dev",
)
# KEDA marks the autoscalers that it makes; they stay when a picture lacks its ScaledObjects.
_MADE_BY_KEDA = "scaledobject.keda.sh/name"


def is_marked_asleep(workload: Resource) -> bool:
    """Whether an annotation or a label is of a tool that scales to zero."""
    marks = [*workload.annotations, *workload.labels]
    return any(word in mark.lower() for mark in marks for word in ON_PURPOSE)


def sleeps_well(cluster: Cluster, workload: Resource) -> bool:
    """Whether nobody is wanted by a scaler that is well and sees no work, or by a tool that says so.

    A scaler that is paused, broken, or says that there is work lets it sleep for no good reason.
    """
    if desired_replicas(workload) != 0:
        return False
    scalers = scalers_by_target(cluster).get(workload.ref, [])
    if keda := [one for one in scalers if one.kind == KEDA]:
        return all(_is_idle(one) for one in keda)
    if any(_puts_to_sleep(one) for one in scalers):
        return True
    return is_marked_asleep(workload)


def _is_idle(scaled: Resource) -> bool:
    """KEDA's own word for it; without a status there is none against it."""
    if whole(scaled.spec, "minReplicaCount"):
        return False
    said = {kind: _status(scaled, kind) for kind in ("Ready", "Active", "Paused")}
    return said["Ready"] != "False" and said["Active"] != "True" and said["Paused"] != "True"


def _puts_to_sleep(scaler: Resource) -> bool:
    if scaler.kind != HPA:
        return False
    by_keda = _MADE_BY_KEDA in scaler.labels or scaler.name.startswith("keda-hpa-")
    return by_keda or text(scaler.spec, "minReplicas") == "0"


def _status(scaled: Resource, kind: str) -> str:
    return str((scaled.condition(kind) or {}).get("status", ""))
