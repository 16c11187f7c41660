"""Which pods stand on which node."""

from mcp_servers.engines.fields import text
from mcp_servers.engines.settling import is_finished
from mcp_servers.facts.kubernetes import Cluster, Resource


def pods_by_node(cluster: Cluster) -> dict[str, list[Resource]]:
    """The pods of each node that have not ended."""
    return cluster.derived("pods by node", lambda: _by_node(cluster))


def _by_node(cluster: Cluster) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for pod in cluster.all("Pod"):
        node = text(pod.spec, "nodeName")
        if node and not is_finished(pod):
            found.setdefault(node, []).append(pod)
    return found
