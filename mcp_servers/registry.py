"""Name → server: the list of what is built."""

from collections.abc import Callable, Collection

from mcp_servers.access import Gate, ToolServer
from mcp_servers.alerting.server import build as build_alerting
from mcp_servers.autofix.server import build as build_autofix
from mcp_servers.backends import Backends
from mcp_servers.budgets.server import build as build_budgets
from mcp_servers.channels.server import build as build_channels
from mcp_servers.forecast.server import build as build_forecast
from mcp_servers.foreign.server import build as build_foreign
from mcp_servers.foreign.server import proxies
from mcp_servers.knowledge.server import build as build_knowledge
from mcp_servers.kubernetes.server import build as build_kubernetes
from mcp_servers.prometheus.server import build as build_prometheus
from mcp_servers.rca.looking import Looking
from mcp_servers.rca.server import build as build_rca
from mcp_servers.rca.server import hands_of


def _autofix(backends: Backends, gate: Gate) -> ToolServer:
    """Repairs are judged by the diagnosers that found the fault."""
    return build_autofix(backends, gate, looker=Looking(hands_of(backends)))


BUILDERS: dict[str, Callable[[Backends, Gate], ToolServer]] = {
    "kubernetes": build_kubernetes,
    "prometheus": build_prometheus,
    "rca": build_rca,
    "autofix": _autofix,
    "alerting": build_alerting,
    "channels": build_channels,
    "knowledge": build_knowledge,
    "budgets": build_budgets,
    "forecast": build_forecast,
}


def built(backends: Backends, gate: Gate, only: Collection[str]) -> dict[str, ToolServer]:
    """The servers of `only`, and when there are servers of others those, and what tells of them."""
    servers = {name: build(backends, gate) for name, build in BUILDERS.items() if name in only}
    if not backends.foreign:
        return servers
    return servers | {"foreign": build_foreign(backends, gate)} | proxies(backends, gate)
