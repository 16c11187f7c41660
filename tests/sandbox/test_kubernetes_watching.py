"""A watch tells what is there, then every change, and ends when it should."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import kubernetes
import orjson
import pytest

from sandbox.server import serving_in_thread
from sandbox.store import REMEMBERED_CHANGES, Key, Store
from tests.sandbox.small_cluster import named, write_snapshot

CONFIGMAPS = "/api/v1/namespaces/shop/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}


def now(http: httpx2.Client) -> str:
    return str(http.get(CONFIGMAPS).json()["metadata"]["resourceVersion"])


def watched(http: httpx2.Client, path: str = CONFIGMAPS, **query: Any) -> Iterator[dict[str, Any]]:
    told = {"watch": "true", "timeoutSeconds": 1, **query}
    with http.stream("GET", path, params=told) as answer:
        for line in answer.iter_lines():
            yield orjson.loads(line)


def steps(events: Iterator[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["type"], one["object"]["metadata"].get("name", "")) for one in events]


def test_changes_since_a_version_come_in_order(http: httpx2.Client) -> None:
    version = now(http)
    http.post(CONFIGMAPS, json=named("ConfigMap", "a")).raise_for_status()
    http.patch(f"{CONFIGMAPS}/a", json={"data": {"x": "y"}}, headers=MERGE).raise_for_status()
    http.delete(f"{CONFIGMAPS}/a").raise_for_status()
    events = list(watched(http, resourceVersion=version))
    assert steps(iter(events)) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in events]
    assert versions == sorted(versions)
    assert versions[0] > int(version)


def test_without_a_version_what_is_there_comes_first(http: httpx2.Client) -> None:
    assert steps(watched(http)) == [("ADDED", "settings")]


def test_a_change_while_watching_arrives(http: httpx2.Client) -> None:
    events = watched(http, resourceVersion=now(http), timeoutSeconds=5)
    later = threading.Timer(0.1, lambda: http.post(CONFIGMAPS, json=named("ConfigMap", "late")))
    later.start()
    assert next(events)["object"]["metadata"]["name"] == "late"
    later.join()
    events.close()


def test_an_object_that_stops_matching_is_told_as_deleted(http: httpx2.Client) -> None:
    pod, version = "/api/v1/namespaces/shop/pods/web-b", now(http)
    for tier in ("back", "side"):
        http.patch(
            pod, json={"metadata": {"labels": {"tier": tier}}}, headers=MERGE
        ).raise_for_status()
    query = {"resourceVersion": version, "labelSelector": "tier=back"}
    assert steps(watched(http, "/api/v1/pods", **query)) == [
        ("ADDED", "web-b"),
        ("DELETED", "web-b"),
    ]


def test_a_version_that_is_no_longer_known_is_gone(http: httpx2.Client) -> None:
    [error] = watched(http, resourceVersion=1)
    assert (error["type"], error["object"]["code"]) == ("ERROR", 410)
    assert "too old resource version: 1" in error["object"]["message"]


def test_the_end_of_what_is_there_is_marked_when_asked(http: httpx2.Client) -> None:
    query = {
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    first, last = list(watched(http, **query))[:2]
    assert first["type"] == "ADDED"
    assert last["type"] == "BOOKMARK"
    assert last["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_the_official_client_watches(official: Any) -> None:
    core = kubernetes.client.CoreV1Api(official)
    stream = kubernetes.watch.Watch().stream(core.list_namespaced_pod, "shop", timeout_seconds=1)
    assert [one["object"].metadata.name for one in stream] == ["web-a", "web-b"]


def test_a_watch_ends_with_the_server(tmp_path: Path) -> None:
    ended = threading.Event()

    def watch(address: str) -> None:
        with httpx2.Client(base_url=address, verify=False) as http:
            for _ in watched(http, timeoutSeconds=600):
                begun.set()
        ended.set()

    begun = threading.Event()
    with serving_in_thread(write_snapshot(tmp_path)) as addresses:
        threading.Thread(target=watch, args=[addresses.kubernetes]).start()
        assert begun.wait(10)
    assert ended.wait(10)


def test_as_many_changes_as_promised_are_remembered() -> None:
    store = Store()
    key, start = Key("configmaps", "", "a"), store.version
    for _ in range(REMEMBERED_CHANGES):
        store.put(key, {"metadata": {}})
    assert len(list(store.changes_since(start, "configmaps"))) == REMEMBERED_CHANGES
    store.put(key, {"metadata": {}})
    with pytest.raises(Exception, match="too old resource version"):
        store.changes_since(start, "configmaps")
    assert len(list(store.changes_since(start + 1, "configmaps"))) == REMEMBERED_CHANGES
