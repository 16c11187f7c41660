"""What an investigation read is gone when it has answered, without waiting for Python's collector."""

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


@pytest.mark.usefixtures("uncollected")
async def test_nothing_of_the_cluster_outlives_an_investigation(tools: Tools) -> None:
    answer = await tools.call("rca_investigate", namespace="shop", name="checkout")
    left = [one for one in gc.get_objects() if isinstance(one, Resource | OpsError)]
    assert (answer.data["verdict"], left) == ("found", [])
