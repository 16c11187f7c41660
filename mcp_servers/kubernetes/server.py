"""The live state of the cluster, read-only."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.kubernetes.changes import kubernetes_what_changed
from mcp_servers.kubernetes.events import kubernetes_list_events
from mcp_servers.kubernetes.listed import kubernetes_list_objects
from mcp_servers.kubernetes.log_patterns import kubernetes_log_patterns
from mcp_servers.kubernetes.logs import kubernetes_get_logs
from mcp_servers.kubernetes.namespaces import kubernetes_list_namespaces
from mcp_servers.kubernetes.nodes import kubernetes_list_nodes
from mcp_servers.kubernetes.objects import kubernetes_get_object
from mcp_servers.kubernetes.pods import kubernetes_list_pods
from mcp_servers.kubernetes.rollouts import kubernetes_rollout_history
from mcp_servers.kubernetes.speakers import Speakers
from mcp_servers.kubernetes.usage import kubernetes_top
from mcp_servers.kubernetes.workloads import kubernetes_list_workloads

CLUSTER = (
    kubernetes_list_namespaces,
    kubernetes_list_workloads,
    kubernetes_list_pods,
    kubernetes_get_object,
    kubernetes_list_objects,
    kubernetes_list_events,
    kubernetes_list_nodes,
    kubernetes_rollout_history,
    kubernetes_what_changed,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, cluster = (
        ToolServer("kubernetes", gate, home=backends.kubernetes.cluster_name, beyond=False),
        backends.kubernetes,
    )
    for tool in CLUSTER:
        publish(server, tool, needs=Permission.CLUSTER_READ, cluster=cluster)
    speakers = Speakers()
    for tool in (kubernetes_get_logs, kubernetes_log_patterns):
        publish(server, tool, needs=Permission.LOGS_READ, cluster=cluster, speakers=speakers)
    publish(
        server,
        kubernetes_top,
        needs=Permission.CLUSTER_READ,
        cluster=cluster,
        prometheus=backends.prometheus,
    )
    return server
