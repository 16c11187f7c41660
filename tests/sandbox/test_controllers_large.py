"""Many pods: rooms that agree with a count from scratch, and writes with many consequences."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from sandbox.controllers.rooms import Room, Rooms
from sandbox.store import REMEMBERED_CHANGES, Key, Store
from tests.sandbox.stepped import Stepped, deployment, node, template

Json = dict[str, Any]

PHASES = some.sampled_from(["Pending", "Running", "Succeeded", "Failed"])


def pod(name: str, place: str, cpu: int, phase: str) -> Json:
    resources = {"requests": {"cpu": f"{cpu}m"}}
    spec = {"nodeName": place, "containers": [{"name": "app", "resources": resources}]}
    metadata = {"name": name, "namespace": "x", "resourceVersion": "1"}
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase}}


PODS = some.builds(
    pod, some.sampled_from("abc"), some.sampled_from(["", "n1", "n2"]), some.integers(0, 9), PHASES
)


@given(some.lists(some.tuples(some.booleans(), PODS)))
def test_a_room_that_was_kept_is_what_it_would_be_anew(writes: list[tuple[bool, Json]]) -> None:
    store, rooms, nodes = Store(), Rooms(), [node("n1"), node("n2")]
    for stays, one in writes:
        key = Key("pods", "x", one["metadata"]["name"])
        _ = store.put(key, one) if stays else store.remove(key)
        for place, room in zip(nodes, rooms.of(store, nodes), strict=True):
            name = place["metadata"]["name"]
            here = [pod for pod in store.list("pods") if pod["spec"]["nodeName"] == name]
            assert room == Room.of(place, here)


def test_a_room_is_that_of_the_node_as_it_is_now() -> None:
    store, rooms = Store(), Rooms()
    assert rooms.of(store, [node("n1", cpu="4")])[0].room["cpu"] == Decimal(4)
    assert rooms.of(store, [node("n1", cpu="8")])[0].room["cpu"] == Decimal(8)


def test_pods_go_to_the_node_with_the_most_room_one_after_the_other() -> None:
    cluster = Stepped(node("n1"), node("n2"), node("n3"))
    asks = template(resources={"requests": {"memory": "1Gi"}})
    cluster.put(deployment(9, told=asks))
    places = [one["spec"]["nodeName"] for one in cluster.pods()]
    assert {name: places.count(name) for name in places} == {"n1": 3, "n2": 3, "n3": 3}


def test_no_change_is_missed_when_one_write_has_more_consequences_than_watchers_remember() -> None:
    cluster = Stepped(node("n1"))
    cluster.put(deployment(1))
    for _ in range(REMEMBERED_CHANGES + 1):
        cluster.store.put(Key("configmaps", "shop", "busy"), {"metadata": {"uid": "busy"}})
    cluster.edit("Deployment", "web", replicas=2)
    cluster.pass_s(60)
    assert [one["status"]["phase"] for one in cluster.pods()] == ["Running", "Running"]
