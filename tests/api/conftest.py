"""A running Midwatch: over real HTTP, on a free port of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from fastapi import FastAPI

from agent.accounts import Account
from agent.approvals import Decision
from agent.events import (
    Done,
    Event,
    ModelCall,
    SubagentStarted,
    Token,
    ToolFinished,
    ToolStarted,
    Usage,
)
from agent.standing import Standing
from agent.state import Exchange
from agent.teaching import Notebook
from api.app import create_app, running
from api.app.envelope import MAX_BODY_BYTES
from api.app.patience import Patient
from api.app.serving import websockets
from api.dependencies import Opened
from api.editions import prepared
from api.turns.accounts import Accounts
from api.turns.running import Turns
from core.http import Client, client
from core.principal import Principal
from core.security.audit import AuditLog
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.settings import Settings, load
from core.storage.database import Database
from core.storage.usage_log import UsageLog
from mcp_servers.client import Sessions

KEY = "a signing key for tests, 32 characters"


class Server(uvicorn.Server):
    """In the test's own loop, so it leaves signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def serving(app: FastAPI, http: type[Patient] = Patient) -> AsyncGenerator[str]:
    """The address of `app`, whose state is open already."""
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, http=http,
        ws=cast("type[asyncio.Protocol]", websockets), ws_max_size=MAX_BODY_BYTES,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await app.state.turns.stop()
            server.should_exit = True
            await task


def offline(data_dir: Path, **overrides: Any) -> Settings:
    """The embedded edition, whatever the environment says."""
    given = {"llm": {"provider": "offline", "model": "rules"}, "cluster": "sandbox", **overrides}
    return load(env_file=None, data_dir=data_dir, signing_key=KEY, **given)


@dataclass
class Midwatch:
    """A running service and ways to come in."""

    address: str
    opened: Opened = field(repr=False)
    token: str
    turns: Turns = field(repr=False)

    def client(self, token: str | None = None, **headers: str) -> Client:
        """A client with the administrator's token; `token` "" comes without any."""
        sent = self.token if token is None else token
        given = {"Authorization": f"Bearer {sent}"} if sent else {}
        return client(self.address, timeout_s=120, headers={**given, **headers})

    async def token_of(self, name: str, role: str = "user") -> str:
        """A token of another person, who is added first."""
        await self.opened.sign_in.add_user(name, role=role)
        return (await self.opened.sign_in.make_api_token(name, label="test"))[1]


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Midwatch]:
    """The whole service by these settings, and its administrator's token."""
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
    ):
        admin = await opened.sign_in.ensure_admin()
        _, token = await opened.sign_in.make_api_token(admin.name, label="test")
        yield Midwatch(address, opened, token, app.state.turns)


@pytest.fixture(scope="session")
async def midwatch(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Midwatch]:
    """The whole service on the practice cluster `shop`, with the offline planner."""
    async with served(offline(tmp_path_factory.mktemp("data"))) as made:
        yield made


@dataclass
class Script:
    """An assistant that says what it is told to, up to `gate`, and then waits for it."""

    events: list[Event]
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    wait_after: int = 10**6
    error: Exception | None = None
    forgotten: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    calls: list[ModelCall] = field(default_factory=list[ModelCall])

    async def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
        account: Account | None = None,
        can_ask: bool = False,
        notebook: Notebook | None = None,
        unanswered: Exchange | None = None,
        exchanges: Sequence[Exchange] | None = None,
    ) -> AsyncGenerator[Event]:
        self.asked.append(thread_id)
        for call in self.calls if account else []:
            account.charge(call)
        for place, event in enumerate(self.events):
            if place == self.wait_after:
                await self.gate.wait()
            yield event
        if self.error:
            raise self.error

    async def resume(
        self,
        thread_id: str,
        *,
        principal: Principal,
        decisions: Sequence[Decision] = (),
        account: Account | None = None,
        can_ask: bool = True,
        notebook: Notebook | None = None,
    ) -> AsyncGenerator[Event]:
        raise AssertionError(f"nothing stands in {thread_id}")
        yield

    async def standing(self, thread_id: str) -> Standing | None:
        return None

    async def close(self, thread_id: str) -> None:
        """Nothing stands anywhere."""

    async def exchanges(self, thread_id: str) -> list[Exchange]:
        return []

    async def route(self, message: str, *, account: Account | None = None) -> Any:
        raise AssertionError(f"these turns are given, not routed: {message}")

    async def forget(self, thread_id: str) -> None:
        self.forgotten.append(thread_id)


OFFLINE = Usage("offline", "rules", 0, 0, 0.0)
CALL = ("c1", "rca", "rca_investigate", {"namespace": "shop", "password": "hunter2-hunter2"})
TURN: list[Event] = [
    SubagentStarted("s1", "rca", "it asks why"),
    ToolStarted(*CALL, "s1"),
    ToolFinished(*CALL, "ok", 12, "root cause: memory", {"verdict": "found"}, 5, "s1"),
    Token("m1", "Out of "),
    Token("m1", "memory."),
    Done("m1", "Out of memory.", "en", ("rca",), (), (OFFLINE,)),
]


@dataclass
class Stage(Midwatch):
    """The service with a scripted assistant, for what depends on when things happen."""

    script: Script = field(repr=False)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    settings = offline(tmp_path)
    script, app = Script(list(TURN)), create_app(settings)
    metrics = app.state.metrics
    async with (
        Database.opened(settings.database_url) as database,
        AuditLog(database) as audit,
        UsageLog(database) as usage,
    ):
        sign_in = SignIn(database, Signer(KEY))
        opened = Opened(settings, database, audit, metrics, sign_in, Sessions({}))
        app.state.opened, app.state.turns = (
            opened,
            Turns(script, database, metrics, audit, Accounts.over(database, usage, settings)),
        )
        admin = await sign_in.ensure_admin()
        _, token = await sign_in.make_api_token(admin.name, label="test")
        async with serving(app) as address:
            yield Stage(address, opened, token, app.state.turns, script)
