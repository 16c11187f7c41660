"""One server by itself: on its own port with its own token check, or on stdin and stdout."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from core.errors import NotFound
from core.hanging_up import while_waited_for
from core.principal import Principal
from core.telemetry import Metrics
from mcp_servers.access import AuditSink, Gate, ToolServer, Verify
from mcp_servers.client import Connections, connected
from mcp_servers.registry import BUILDERS
from mcp_servers.sentences import SENTENCES, near

PATH = "/mcp"


async def over_stdio(
    name: str, connections: Connections, owner: Principal, *, audit: AuditSink | None = None
) -> None:
    """Serve until stdin ends. The process belongs to one person, so every call is theirs."""
    async with _built(name, connections, Gate(audit=audit, principal=owner)) as server:
        await server.run_stdio_async()


async def over_http(
    name: str,
    connections: Connections,
    verify: Verify,
    *,
    url: str,
    host: str = "127.0.0.1",
    audit: AuditSink | None = None,
    metrics: Metrics | None = None,
) -> None:
    """Serve until told to stop. `url` is what clients call it by, and what tokens are issued for."""
    port = urlsplit(url).port or (443 if url.startswith("https:") else 80)
    gate = Gate.over_http(verify, url=url, audit=audit, metrics=metrics)
    async with _built(name, connections, gate) as server:
        config = uvicorn.Config(app(server, url), host=host, port=port, log_config=None)
        await uvicorn.Server(config).serve()


def app(server: ToolServer, url: str) -> Starlette:
    """The ASGI application at `url`; it answers under no other host name, and who hangs up
    cancels the call."""
    built = server.streamable_http_app(
        streamable_http_path=urlsplit(url).path or PATH,
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(allowed_hosts=[urlsplit(url).netloc]),
    )
    built.add_middleware(while_waited_for)
    return built


@asynccontextmanager
async def _built(name: str, connections: Connections, gate: Gate) -> AsyncGenerator[ToolServer]:
    if name not in BUILDERS:
        hint = near(name, BUILDERS) or SENTENCES.said(
            "servers_are", known=", ".join(sorted(BUILDERS))
        )
        raise SENTENCES.error(NotFound, "no_server", name=name, hint=hint)
    backends = connected(connections)
    try:
        yield BUILDERS[name](backends, gate)
    finally:
        await backends.close()
