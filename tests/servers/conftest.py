"""Situations: the practice shop behind open sessions, and people with different rights."""

from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest

from core.principal import Permission, Principal
from core.telemetry import Metrics
from mcp_servers.access import Gate
from mcp_servers.calling import in_memory
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses, serving_in_thread
from tests.knowledge.searching_redis import INSTALLS
from tests.servers.toys import Written, toys

# Elsewhere no Redis with search is to be had as a package.
collect_ignore = [] if INSTALLS else ["test_knowledge_in_redis.py"]

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"

ANN = Principal("ann", permissions=frozenset(Permission))
BOB = Principal("bob", permissions=frozenset({Permission.CLUSTER_READ}))
SHOPKEEPER = Principal(
    "sue", permissions=frozenset(Permission), namespaces=frozenset({"shop", "data"})
)


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def toybox(
    written: Written, metrics: Metrics
) -> AsyncGenerator[Callable[[Principal], Tools]]:
    """Tools of the toy server for anybody."""
    async with in_memory(toys(Gate(audit=written, metrics=metrics))) as line:
        sessions = Sessions({"toy": line.itself})
        yield lambda principal: Tools(sessions, principal)


@pytest.fixture(scope="session")
def shop() -> Iterator[Addresses]:
    with serving_in_thread(SHOP) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def calm() -> Iterator[Addresses]:
    """A practice cluster of which three hours are known."""
    with serving_in_thread(SHOP.parent / "healthy") as addresses:
        yield addresses


@pytest.fixture
async def calm_tools(calm: Addresses) -> AsyncGenerator[Tools]:
    connections = Connections(kubeconfig=calm.kubeconfig, prometheus_url=calm.prometheus)
    async with in_process(connections, only=["budgets", "forecast"]) as opened:
        yield Tools(opened, ANN)


@pytest.fixture
async def sessions(shop: Addresses) -> AsyncGenerator[Sessions]:
    connections = Connections(
        kubeconfig=shop.kubeconfig,
        prometheus_url=shop.prometheus,
        alertmanager_url=shop.alertmanager,
    )
    async with in_process(connections) as opened:
        yield opened


@pytest.fixture
def tools(sessions: Sessions) -> Tools:
    return Tools(sessions, ANN)


@pytest.fixture
def shopkeeper(sessions: Sessions) -> Tools:
    return Tools(sessions, SHOPKEEPER)
