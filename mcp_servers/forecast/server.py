"""The forecast server: what comes next, and how well the same was foretold before."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.forecast.disks import forecast_disks
from mcp_servers.forecast.load import forecast_load
from mcp_servers.forecast.table import forecast_table

MOST_FILE_BYTES = 64 * 1024 * 1024


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("forecast", gate, home=backends.kubernetes.cluster_name, beyond=False)
    publish(
        server,
        forecast_table,
        needs=Permission.METRICS_READ,
        takes_bytes=MOST_FILE_BYTES,
        gives_characters=MOST_FILE_BYTES,
    )
    publish(
        server,
        forecast_load,
        needs=Permission.METRICS_READ,
        prometheus=backends.prometheus,
        kubernetes=backends.kubernetes,
    )
    publish(server, forecast_disks, needs=Permission.METRICS_READ, prometheus=backends.prometheus)
    return server
