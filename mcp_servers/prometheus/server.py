"""Metrics, rules and alerts."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.prometheus.alerts import (
    prometheus_alerts,
    prometheus_rules,
    prometheus_targets,
)
from mcp_servers.prometheus.discover import prometheus_find_series, prometheus_label_values
from mcp_servers.prometheus.query import prometheus_query, prometheus_query_range

TOOLS = (
    prometheus_query,
    prometheus_query_range,
    prometheus_find_series,
    prometheus_label_values,
    prometheus_targets,
    prometheus_rules,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, needs = (
        ToolServer("prometheus", gate, home=backends.kubernetes.cluster_name, beyond=False),
        Permission.METRICS_READ,
    )
    for tool in TOOLS:
        publish(server, tool, needs=needs, prometheus=backends.prometheus)
    publish(
        server,
        prometheus_alerts,
        needs=needs,
        prometheus=backends.prometheus,
        alertmanager=backends.alertmanager,
    )
    return server
