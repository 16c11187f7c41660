"""Which namespaces hold what the cluster itself runs, where common advice does not apply."""

from collections.abc import Iterator

from mcp_servers.engines.settling import is_terminating
from mcp_servers.engines.topology import workloads
from mcp_servers.facts.kubernetes import Cluster, Resource

SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})


def is_system(namespace: str) -> bool:
    """Whether the cluster's own components live here; people do not change their manifests."""
    return namespace in SYSTEM


def workloads_of_people(cluster: Cluster) -> Iterator[Resource]:
    """Workloads whose template somebody wrote and could write otherwise."""
    for workload in workloads(cluster):
        if not is_system(workload.namespace) and not is_terminating(workload):
            yield workload
