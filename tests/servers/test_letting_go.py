"""What an investigation read is gone when it has answered, without waiting for Python's collector."""

import asyncio
import gc
from collections.abc import Generator

import pytest

from core.errors import OpsError
from mcp_servers.client import Tools
from mcp_servers.facts.kubernetes import Resource


@pytest.fixture
def uncollected() -> Generator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _held() -> list[Resource | OpsError]:
    """Those of this process, other tests' among them."""
    return [one for one in gc.get_objects() if isinstance(one, Resource | OpsError)]


@pytest.mark.usefixtures("uncollected")
async def test_nothing_of_the_cluster_outlives_an_investigation(tools: Tools) -> None:
    before = {id(one) for one in _held()}
    answer = await tools.call("rca_investigate", namespace="shop", name="checkout")
    await asyncio.sleep(0)  # the loop holds what it woke us with until its next round
    left = [one for one in _held() if id(one) not in before]
    assert (answer.data["verdict"], left) == ("found", [])
