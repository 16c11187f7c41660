"""The ordinary Go client at work on both servers."""

import os
import subprocess
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.kube.server import Server
from tests.sandbox.small_cluster import named

pytestmark = pytest.mark.live

MODULE = Path(__file__).parents[1] / "clients" / "go"
CHECKS = (
    "a list comes in pages",
    "an informer sees every change",
    "a second manager meets a conflict",
    "an eviction respects the budget",
    "a custom resource is read and written",
    "what is served is discovered",
    "schemas are found by group and version",
    "bodies may be protobuf",
    "an unknown field is refused or warned of",
    "a watch goes on where another one stopped",
)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built anew, which takes seconds where the modules were built before."""
    target = tmp_path_factory.mktemp("go") / "client"
    command = ["go", "build", "-p", "1", "-trimpath", "-ldflags", "-s -w", "-o", target, "."]
    subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return target


@pytest.fixture(scope="session")
def found(program: Path, server: Server, http: httpx2.Client) -> dict[str, str]:
    """Check → what went wrong, "" for nothing."""
    namespace = f"go-{os.getpid()}"
    told = named("Namespace", namespace, namespace="")
    http.post("/api/v1/namespaces", json=told).raise_for_status()
    command = [program, "--kubeconfig", server.kubeconfig, "--namespace", namespace]
    done = subprocess.run(command, capture_output=True, check=True)
    http.delete(f"/api/v1/namespaces/{namespace}")
    results = [orjson.loads(line) for line in done.stdout.splitlines()]
    return {one["check"]: one["error"] for one in results}


def test_every_check_of_the_program_is_looked_at(found: dict[str, str]) -> None:
    assert set(found) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_the_go_client_finds_that(found: dict[str, str], check: str) -> None:
    assert found[check] == ""
