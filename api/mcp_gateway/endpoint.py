"""`/mcp`: the gateway over streamable HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import (
    RequestBodyLimitMiddleware,
    StreamableHTTPSessionManager,
)
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.dependencies import Opened, paced
from api.mcp_gateway.asking import Progress, shape_of
from api.mcp_gateway.server import Context, gateway
from api.mcp_gateway.toolsets import toolsets_named
from api.sent import replayed
from api.sentences import SENTENCES
from api.turns.questions import Question
from api.turns.running import Turns
from core.errors import Unauthenticated
from core.hanging_up import while_waited_for
from core.principal import Principal

MAX_BODY_BYTES = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Endpoint:
    """`/mcp` over streamable HTTP, without sessions, for callers with a bearer token.

    It answers in plain JSON, or with a stream when the caller asks for progress, which only a
    stream can carry.
    """

    def __init__(self, server: Server[dict[str, Any]], opened: Opened) -> None:
        self._opened = opened
        security = _security(opened.settings.server.host)
        self._plain, self._streaming = (
            StreamableHTTPSessionManager(
                server, json_response=plain, stateless=True, security_settings=security
            )
            for plain in (True, False)
        )
        self._bounded: ASGIApp = RequestBodyLimitMiddleware(
            while_waited_for(self._dispatch), MAX_BODY_BYTES
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with self._plain.run(), self._streaming.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        kind, _, credential = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not credential:
            raise SENTENCES.error(Unauthenticated, "no_token")
        request.state.principal = await self._opened.sign_in.principal(credential.strip())
        paced(request, self._opened.pace, request.state.principal, credential.strip())
        wanted = request.query_params.get("toolsets", "")
        request.state.toolsets = toolsets_named(wanted, self._opened.sessions.built)
        await self._bounded(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        streams = b'"progressToken"' in body and _accepts_stream(scope)
        manager = self._streaming if streams else self._plain
        await manager.handle_request(scope, replayed(body, receive), send)


def endpoint(opened: Opened, turns: Turns) -> Endpoint:
    """The gateway over HTTP: turns are recorded, and end when their caller gives up."""

    async def ask(principal: Principal, question: Question, progress: Progress) -> dict[str, Any]:
        run = await turns.start(
            principal,
            question,
        )
        try:
            return await shape_of(run, progress)
        finally:
            turns.abandon(run)

    server = gateway(opened.sessions, ask, caller=_verified, toolsets=_chosen)
    return Endpoint(server, opened)


def _verified(context: Context) -> Principal:
    return _request(context).state.principal


def _chosen(context: Context) -> frozenset[str]:
    return _request(context).state.toolsets


def _request(context: Context) -> Request:
    if context.request is None:
        raise SENTENCES.error(Unauthenticated, "no_identity")
    return context.request


def _security(host: str) -> TransportSecuritySettings:
    """On loopback, refuse other host names: a page elsewhere may have pointed its own here."""
    if host not in LOOPBACK:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    hosts = [f"{name}{port}" for name in LOOPBACK_NAMES for port in ("", ":*")]
    origins = [f"{scheme}://{name}" for name in hosts for scheme in ("http", "https")]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _accepts_stream(scope: Scope) -> bool:
    return any(
        name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"]
    )
