"""`create_app(settings)`: what start-up opens, what wraps every request, and the doors."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.agui import routes as agui
from api.dependencies import Opened
from api.editions import opened_assistant, opened_sessions
from api.mcp_gateway import Door, endpoint
from api.routes import audit, auth, findings, health, query, threads, users
from api.routes.pages import page_routes
from api.turns.running import Turns
from core.clock import monotonic_s
from core.security.audit import AuditLog
from core.security.signin import Lifetimes, SignIn
from core.security.tokens import Signer, signing_key
from core.settings import Settings
from core.storage.database import Database
from core.telemetry import Metrics, logger

DESCRIPTION = """Ask what is wrong with a cluster and why; every claim is cited.

Errors are `application/problem+json` with a stable `code`. Streams are AG-UI 1.0. `/mcp` speaks the
Model Context Protocol. Bearer tokens need no `Origin`; the page's cookie does."""
# A client may send a whole conversation along, though only its newest message is read.
MAX_BODY_BYTES = 4 * 1024 * 1024
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, **PROBLEM} for status, description in problems.documented()
}
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
log = logger("midwatch.http")


def create_app(settings: Settings) -> FastAPI:
    """The whole service. Its lifespan opens what `running` opens."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with running(app, settings):
            yield

    app = Midwatch(
        title="Midwatch",
        version=version("midwatch"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "MIT", "identifier": "MIT"},
        responses=PROBLEM_RESPONSES,
    )
    app.state.metrics = Metrics()
    problems.install(app)
    for module in (agui, query, threads, findings, auth, users, audit, health):
        app.include_router(module.router)
    app.router.routes.append(Route("/mcp", Door()))
    app.router.routes.extend(page_routes())
    app.add_middleware(Envelope, metrics=app.state.metrics)
    return app


class Midwatch(FastAPI):
    """Its description names the problem document once."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = problems.SCHEMA
        return document


@asynccontextmanager
async def running(app: FastAPI, settings: Settings) -> AsyncGenerator[Opened]:
    """Open everything in order and close it in reverse, in the one task that came in."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database = await enter(Database.opened(settings.database_url))
        log_of_deeds = await enter(AuditLog(database))
        sign_in = SignIn(database, Signer(signing_key(settings)), Lifetimes.of(settings))
        metrics: Metrics = app.state.metrics
        knowledge = settings.data_dir / "knowledge"
        sessions = await enter(
            opened_sessions(
                settings, audit=log_of_deeds, metrics=metrics, knowledge_folder=knowledge
            )
        )
        memory = settings.data_dir / "memory.db"
        assistant = await enter(opened_assistant(settings, sessions, memory=memory))
        turns = Turns(assistant, database, metrics)
        stack.push_async_callback(turns.stop)
        opened = Opened(settings, database, log_of_deeds, metrics, sign_in, sessions)
        app.state.opened, app.state.turns = opened, turns
        app.state.mcp = endpoint(opened, turns)
        await enter(app.state.mcp.running())
        yield opened


class Envelope:
    """Around every request: its id, its measure, one log line, and headers that browsers obey."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        started_s = monotonic_s()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_headers(headers, request_id)
                self._note(scope, message["status"], monotonic_s() - started_s)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, _bounded(receive), answered)

    def _note(self, scope: Scope, status: int, duration_s: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        self._metrics.request_answered(scope["method"], route, status, duration_s)
        if scope["path"] not in QUIET:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round(duration_s * 1000),
            )


def _bounded(receive: Receive) -> Receive:
    """`receive` that refuses a body over the bound, as soon as it is over."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise HTTPException(413, f"A request has at most {MAX_BODY_BYTES} bytes.")
        return message

    return bounded


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else str(uuid4())


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "cache-control" not in headers:
        headers["Cache-Control"] = "no-store"
