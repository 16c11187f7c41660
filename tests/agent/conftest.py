"""A real practice cluster behind real tool servers, and assistants that talk to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.graph import Assistant
from agent.limits import Limits
from agent.models import Lineup, ModelChoice
from mcp_servers.client import Connections, Sessions, in_process
from sandbox.server import serving
from tests.agent.turns import SNAPSHOTS

# A pause between two tries that nobody has to wait for.
QUICK = Lineup(pause_s=0.01)


@asynccontextmanager
async def sessions_over(snapshot: str) -> AsyncGenerator[Sessions]:
    async with serving(SNAPSHOTS / snapshot) as addresses:
        connections = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
        )
        async with in_process(connections) as sessions:
            yield sessions


@pytest.fixture(scope="module")
async def sessions() -> AsyncGenerator[Sessions]:
    """The shop, where checkout outgrows its memory limit."""
    async with sessions_over("shop") as opened:
        yield opened


@pytest.fixture
async def assistant(sessions: Sessions) -> AsyncGenerator[Assistant]:
    """Without any model."""
    async with Assistant.opened(model=ModelChoice(), sessions=sessions, memory=None) as opened:
        yield opened


@asynccontextmanager
async def assistant_with(
    sessions: Sessions,
    choice: ModelChoice,
    *,
    lineup: Lineup = QUICK,
    limits: Limits = Limits(),  # noqa: B008 - frozen, so nobody can change the default
    memory: Path | str | None = None,
) -> AsyncGenerator[Assistant]:
    async with Assistant.opened(
        model=choice, sessions=sessions, memory=memory, lineup=lineup, limits=limits
    ) as opened:
        yield opened
