"""The same checks on both servers: the practice cluster always, a real one when `live` is asked for."""

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from mcp_servers.backends.kubernetes import Kubernetes
from sandbox.server import serving_in_thread
from tests.kube.existing import current_cluster
from tests.kube.real_cluster import control_plane
from tests.kube.server import Kube, Server
from tests.sandbox.small_cluster import named, write_snapshot

_NUMBERS = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    about = "real_only(why): the practice cluster is known to differ, and why"
    config.addinivalue_line("markers", about)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A check of the real server alone does not exist for the practice cluster."""
    left_out = [one for one in items if one.get_closest_marker("real_only") and _is_sandbox(one)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in left_out]


def _is_sandbox(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and called.params.get("server") == "sandbox"


@pytest.fixture(scope="session", params=["sandbox", pytest.param("real", marks=pytest.mark.live)])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    start = {"sandbox": _practice_cluster, "real": _real_cluster}[request.param]
    with start(tmp_path_factory.mktemp(request.param)) as started:
        yield started


@contextmanager
def _practice_cluster(folder: Path) -> Generator[Server]:
    default = named("Namespace", "default", namespace="")
    default["metadata"]["resourceVersion"] = "100"  # as on any server, something was before
    # As the real server here, whose controllers do no more than see deletions through.
    with serving_in_thread(write_snapshot(folder, [default]), reacts=False) as addresses:
        yield Server("sandbox", addresses.kubernetes, "", None, addresses.kubeconfig)


@contextmanager
def _real_cluster(folder: Path) -> Generator[Server]:
    existing = os.environ.get("USE_EXISTING_CLUSTER") == "true"
    with current_cluster(folder) if existing else control_plane(folder) as started:
        yield started


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="session")
def used(http: httpx2.Client) -> Iterator[list[str]]:
    """Namespaces that go when all checks are over: to empty one keeps a real server busy."""
    names: list[str] = []
    yield names
    for name in names:
        http.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def kube(server: Server, http: httpx2.Client, used: list[str]) -> Kube:
    """A fresh namespace."""
    namespace = f"check-{os.getpid()}-{next(_NUMBERS)}"
    http.post(
        "/api/v1/namespaces", json=named("Namespace", namespace, namespace="")
    ).raise_for_status()
    used.append(namespace)
    return Kube(server, http, namespace)


@pytest.fixture
def hand(server: Server) -> Iterator[Kubernetes]:
    """Our own backend, as it meets this server."""
    connected = Kubernetes.connect(kubeconfig=server.kubeconfig, timeout_s=30)
    yield connected
    connected.close()


@pytest.fixture
def acting(server: Server) -> Iterator[Callable[[str], Kubernetes]]:
    """Our own backend as somebody else."""
    opened: list[Kubernetes] = []

    def as_user(user: str) -> Kubernetes:
        opened.append(Kubernetes.connect(kubeconfig=server.kubeconfig, impersonate=user))
        return opened[-1]

    yield as_user
    for one in opened:
        one.close()
