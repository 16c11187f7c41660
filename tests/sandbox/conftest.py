"""A small practice cluster on loopback, and the clients that people use against it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import kubernetes
import pytest

from sandbox.server import Addresses, serving_in_thread
from tests.kube.binaries import required
from tests.sandbox.small_cluster import write_snapshot


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Addresses]:
    """The small cluster, served."""
    with serving_in_thread(write_snapshot(tmp_path / "small")) as addresses:
        yield addresses


@pytest.fixture
def http(small: Addresses) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=small.kubernetes, verify=False) as client:
        yield client


@pytest.fixture
def official(small: Addresses) -> Iterator[Any]:
    """The official Python client, configured by the kubeconfig alone."""
    with kubernetes.config.new_client_from_config(
        str(small.kubeconfig), persist_config=False
    ) as client:
        yield client


@pytest.fixture
def kubectl(small: Addresses, tmp_path: Path) -> Callable[..., str]:
    """Run the real kubectl; what it prints, errors included."""
    [binary] = required("kubectl")

    def run(*arguments: str, told: str = "") -> str:
        done = subprocess.run(
            [binary, *arguments],
            env={"KUBECONFIG": str(small.kubeconfig), "HOME": str(tmp_path)},
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    return run
