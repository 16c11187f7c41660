"""The Kubernetes API of the practice cluster, over plain HTTP."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.kubernetes_api.admission import follow_quotas, pod_refusal
from sandbox.kubernetes_api.api import KubernetesApi, Now, routes
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.fields import entries
from sandbox.kubernetes_api.kinds import STANDARD
from sandbox.kubernetes_api.patching import Writer, recorded
from sandbox.kubernetes_api.usage import offer_usage

__all__ = [
    "Cluster",
    "KubernetesApi",
    "field_owners",
    "follow_quotas",
    "offer_usage",
    "pod_admission",
    "routes",
]

Json = dict[str, Any]

POD = next(kind for kind in STANDARD if kind.key == "pods")


def field_owners(cluster: Cluster, now: Now) -> Callable[[Json | None, Json, str, str], Json]:
    """How a write that does not come through the API is recorded in managedFields.

    Nothing is recorded in objects of a snapshot that does not tell who owned what before.
    """

    def sign(before: Json | None, after: Json, manager: str, subresource: str) -> Json:
        kind = cluster.kinds.of(after)
        if kind is None or (before and not entries(before, "metadata", "managedFields")):
            return after
        stamp = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        writer = Writer(manager, kind.group_version, stamp, subresource)
        managers = recorded(before, after, writer, cluster.layout(kind))
        return {**after, "metadata": {**after["metadata"], "managedFields": managers}}

    return sign


def pod_admission(cluster: Cluster) -> Callable[[Json], str]:
    """What the API would say to a pod that a controller makes: why not, or ""."""
    return partial(pod_refusal, cluster.store, POD)
