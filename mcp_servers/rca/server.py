"""The rca server: two tools over every diagnoser and the ranking."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.rca.diagnose import rca_list_findings
from mcp_servers.rca.investigate import rca_investigate
from mcp_servers.rca.study import Hands


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("rca", gate)
    hands = Hands(backends.kubernetes, backends.prometheus)
    for tool in (rca_investigate, rca_list_findings):
        publish(server, tool, needs=Permission.INCIDENTS_READ, hands=hands)
    return server
