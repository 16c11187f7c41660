"""What the store promises: indexes that agree with a scan, and changes that nobody misses."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sandbox.controllers.indexes import NOBODY, by_label, by_node, by_owner
from sandbox.store import REMEMBERED_CHANGES, Change, Expired, Key, Store

Json = dict[str, Any]

NAMES, NAMESPACES = some.sampled_from("abcd"), some.sampled_from(["x", "y"])
NODES, OWNERS = some.sampled_from(["", "n1", "n2"]), some.sets(some.sampled_from("uv"))
LABELS = some.dictionaries(some.sampled_from(["app", "tier"]), some.sampled_from("12"))


def pod(name: str, namespace: str, node: str, owners: set[str], labels: Json) -> Json:
    references = [{"uid": uid} for uid in sorted(owners)]
    metadata = {
        "name": name,
        "namespace": namespace,
        "resourceVersion": "1",
        "labels": labels,
        "ownerReferences": references,
    }
    return {"metadata": metadata, "spec": {"nodeName": node}}


PODS = some.builds(pod, NAMES, NAMESPACES, NODES, OWNERS, LABELS)
WRITES = some.lists(some.tuples(some.sampled_from(["load", "put", "remove", "look"]), PODS))


def key_of(one: Json) -> Key:
    return Key("pods", one["metadata"]["namespace"], one["metadata"]["name"])


def write(store: Store, how: str, one: Json) -> None:
    if how == "look":
        # An index begins with the first look; what comes later must reach it.
        store.find("pods", by_node, "n1")
    elif how == "remove":
        store.remove(key_of(one))
    else:
        (store.load if how == "load" else store.put)(key_of(one), one)


def scanned(store: Store, index_by: Any, value: Any) -> list[Json]:
    return [one for one in store.list("pods") if value in set(index_by(one))]


def values() -> Iterator[tuple[Any, Any]]:
    yield from ((by_node, node) for node in ("", "n1", "n2", "n3"))
    yield from ((by_owner, owner) for owner in ("u", "v", "w", (NOBODY, "x"), (NOBODY, "y")))
    yield from ((by_label, (place, "app", value)) for place in "xyz" for value in "123")


@given(WRITES)
def test_an_index_finds_what_a_scan_finds_in_the_same_order(writes: list[tuple[str, Json]]) -> None:
    store = Store()
    for how, one in writes:
        write(store, how, one)
    for index_by, value in values():
        found = store.find("pods", index_by, value)
        assert found == scanned(store, index_by, value)
        assert store.count("pods", index_by, value) == len(found)


@given(WRITES)
def test_an_index_that_was_there_from_the_start_follows_every_write(
    writes: list[tuple[str, Json]],
) -> None:
    store = Store()
    for index_by, value in values():
        assert store.find("pods", index_by, value) == []
    for how, one in writes:
        write(store, how, one)
        for index_by, value in values():
            assert store.find("pods", index_by, value) == scanned(store, index_by, value)


@given(WRITES)
def test_the_number_of_changes_moves_whenever_another_object_is_found(
    writes: list[tuple[str, Json]],
) -> None:
    store = Store()
    for how, one in writes:
        before = {
            pair: (store.changes_of("pods", *pair), store.find("pods", *pair)) for pair in values()
        }
        write(store, how, one)
        for pair, (changes, found) in before.items():
            now = store.find("pods", *pair)
            same = [id(one) for one in now] == [id(one) for one in found]
            assert same or store.changes_of("pods", *pair) > changes


@given(WRITES)
def test_objects_are_listed_by_namespace_and_name(writes: list[tuple[str, Json]]) -> None:
    store, told = Store(), dict[Key, Json]()
    for how, one in writes:
        write(store, how, one)
        if how == "remove":
            told.pop(key_of(one), None)
        elif how != "look":
            told[key_of(one)] = one
    assert [key_of(one) for one in store.list("pods")] == sorted(told)
    assert [key_of(one) for one in store.list("pods", "x")] == [
        key for key in sorted(told) if key.namespace == "x"
    ]


def test_changes_of_one_resource_do_not_push_out_those_of_another() -> None:
    store = Store()
    secret = store.put(Key("secrets", "x", "a"), {"metadata": {}})
    before = int(secret["metadata"]["resourceVersion"]) - 1
    for _ in range(REMEMBERED_CHANGES + 1):
        store.put(Key("pods", "x", "a"), {"metadata": {}})
    assert [change.now for change in store.changes_since(before, "secrets")] == [secret]
    with pytest.raises(Expired):
        store.changes_since(before, "pods")
    with pytest.raises(Expired):
        store.changes_since(before)


def test_a_follower_is_told_every_change_until_it_stops() -> None:
    store, told = Store(), list[Change]()
    unfollow = store.follow(told.append)
    for _ in range(REMEMBERED_CHANGES + 5):
        store.put(Key("pods", "x", "a"), {"metadata": {}})
    store.remove(Key("pods", "x", "a"))
    assert len(told) == REMEMBERED_CHANGES + 6
    assert [told[0].type, told[1].type, told[-1].type] == ["ADDED", "MODIFIED", "DELETED"]
    unfollow()
    store.put(Key("pods", "x", "b"), {"metadata": {}})
    assert len(told) == REMEMBERED_CHANGES + 6


def test_a_listener_of_a_resource_is_called_for_that_resource_alone() -> None:
    store, calls = Store(), list[str]()
    store.subscribe(lambda: calls.append("pods"), "pods")
    store.subscribe(lambda: calls.append("all"))
    store.put(Key("secrets", "x", "a"), {"metadata": {}})
    assert calls == ["all"]
    store.put(Key("pods", "x", "a"), {"metadata": {}})
    assert sorted(calls) == ["all", "all", "pods"]
    store.wake()
    assert sorted(calls) == ["all", "all", "all", "pods", "pods"]
