"""The practice shop, served once for all tests that only read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_servers.backends.kubernetes import Kubernetes
from sandbox.server import Addresses, serving_in_thread

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"


@pytest.fixture(scope="session")
def shop() -> Iterator[Addresses]:
    with serving_in_thread(SHOP) as addresses:
        yield addresses


@pytest.fixture
def cluster(shop: Addresses) -> Iterator[Kubernetes]:
    connected = Kubernetes.connect(kubeconfig=shop.kubeconfig)
    yield connected
    connected.close()
