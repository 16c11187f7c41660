"""The live state of the cluster, read-only."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.kubernetes.events import kubernetes_list_events
from mcp_servers.kubernetes.namespaces import kubernetes_list_namespaces
from mcp_servers.kubernetes.nodes import kubernetes_list_nodes
from mcp_servers.kubernetes.pods import kubernetes_list_pods
from mcp_servers.kubernetes.workloads import kubernetes_list_workloads

CLUSTER = (
    kubernetes_list_namespaces,
    kubernetes_list_workloads,
    kubernetes_list_pods,
    kubernetes_list_events,
    kubernetes_list_nodes,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("kubernetes", gate)
    for tool in CLUSTER:
        publish(server, tool, needs=Permission.CLUSTER_READ, cluster=backends.kubernetes)
    return server
