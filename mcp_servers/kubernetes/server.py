"""The live state of the cluster, read-only."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.kubernetes.namespaces import kubernetes_list_namespaces
from mcp_servers.kubernetes.pods import kubernetes_list_pods

CLUSTER = (
    kubernetes_list_namespaces,
    kubernetes_list_pods,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("kubernetes", gate)
    for tool in CLUSTER:
        publish(server, tool, needs=Permission.CLUSTER_READ, cluster=backends.kubernetes)
    return server
