"""The real kubectl says the same of the practice cluster as of a real server."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import httpx2
import orjson
import pytest

from sandbox.server import serving_in_thread
from tests.kube.binaries import required
from tests.kube.kubectl_cases import LOOKING, MANIFESTS, MISTYPED_PATCHES, WORKING
from tests.kube.scene import clear, lay
from tests.kube.server import Server
from tests.kube.side_by_side import Kubectl
from tests.sandbox.small_cluster import named, write_snapshot

pytestmark = pytest.mark.real_only("the practice cluster is what the real one is compared with")

Json = dict[str, Any]
NAMESPACE = f"side-{os.getpid()}"


@dataclass(frozen=True)
class Pair:
    """The same command for both."""

    real: Kubectl
    practice: Kubectl

    def compare(self, *commands: str) -> None:
        told = [(one, self.real(one), self.practice(one)) for one in commands]
        real = [f"$ kubectl {one}\n{printed}" for one, printed, _ in told]
        practice = [f"$ kubectl {one}\n{printed}" for one, _, printed in told]
        differing = unified_diff(
            "\n".join(real).splitlines(),
            "\n".join(practice).splitlines(),
            "real",
            "practice",
            lineterm="",
        )
        assert not (shown := "\n".join(differing)), shown


@pytest.fixture(scope="module")
def pair(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    [binary] = required("kubectl")
    folder = tmp_path_factory.mktemp("manifests")
    for name, told in MANIFESTS.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(told))
    snapshot = write_snapshot(
        tmp_path_factory.mktemp("practice"), [named("Namespace", "default", namespace="")]
    )
    with serving_in_thread(snapshot, reacts=False) as addresses, server.client() as real:
        try:
            with httpx2.Client(base_url=addresses.kubernetes) as practice:
                lay(practice, NAMESPACE)
            lay(real, NAMESPACE)
            yield Pair(
                Kubectl(binary, server.kubeconfig, folder, NAMESPACE),
                Kubectl(binary, addresses.kubeconfig, folder, NAMESPACE),
            )
        finally:
            clear(real, NAMESPACE)


@pytest.mark.parametrize("command", LOOKING)
def test_looking_shows_the_same(pair: Pair, command: str) -> None:
    pair.compare(command)


@pytest.mark.parametrize("command", MISTYPED_PATCHES.values(), ids=MISTYPED_PATCHES.keys())
def test_values_of_the_wrong_type_are_refused_in_the_same_words(pair: Pair, command: str) -> None:
    pair.compare(command)


@pytest.mark.parametrize("commands", WORKING.values(), ids=WORKING.keys())
def test_work_goes_the_same_way(pair: Pair, commands: tuple[str, ...]) -> None:
    pair.compare(*commands)
