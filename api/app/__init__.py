"""`create_app(settings)`: what start-up opens, what wraps every request, and the doors."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Route

from api import examples, problems
from api.app.cross_origin import CrossOrigin
from api.app.doors import Others, permissions
from api.app.envelope import Envelope
from api.app.mcp_door import McpDoor, mcp_endpoint
from api.app.past_incidents import Asking, remembered
from api.app.recovering import recovering
from api.app.repeats import Repeats
from api.app.watching import KEEPER, kept_in_step
from api.bots import dingtalk_messages, feishu_events, slack_events
from api.bots.opening import bots
from api.dependencies import Opened
from api.editions import (
    alert_desk,
    fix_desk_over,
    knowledge_place,
    opened_assistant,
    prepared,
    tool_sessions,
)
from api.jobs import standing
from api.jobs.flags import said_of
from api.jobs.watches import used_of
from api.routes.pages import page_routes
from api.turns.accounts import Accounts
from api.turns.running import Turns
from api.turns.spans import opened_spans
from core.opening import OnFirstUse
from core.security.audit import AuditLog
from core.security.pacing import Pace
from core.security.signin import Lifetimes, SignIn
from core.security.tokens import Signer, signing_key
from core.settings import Settings
from core.storage.database import Database
from core.storage.kept_acceptances import KeptAcceptances
from core.storage.kept_incidents import KeptIncidents
from core.storage.kept_questions import KeptQuestions
from core.storage.usage_log import UsageLog
from core.telemetry import Metrics

if TYPE_CHECKING:
    from core.security.admission import Admissions
    from mcp_servers.client import KnowledgePlace

DESCRIPTION = """Ask what is wrong with a cluster and why; every claim is cited.

Errors are `application/problem+json` with a stable `code`. Streams are AG-UI 1.0. `/mcp` speaks the
Model Context Protocol. Bearer tokens need no `Origin`; the page's cookie does."""
PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
REPEATABLE: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again within a day it is answered again, and carried out once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9_-]+$"},
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, **PROBLEM} for status, description in problems.documented()
}


def create_app(settings: Settings) -> FastAPI:
    """The whole service. Its lifespan opens what `running` opens, and the practice cluster."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with prepared(settings) as ready, running(app, ready):
            yield

    app = Midwatch(
        title="Midwatch",
        version=version("midwatch"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        license_info={"name": "MIT", "identifier": "MIT"},
        responses=PROBLEM_RESPONSES,
    )
    app.state.metrics = Metrics()
    problems.install(app)
    app.state.others = Others(app)
    if settings.oidc.configured:
        from api.routes import oidc

        app.include_router(oidc.router)
        app.state.resource_metadata = oidc.metadata_address
    if settings.slack.configured:
        app.include_router(slack_events.router)
    if settings.dingtalk.configured:
        app.include_router(dingtalk_messages.router)
    if settings.feishu.mode == "http" and settings.feishu.configured:
        app.include_router(feishu_events.router)
    app.router.routes.append(Route("/mcp", McpDoor()))
    app.router.routes.extend(page_routes())
    app.add_middleware(Repeats)
    if settings.langgraph.origins:
        app.add_middleware(CrossOrigin, origins=settings.langgraph.origins)
    app.state.patience_s = settings.server.patience_s
    app.add_middleware(Envelope, metrics=app.state.metrics, patience_s=app.state.patience_s)
    return app


class Midwatch(FastAPI):
    """Its description names the problem document once."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema:
            return self.openapi_schema  # made once, with all that is added below
        self.state.others.load()
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = problems.SCHEMA
        examples.add(document)
        takes = permissions()
        for operations in document["paths"].values():
            for method, told in operations.items():
                if method == "post":
                    told.setdefault("parameters", []).append(REPEATABLE)
                if needed := takes.get(told["operationId"]):
                    told["x-permissions"] = needed
        return document


@asynccontextmanager
async def running(app: FastAPI, settings: Settings) -> AsyncGenerator[Opened]:
    """Open everything in order and close it in reverse, in the one task that came in.

    `settings` are those that `editions.prepared` gave.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database = await enter(Database.opened(settings.database_url))
        audit_log = await enter(AuditLog(database))
        spans = await enter(opened_spans(settings.traces.url))
        usage_log = await enter(UsageLog(database))
        accounts = Accounts.over(database, usage_log, settings, spans)
        sign_in = _sign_in(app, settings, database)
        metrics: Metrics = app.state.metrics
        incidents, asking = KeptIncidents(database), Asking()
        desk = alert_desk(settings, database)
        sessions = await enter(
            tool_sessions(
                settings,
                audit=audit_log,
                metrics=metrics,
                knowledge=_knowledge(settings, database, asking),
                incidents=incidents,
                acceptances=KeptAcceptances(database),
                fixes=fix_desk_over(database, settings, settings),
                desk=desk,
            )
        )
        if settings.knowledge.folder:
            await enter(kept_in_step(sessions, settings.knowledge.every))
        if settings.knowledge.incidents:
            await enter(remembered(sessions, incidents, asking))
        await enter(recovering(sessions, database))
        assistant = await enter(
            opened_assistant(settings, sessions, memory=settings.memory_place, keeper=KEEPER)
        )
        turns = Turns(assistant, database, metrics, audit_log, accounts)
        stack.push_async_callback(turns.stop)
        pace = Pace(settings.rates.by_policy())
        opened = Opened(settings, database, audit_log, metrics, sign_in, sessions, pace)
        app.state.opened, app.state.turns = opened, turns
        await enter(bots(app.state, settings, turns))
        seen = used_of(database), said_of(database)
        app.state.wake = await enter(standing(database, sessions, *seen, settings.alerts.keep))
        app.state.mcp = OnFirstUse(partial(mcp_endpoint, opened, turns))
        stack.push_async_callback(app.state.mcp.close)
        yield opened


def _sign_in(app: FastAPI, settings: Settings, database: Database) -> SignIn:
    app.state.admissions = _admissions(settings, database)
    signer, lifetimes = Signer(signing_key(settings)), Lifetimes.of(settings)
    return SignIn(database, signer, lifetimes, app.state.admissions)


def _admissions(settings: Settings, database: Database) -> "Admissions | None":
    if not settings.oidc.configured:
        return None
    from core.security.admission import Admissions
    from core.security.oidc import Provider

    return Admissions(database, Provider(settings.oidc))


def _knowledge(settings: Settings, database: Database, asking: Asking) -> "KnowledgePlace":
    watched = settings.knowledge.folder
    place = knowledge_place(
        settings,
        settings.knowledge_folder,
        sources=[watched] if watched else [],
        keeps_up=True,
    )
    return replace(place, questions=KeptQuestions(database), asked=asking)
