"""The live state of the cluster, read-only."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.kubernetes.pods import kubernetes_list_pods


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("kubernetes", gate)
    cluster = backends.kubernetes
    publish(server, kubernetes_list_pods, needs=Permission.CLUSTER_READ, cluster=cluster)
    return server
