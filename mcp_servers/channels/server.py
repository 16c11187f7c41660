"""Channels and their outbox."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.channels.channels import (
    channels_add,
    channels_change,
    channels_list,
    channels_remove,
    channels_rotate_keys,
    channels_switch,
    channels_test,
)
from mcp_servers.channels.delivering import channels_deliver_due
from mcp_servers.channels.outbox import (
    channels_deliveries,
    channels_delivery,
    channels_health,
    channels_replay,
)

READ = (channels_list, channels_deliveries, channels_delivery, channels_health)
CHANGE = (
    channels_add,
    channels_change,
    channels_switch,
    channels_remove,
    channels_test,
    channels_replay,
    channels_rotate_keys,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, desk = ToolServer("channels", gate), backends.desk
    for tool in READ:
        publish(server, tool, needs=Permission.CHANNELS_READ, desk=desk)
    for tool in CHANGE:
        publish(
            server,
            tool,
            needs=Permission.CHANNELS_MANAGE,
            changes=True,
            secret_arguments=("settings",),
            desk=desk,
        )
    publish(server, channels_deliver_due, needs=Permission.DELIVERIES_RUN, desk=desk)
    return server
