"""Repairs through the whole loop on a real control plane: drawn worlds, put into its etcd.

Its controllers, its scheduler and kwok's kubelets do with them what they do; see
`evals/suites/autofix.py` for the same cases in the practice cluster.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from evals.generated.making import FAULTS, REPAIRS, make_case
from evals.repairs.everything import changed, everything, named
from evals.repairs.expected import expected
from evals.repairs.loop import Ran, go
from evals.repairs.people import Haste, people
from evals.suites.autofix import Judged
from evals.truth import Json, Named, Truth
from mcp_servers.client import Connections
from sandbox.server import serving
from sandbox.snapshot import Snapshot
from tests.kube.deadline import eventually
from tests.kube.kubelet_stages import write_stages
from tests.kube.real_cluster import control_plane, fake_nodes, scheduler
from tests.kube.server import Server
from tools.measure.stored import PLACES, store

pytestmark = pytest.mark.live

# What kwok's kubelets can show without logs, and what does not depend on how many nodes there are.
WORLDS = (
    "wrong_node_label", "tag_was_never_pushed", "segfault_after_an_update", "paused_and_forgotten",
    "repaired_template_broken_pod", "config_map_is_missing", "key_was_renamed", "account_is_absent",
    "selects_the_old_version", "port_name_is_gone", "schedule_is_suspended", "more_replicas_are_wanted",
    "more_memory_is_wanted",
    "a_node_is_to_be_emptied", "scaled_to_nothing_and_still_called", "misspelt_macro",
    "killed_at_a_limit_that_was_measured", "new_image_of_a_stateful_set_crashes", "misspelt_priority",
    "bad_tag_in_a_repository", "replicas_that_an_autoscaler_owns", "drain_that_a_budget_forbids",
    "quota_demands_limits",
)  # fmt: skip
DRAW = "11/0"
QUIET_LOOKS = 3


@dataclass(frozen=True)
class Cluster:
    server: Server
    folder: Path

    def case(self, world: str) -> Truth:
        [folder] = (self.folder / world).iterdir()
        return Truth.read(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("drawn")
    all_of_them = (
        one for n, world in enumerate(WORLDS) for one in drawn(folder / "cases", world, n)
    )
    objects = list({named(one): one for one in all_of_them}.values())
    with ExitStack() as running:
        server = running.enter_context(
            control_plane(
                folder,
                controllers=("*",),
                stored=lambda etcd: store(etcd, objects),
                without=(),
            )
        )
        stages = write_stages(folder / "stages.yaml", objects)
        running.enter_context(fake_nodes(folder, server, stages=stages))
        running.enter_context(scheduler(folder, server))
        come_to_rest(server)
        yield Cluster(server, folder / "cases")


def come_to_rest(server: Server) -> None:
    """Controllers fill in what the pictures lack; after that nothing moves by itself."""
    seen: list[dict[Named, Json]] = []

    def rests() -> bool:
        seen.append(everything(server.kubeconfig))
        return len(seen) > QUIET_LOOKS and all(
            same(seen[-1], one) for one in seen[-1 - QUIET_LOOKS : -1]
        )

    eventually(rests, patience_s=60, every_s=1)


def same(one: dict[Named, Json], other: dict[Named, Json]) -> bool:
    return one.keys() == other.keys() and not any(changed(one[name], other[name]) for name in one)


def drawn(root: Path, world: str, n: int) -> list[Json]:
    """A world in a namespace of its own, on nodes of its own; owners before what they own."""
    [fault] = [one for one in (*FAULTS, *REPAIRS) if one.name == world]
    make_case(root / world, fault, DRAW, space=f"case-{n:02d}")
    [folder] = (root / world).iterdir()
    own_nodes(folder, f"c{n:02d}-")
    held = Snapshot.read(folder).objects
    kinds = list(PLACES)
    wanted = [
        one
        for one in held
        if one["kind"] in PLACES and one["metadata"].get("namespace", "") != "kube-system"
        and (one["kind"], one["metadata"]["name"]) != ("Namespace", "kube-system")
    ]  # fmt: skip
    for one in wanted:
        if one["kind"] == "Node":
            without_kubelet(one)
    return sorted(wanted, key=lambda one: kinds.index(one["kind"]))


def without_kubelet(node: Json) -> None:
    """Who asks this node for a log is refused at once, instead of waiting for an address of nobody."""
    node["status"]["addresses"] = [{"type": "InternalIP", "address": "127.0.0.1"}]
    node["status"]["daemonEndpoints"] = {"kubeletEndpoint": {"Port": 1}}


def own_nodes(folder: Path, prefix: str) -> None:
    """Every node of the world gets a name that no other world has."""
    objects = Snapshot.read(folder).objects
    names = [one["metadata"]["name"] for one in objects if one["kind"] == "Node"]
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            text = file.read_text("utf-8")
            for name in names:
                text = text.replace(name, f"{prefix}{name}")
            file.write_text(text, "utf-8")


@pytest.mark.parametrize("world", WORLDS)
async def test_what_may_be_mended_is_and_nothing_else_is_touched(
    cluster: Cluster, world: str, tmp_path: Path
) -> None:
    truth = cluster.case(world)
    wanted = expected(truth)
    assert wanted is not None
    judged = Judged(truth, wanted, await ran(cluster.server, truth, tmp_path))
    assert list(judged.reasons()) == []


async def ran(server: Server, truth: Truth, folder: Path) -> Ran:
    """Figures come from the picture; the cluster itself is the real one."""
    async with serving(truth.folder) as picture:
        connections = Connections(
            kubeconfig=server.kubeconfig, prometheus_url=picture.prometheus, timeout_s=30
        )
        haste = Haste(settle_s=1, deadline_s=40)
        async with people(connections, folder, haste) as asking:
            return await go(asking, server.kubeconfig, truth.said)
