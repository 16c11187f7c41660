"""Name → server: the list of what is built."""

from collections.abc import Callable

from mcp_servers.access import Gate, ToolServer
from mcp_servers.backends import Backends
from mcp_servers.knowledge.server import build as build_knowledge
from mcp_servers.kubernetes.server import build as build_kubernetes
from mcp_servers.prometheus.server import build as build_prometheus
from mcp_servers.rca.server import build as build_rca

BUILDERS: dict[str, Callable[[Backends, Gate], ToolServer]] = {
    "kubernetes": build_kubernetes,
    "prometheus": build_prometheus,
    "rca": build_rca,
    "knowledge": build_knowledge,
}
