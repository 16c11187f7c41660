"""Name → server: the list of what is built."""

from collections.abc import Callable

from mcp_servers.access import Gate, ToolServer
from mcp_servers.backends import Backends
from mcp_servers.kubernetes.server import build as build_kubernetes

BUILDERS: dict[str, Callable[[Backends, Gate], ToolServer]] = {
    "kubernetes": build_kubernetes,
}
