"""The budgets server: spend, and what is made of it."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.savings import budgets_savings
from mcp_servers.budgets.spend import budgets_spend
from mcp_servers.budgets.table_anomalies import budgets_table_anomalies

MOST_FILE_BYTES = 64 * 1024 * 1024


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("budgets", gate)
    purse = Purse(backends.kubernetes, backends.prometheus, backends.billing)
    for tool in (budgets_spend, budgets_savings):
        publish(server, tool, needs=Permission.COSTS_READ, purse=purse)
    publish(
        server,
        budgets_table_anomalies,
        needs=Permission.COSTS_READ,
        takes_bytes=MOST_FILE_BYTES,
        gives_characters=MOST_FILE_BYTES,
    )
    return server
