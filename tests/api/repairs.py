"""A service over a tool server that changes something, with a scripted model."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from agent.graph import Assistant
from api.app import create_app
from api.app.mcp_door import mcp_endpoint
from api.dependencies import Opened
from api.turns.accounts import Accounts
from api.turns.running import Turns
from core.opening import OnFirstUse
from core.principal import Permission
from core.security.audit import AuditLog
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.storage.database import Database
from core.storage.usage_log import UsageLog
from evals.providers.saying import Say
from evals.providers.serving import Provider, provider_serving
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import QUICK
from tests.agent.turns import choice_of
from tests.api.conftest import KEY, Midwatch, offline, serving
from tests.api.doors import AG_UI

RESTART = ("autofix_restart", {"name": "checkout"})
QUESTION = "restart checkout"
Wire = dict[str, Any]


@dataclass
class Repairs(Midwatch):
    """The service over a tool server that changes something, with a scripted model."""

    ledger: Ledger
    provider: Provider

    async def asked(self, thread_id: str = "") -> Wire:
        async with self.client() as http:
            body = {"question": QUESTION, "thread_id": thread_id}
            return (await http.post("/api/v1/query", json=body)).json()

    async def streamed(self, **body: Any) -> list[Wire]:
        """AG-UI events, each valid."""
        given: Wire = {"threadId": str(uuid4()), "runId": str(uuid4()), "messages": [], **body}
        async with self.client() as http, http.stream("POST", "/agui", json=given) as response:
            lines = [line async for line in response.aiter_lines() if line.startswith("data: ")]
        events = [orjson.loads(line[6:]) for line in lines]
        for event in events:
            AG_UI.validate_python(event)
        return events


@asynccontextmanager
async def repairing(tmp_path: Path) -> AsyncGenerator[Repairs]:
    settings = offline(tmp_path)
    app, ledger = create_app(settings), Ledger()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        provider = stack.enter_context(provider_serving(Say("", [RESTART]), Say("Done.")))
        sessions = await enter(changing(ledger))
        database = await enter(Database.opened(settings.database_url))
        audit, usage = await enter(AuditLog(database)), await enter(UsageLog(database))
        assistant = await enter(
            Assistant.opened(
                model=choice_of("openai", provider),
                sessions=sessions,
                memory=tmp_path / "memory.db",
                lineup=QUICK,
            )
        )
        sign_in, metrics = SignIn(database, Signer(KEY)), app.state.metrics
        opened = Opened(settings, database, audit, metrics, sign_in, sessions)
        accounts = Accounts.over(database, usage, settings)
        app.state.opened = opened
        app.state.turns = Turns(assistant, database, metrics, audit, accounts)
        app.state.mcp = OnFirstUse(partial(mcp_endpoint, opened, app.state.turns))
        stack.push_async_callback(app.state.mcp.close)
        admin = await sign_in.ensure_admin()
        by_name = frozenset(one.value for one in Permission)
        _, token = await sign_in.make_api_token(admin.name, label="test", scopes=by_name)
        address = await enter(serving(app))
        yield Repairs(address, opened, token, app.state.turns, ledger, provider)
