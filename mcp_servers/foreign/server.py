"""The foreign server: which servers of others there are, how they stand, and accepting them."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.backends.foreign import ForeignServer
from mcp_servers.foreign.accepting import foreign_accept, foreign_list_servers, foreign_withdraw
from mcp_servers.foreign.proxy import Proxy
from mcp_servers.foreign.standing import Standing


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, standings = ToolServer("foreign", gate), _standings(backends)
    publish(server, foreign_list_servers, needs=Permission.FOREIGN_USE, standings=standings)
    for tool in (foreign_accept, foreign_withdraw):
        publish(
            server,
            tool,
            needs=Permission.FOREIGN_ACCEPT,
            changes=True,
            by_hand=True,
            standings=standings,
            acceptances=backends.acceptances,
        )
    return server


def build_proxy(backends: Backends, gate: Gate, *, of: ForeignServer) -> ToolServer:
    """A server of ours for one of theirs."""
    return Proxy(Standing(of, backends.acceptances), gate)


def _standings(backends: Backends) -> tuple[Standing, ...]:
    return tuple(Standing(one, backends.acceptances) for one in backends.foreign)
