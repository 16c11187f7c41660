"""The routes of the service: those of a conversation from the start, the others with the first request to one.

What describes a route, checks its arguments and writes its answer is made for each of them, used or not.
"""

import asyncio
from importlib import import_module

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.dependencies import Needs

# In the order in which /docs has them, and in which they are looked through: what senders of alerts
# post to hundreds of times a second comes early. A mark stands before those that every conversation uses.
MODULES = (
    "*api.agui.routes",
    "*api.agui.sockets",
    "*api.routes.query",
    "api.routes.alerts",
    "*api.routes.threads",
    "api.routes.shares",
    "api.routes.told_facts",
    "*api.routes.approvals",
    "api.routes.findings",
    "api.routes.fixes",
    "api.routes.measurements",
    "api.routes.costs",
    "api.routes.budgets",
    "api.routes.forecasts",
    "api.routes.rankings",
    "api.routes.servers",
    "api.routes.knowledge",
    "api.routes.assistant",
    "*api.routes.auth",
    "api.routes.users",
    "api.routes.roles",
    "api.routes.handles",
    "api.routes.sessions",
    "api.routes.audit",
    "api.routes.usage",
    "api.routes.usage_statistics",
    "api.routes.prices",
    "api.routes.feedback",
    "*api.routes.health",
    "api.routes.watches",
    "api.routes.flags",
    "api.routes.ofrep",
    "api.routes.patrols",
    "api.routes.rules",
    "api.routes.rule_placements",
    "api.routes.manager_configs",
    "api.routes.analyses",
    "api.routes.alert_policy",
    "api.routes.channels",
    "api.routes.bulk",
    "*api.routes.reference",
    "api.openai_compat.chat",
    "api.openai_compat.responses",
    "api.openai_compat.elsewhere",
    "api.langgraph_compat.about",
    "api.langgraph_compat.threads",
    "api.langgraph_compat.runs",
)
ROOTS = ("/api/", "/v1/", "/langgraph/")


class Others(BaseRoute):
    """Stands for all routes below `ROOTS` that are not there yet, and makes room for them when asked."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._first = len(app.router.routes)
        _include(app, [one[1:] for one in MODULES if one.startswith("*")])
        app.router.routes.append(self)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        asked = scope["type"] == "http" and str(scope["path"]).startswith(ROOTS)
        return (Match.FULL if asked else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The modules are imported in a thread, so that others who are served do not wait.
        await asyncio.to_thread(_imported)
        self.load()
        await self._app.router.app(scope, receive, send)

    def load(self) -> None:
        """All routes, in their order, at the place of those there were. Done again it does nothing."""
        routes = self._app.router.routes
        if self not in routes:
            return
        after = routes[routes.index(self) + 1 :]
        del routes[self._first :]
        _include(self._app, _imported())
        routes.extend(after)


def _imported() -> list[str]:
    names = [one.removeprefix("*") for one in MODULES]
    for name in names:
        import_module(name)
    return names


def _include(app: FastAPI, names: list[str]) -> None:
    for name in names:
        app.include_router(import_module(name).router)


def permissions() -> dict[str, list[str]]:
    """What each operation takes, by its id, as the routes say themselves; empty: being signed in, or nothing."""
    found: dict[str, list[str]] = {}
    for name in _imported():
        for route in import_module(name).router.routes:
            if isinstance(route, APIRoute) and route.operation_id:
                found[route.operation_id] = sorted(set(_taken(route.dependant)))
    return found


def _taken(dependant: Dependant) -> list[str]:
    own = [dependant.call.permission.value] if isinstance(dependant.call, Needs) else []
    return own + [one for below in dependant.dependencies for one in _taken(below)]
