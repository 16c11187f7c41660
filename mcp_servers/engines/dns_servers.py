"""The pods and Services that answer names in a cluster."""

from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

LABEL = "k8s-app"
NAMES = frozenset({"kube-dns", "coredns", "node-local-dns"})
SERVICE = Ref("Service", "kube-system", "kube-dns")


def dns_pods(cluster: Cluster) -> list[Resource]:
    """The pods that answer, a cache on the nodes included."""
    return cluster.derived("dns pods", lambda: _labelled(cluster, "Pod"))


def dns_services(cluster: Cluster) -> list[Resource]:
    services = _labelled(cluster, "Service")
    named = cluster.get(SERVICE)
    return services if named is None or named in services else [*services, named]


def _labelled(cluster: Cluster, kind: str) -> list[Resource]:
    return [one for one in cluster.all(kind) if one.labels.get(LABEL) in NAMES]
