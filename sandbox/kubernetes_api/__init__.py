"""The Kubernetes API of the practice cluster, over plain HTTP."""

from sandbox.kubernetes_api.api import KubernetesApi, routes
from sandbox.kubernetes_api.cluster import Cluster

__all__ = ["Cluster", "KubernetesApi", "routes"]
