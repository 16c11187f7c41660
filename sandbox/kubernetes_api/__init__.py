"""The Kubernetes API of the practice cluster, over plain HTTP."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.kubernetes_api.admission import follow_quotas, pod_refusal
from sandbox.kubernetes_api.api import KubernetesApi, routes
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.kinds import STANDARD
from sandbox.kubernetes_api.usage import offer_usage

__all__ = ["Cluster", "KubernetesApi", "follow_quotas", "offer_usage", "pod_admission", "routes"]

POD = next(kind for kind in STANDARD if kind.key == "pods")


def pod_admission(cluster: Cluster) -> Callable[[dict[str, Any]], str]:
    """What the API would say to a pod that a controller makes: why not, or ""."""
    return partial(pod_refusal, cluster.store, POD)
