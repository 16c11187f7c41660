"""The budgets server: spend, and what is made of it."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.budgets.bill import budgets_bill
from mcp_servers.budgets.budget_checks import budgets_check
from mcp_servers.budgets.budget_tools import (
    budgets_add,
    budgets_change,
    budgets_list,
    budgets_preview,
    budgets_remove,
)
from mcp_servers.budgets.episode_list import budgets_episodes
from mcp_servers.budgets.expecting import budgets_expect
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.hourly_changes import budgets_hourly_anomalies
from mcp_servers.budgets.kept_bills import (
    budgets_forget_bill,
    budgets_keep_bill,
    budgets_kept_bills,
)
from mcp_servers.budgets.model_spend import budgets_model_spend
from mcp_servers.budgets.period_costs import budgets_foretell
from mcp_servers.budgets.savings import budgets_savings
from mcp_servers.budgets.spend import budgets_spend
from mcp_servers.budgets.spend_changes import budgets_anomalies
from mcp_servers.budgets.table_anomalies import budgets_table_anomalies
from mcp_servers.budgets.what_if import budgets_what_if

MOST_FILE_BYTES = 64 * 1024 * 1024


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, desk = (
        ToolServer("budgets", gate, home=backends.kubernetes.cluster_name, beyond=False),
        backends.desk,
    )
    purse = Purse(backends.kubernetes, backends.prometheus, backends.billing, backends.opencost)
    for tool in (budgets_spend, budgets_savings, budgets_what_if):
        publish(server, tool, needs=Permission.COSTS_READ, purse=purse)
    for tool in (
        budgets_list,
        budgets_preview,
        budgets_foretell,
        budgets_anomalies,
        budgets_hourly_anomalies,
        budgets_kept_bills,
    ):
        publish(server, tool, needs=Permission.COSTS_READ, purse=purse, desk=desk)
    publish(server, budgets_episodes, needs=Permission.COSTS_READ, desk=desk)
    publish(server, budgets_model_spend, needs=Permission.USAGE_READ, purse=purse, desk=desk)
    for tool in (budgets_add, budgets_change, budgets_remove, budgets_expect):
        publish(server, tool, needs=Permission.BUDGETS_MANAGE, changes=True, purse=purse, desk=desk)
    publish(
        server,
        budgets_keep_bill,
        needs=Permission.BUDGETS_MANAGE,
        changes=True,
        takes_bytes=MOST_FILE_BYTES,
        desk=desk,
    )
    publish(server, budgets_forget_bill, needs=Permission.BUDGETS_MANAGE, changes=True, desk=desk)
    publish(server, budgets_check, needs=Permission.DELIVERIES_RUN, purse=purse, desk=desk)
    publish(
        server,
        budgets_table_anomalies,
        needs=Permission.COSTS_READ,
        takes_bytes=MOST_FILE_BYTES,
        gives_characters=MOST_FILE_BYTES,
    )
    publish(
        server,
        budgets_bill,
        needs=Permission.COSTS_READ,
        takes_bytes=MOST_FILE_BYTES,
        purse=purse,
    )
    return server
