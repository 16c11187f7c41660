"""The Kubernetes API of the practice cluster, over plain HTTP."""

from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.api import KubernetesApi, routes

__all__ = ["Cluster", "KubernetesApi", "routes"]
