"""Whose log a name means, asked again and again while the cluster changes under it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import Forbidden, NotFound
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.kubernetes.speakers import BELIEVED_S, Speakers
from tests.backends.loopback import Asked, Loopback, answering, kubeconfig_for

Json = dict[str, Any]


def pod(name: str, *, app: str = "cart", ready: bool = True) -> Json:
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"name": name, "namespace": "shop", "labels": {"app": app}}
    return {"metadata": metadata, "spec": {"containers": []}, "status": {"conditions": conditions}}


def workload(name: str, app: str) -> Json:
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@dataclass
class Api:
    """Lists pods and Deployments by name or label, as they are at the moment."""

    pods: list[Json] = field(default_factory=list[Json])
    deployments: list[Json] = field(default_factory=list[Json])

    def answer(self, asked: Asked) -> tuple[int, Any]:
        plural = asked.path.rpartition("/")[2]
        found = {"pods": self.pods, "deployments": self.deployments}.get(plural, [])
        name = asked.query.get("fieldSelector", "").removeprefix("metadata.name=")
        label = asked.query.get("labelSelector", "").removeprefix("app=")
        if plural == "shop":
            return 200, {"metadata": {"name": "shop"}}
        if asked.path.endswith(f"/pods/{plural}"):
            return 404, {"kind": "Status", "message": f'pods "{plural}" not found'}
        named = [one for one in found if name in ("", one["metadata"]["name"])]
        items = [
            one for one in named if label in ("", one["metadata"].get("labels", {}).get("app"))
        ]
        return 200, {"items": items}


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def api() -> Api:
    return Api([pod("cart-1"), pod("cart-2", ready=False)], [workload("cart", "cart")])


@pytest.fixture
def server(api: Api) -> Iterator[Loopback]:
    with answering(api.answer) as loopback:
        yield loopback


@pytest.fixture
def cluster(server: Loopback, tmp_path: Path) -> Kubernetes:
    return Kubernetes.connect(kubeconfig=kubeconfig_for(tmp_path, server.url))


async def chosen(speakers: Speakers, cluster: Kubernetes, name: str = "cart") -> str:
    return (await speakers.chosen(cluster, "shop", name))[0].name


async def test_a_workload_is_looked_up_once_for_readers_in_a_row(
    cluster: Kubernetes, server: Loopback
) -> None:
    speakers = Speakers()
    assert await chosen(speakers, cluster) == "cart-2"
    first = len(server.asked)
    assert await speakers.chosen(cluster, "shop", "deployment/cart") == (
        await speakers.chosen(cluster, "shop", "cart")
    )
    assert len(server.asked) == first + 2


async def test_the_pods_of_a_known_workload_are_those_of_now(cluster: Kubernetes, api: Api) -> None:
    speakers = Speakers()
    await chosen(speakers, cluster)
    api.pods = [pod("cart-3")]
    assert await chosen(speakers, cluster) == "cart-3"


async def test_what_a_name_meant_is_not_believed_for_long(cluster: Kubernetes, api: Api) -> None:
    clock = Clock()
    speakers = Speakers(clock)
    await chosen(speakers, cluster)
    api.deployments, api.pods = [workload("cart", "v2")], [pod("cart-1"), pod("new", app="v2")]
    assert await chosen(speakers, cluster) == "cart-1"
    clock.now_s = BELIEVED_S
    assert await chosen(speakers, cluster) == "new"


async def test_a_known_workload_without_pods_is_looked_up_anew(
    cluster: Kubernetes, api: Api
) -> None:
    speakers = Speakers()
    await chosen(speakers, cluster)
    api.pods = []
    with pytest.raises(NotFound, match=r"Deployment shop/cart has no pods\. Its events say why\."):
        await chosen(speakers, cluster)
    api.deployments, api.pods = [workload("cart", "v2")], [pod("new", app="v2")]
    assert await chosen(speakers, cluster) == "new"
    api.deployments, api.pods = [], []
    with pytest.raises(NotFound, match=r"cart"):
        await chosen(speakers, cluster)


async def test_a_pod_goes_before_a_workload_of_its_name(cluster: Kubernetes, api: Api) -> None:
    api.pods.append(pod("cart", app="else"))
    found, why = await Speakers().chosen(cluster, "shop", "cart")
    assert (found.name, why) == ("cart", "")


async def test_what_one_person_looked_up_opens_no_namespace_to_another(
    cluster: Kubernetes,
) -> None:
    speakers = Speakers()
    await chosen(speakers, cluster)
    with pytest.raises(Forbidden):
        await chosen(speakers, cluster.seen_by(Principal("sue", namespaces=frozenset({"data"}))))
