"""The Kubernetes API of the practice cluster, over plain HTTP."""

from sandbox.kubernetes_api.api import KubernetesApi, routes
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.usage import offer_usage

__all__ = ["Cluster", "KubernetesApi", "offer_usage", "routes"]
