"""Watches: what happens after a version, in order, until the time is up."""

import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import orjson
import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import DEFINITIONS, config, definition
from tests.kube.server import Kube, refused

Json = dict[str, Any]


@contextmanager
def watching(kube: Kube, **query: Any) -> Generator[Iterator[Json]]:
    """Events of this namespace's ConfigMaps but the one that a controller writes."""
    asked = {"watch": "1", "timeoutSeconds": "20", **query}
    asked.setdefault("fieldSelector", "metadata.name!=kube-root-ca.crt")
    with kube.http.stream("GET", kube.path("configmaps"), params=asked) as answer:
        assert answer.status_code == 200
        yield (orjson.loads(line) for line in answer.iter_lines() if line)


def now(kube: Kube) -> str:
    return kube.get("configmaps").json()["metadata"]["resourceVersion"]


def brief(event: Json) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_life_is_told_in_order(kube: Kube) -> None:
    since = now(kube)
    kube.made("configmaps", config("a", x="1"))
    kube.patch("configmaps", "a", {"data": {"x": "2"}}).raise_for_status()
    kube.delete("configmaps", "a").raise_for_status()
    with watching(kube, resourceVersion=since) as events:
        told = [next(events) for _ in range(3)]
    assert [brief(one) for one in told] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in told]
    assert versions == sorted(set(versions))
    assert [one["object"]["data"]["x"] for one in told] == ["1", "2", "2"]


@pytest.mark.parametrize("version", ["", "0"])
def test_without_a_version_what_is_there_comes_first(kube: Kube, version: str) -> None:
    kube.made("configmaps", config("a"))
    kube.made("configmaps", config("b"))
    with watching(kube, resourceVersion=version) as events:
        first = {brief(next(events)) for _ in range(2)}
        kube.made("configmaps", config("c"))
        assert first == {("ADDED", "a"), ("ADDED", "b")}
        assert brief(next(events)) == ("ADDED", "c")


def test_a_change_that_comes_later_is_told_when_it_comes(kube: Kube) -> None:
    with watching(kube, resourceVersion=now(kube)) as events:
        kube.made("configmaps", config("late"))
        assert brief(next(events)) == ("ADDED", "late")


def test_what_begins_to_match_is_added_and_what_stops_is_deleted(kube: Kube) -> None:
    made = kube.made("configmaps", config("a"))
    since = made["metadata"]["resourceVersion"]
    for value in ("yes", "no", "yes"):
        kube.patch("configmaps", "a", {"metadata": {"labels": {"on": value}}}).raise_for_status()
    with watching(kube, resourceVersion=since, labelSelector="on=yes") as events:
        assert [next(events)["type"] for _ in range(3)] == ["ADDED", "DELETED", "ADDED"]


def test_one_object_may_be_watched(kube: Kube) -> None:
    since = now(kube)
    kube.made("configmaps", config("a"))
    kube.made("configmaps", config("b"))
    with watching(kube, resourceVersion=since, fieldSelector="metadata.name=b") as events:
        assert brief(next(events)) == ("ADDED", "b")


def test_another_namespace_is_not_told(kube: Kube) -> None:
    since = now(kube)
    path = "/api/v1/namespaces/default/configmaps"
    kube.http.post(path, json=config(kube.namespace)).raise_for_status()
    kube.http.delete(f"{path}/{kube.namespace}").raise_for_status()
    kube.made("configmaps", config("mine"))
    with watching(kube, resourceVersion=since) as events:
        assert brief(next(events)) == ("ADDED", "mine")


def test_a_watch_ends_when_its_time_is_up(kube: Kube) -> None:
    since = now(kube)
    with watching(kube, resourceVersion=since, timeoutSeconds="1") as events:
        assert list(events) == []


def test_the_initial_events_end_with_a_bookmark(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with watching(kube, **query) as events:
        assert brief(next(events)) == ("ADDED", "a")
        mark = next(events)
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["kind"] == "ConfigMap"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(mark["object"]["metadata"]["resourceVersion"]) > 0


def test_initial_events_need_a_version_match(kube: Kube) -> None:
    _check_options(kube, "sendInitialEvents=true&watch=1", MATCH, INITIAL_NEEDS_MATCH)


MATCH = "resourceVersionMatch"
INITIAL_NEEDS_MATCH = (
    "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
)
NOT_FOR_WATCH = (
    "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
)


def _check_options(kube: Kube, query: str, field: str, message: str) -> None:
    answer = kube.http.get(f"{kube.path('configmaps')}?{query}")
    words = 'ListOptions.meta.k8s.io "" is invalid: '
    causes = refused(answer, 422, "Invalid", words)["details"]["causes"]
    assert (causes[0]["field"], causes[0]["message"]) == (field, message)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        (
            "watch=1&resourceVersion=1&resourceVersionMatch=Exact&sendInitialEvents=true",
            MATCH,
            INITIAL_NEEDS_MATCH,
        ),
        (
            "watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
            MATCH,
            NOT_FOR_WATCH,
        ),
        (
            "sendInitialEvents=true",
            "sendInitialEvents",
            "Forbidden: sendInitialEvents is forbidden for list",
        ),
        (
            "resourceVersionMatch=Exact",
            MATCH,
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersion=5&resourceVersionMatch=Odd",
            MATCH,
            'Unsupported value: "Odd": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            MATCH,
            'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
    ],
)
def test_versions_and_events_that_do_not_go_together_are_refused(
    kube: Kube, query: str, field: str, message: str
) -> None:
    _check_options(kube, query, field, message)


def test_a_version_that_is_no_number_is_taken_for_the_servers_own_fault(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    words = 'resourceVersion: Invalid value: "soon": '
    for answer in (
        kube.get("configmaps", watch="1", timeoutSeconds="1", resourceVersion="soon"),
        kube.get("configmaps", "a", resourceVersion="soon"),
    ):
        assert answer.status_code == 500
        assert answer.json()["message"].startswith(words)
    refused(kube.get("configmaps", resourceVersion="soon"), 400, "BadRequest")


def test_a_time_that_is_no_number_is_refused(kube: Kube) -> None:
    answer = kube.get("configmaps", watch="1", timeoutSeconds="soon")
    refused(answer, 400, "BadRequest", 'strconv.ParseInt: parsing "soon": invalid syntax')


def test_names_alone_may_be_watched(kube: Kube) -> None:
    kube.made("configmaps", config("a", secret="much"))
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    query = {"watch": "1", "timeoutSeconds": "5", "fieldSelector": "metadata.name=a"}
    with kube.http.stream(
        "GET", kube.path("configmaps"), params=query, headers={"accept": accept}
    ) as answer:
        event: Json = orjson.loads(next(line for line in answer.iter_lines() if line))
    assert event["object"]["kind"] == "PartialObjectMetadata"
    assert "data" not in event["object"]


def test_who_starts_anew_and_takes_bookmarks_is_told_where_the_past_ends(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    for version in ("", "0"):
        with watching(kube, resourceVersion=version, allowWatchBookmarks="true") as events:
            assert brief(next(events)) == ("ADDED", "a")
            mark = next(events)
        assert mark["type"] == "BOOKMARK"
        assert "k8s.io/initial-events-end" in mark["object"]["metadata"]["annotations"]


def test_who_goes_on_from_a_version_is_sent_no_such_bookmark(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    query = {"resourceVersion": now(kube), "allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    with watching(kube, **query) as events:
        assert list(events) == []


def test_initial_events_without_bookmarks_are_the_objects_alone(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    with watching(kube, timeoutSeconds="1", **query) as events:
        assert [brief(one) for one in events] == [("ADDED", "a")]


def test_initial_events_may_be_declined(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    query = {"sendInitialEvents": "false", "resourceVersionMatch": "NotOlderThan"}
    with watching(kube, **query) as events:
        kube.made("configmaps", config("b"))
        assert brief(next(events)) == ("ADDED", "b")


def test_initial_events_at_a_version_not_reached_yet_end_in_an_error(kube: Kube) -> None:
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "resourceVersion": "999999999",
    }
    with kube.http.stream("GET", kube.path("configmaps"), params={"watch": "1", **query}) as answer:
        [event] = [orjson.loads(line) for line in answer.iter_lines() if line]
    status = event["object"]
    assert (event["type"], status["code"], status["reason"]) == ("ERROR", 504, "Timeout")
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_a_watch_from_a_version_not_reached_yet_waits(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    with watching(kube, resourceVersion="999999999", timeoutSeconds="1") as events:
        assert list(events) == []


def test_a_version_that_is_too_old_is_gone(kube: Kube) -> None:
    """A new kind remembers nothing of what was before it."""
    plural = f"gadgets{kube.namespace.replace('-', '')}"
    kube.http.post(DEFINITIONS, json=definition(plural)).raise_for_status()
    path = f"/apis/check.example.com/v1/namespaces/{kube.namespace}/{plural}"
    eventually(lambda: kube.http.get(path).status_code == 200)
    query = {"watch": "1", "resourceVersion": "1", "timeoutSeconds": "5"}
    with kube.http.stream("GET", path, params=query) as answer:
        [event] = [orjson.loads(line) for line in answer.iter_lines() if line]
    assert (answer.status_code, event["type"]) == (200, "ERROR")
    status = event["object"]
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")
    kube.http.delete(f"{DEFINITIONS}/{plural}.check.example.com").raise_for_status()


def test_a_watch_may_be_left_and_taken_up_again(kube: Kube) -> None:
    since = now(kube)
    kube.made("configmaps", config("a"))
    with watching(kube, resourceVersion=since) as events:
        seen = next(events)["object"]["metadata"]["resourceVersion"]
    kube.made("configmaps", config("b"))
    with watching(kube, resourceVersion=seen) as events:
        assert brief(next(events)) == ("ADDED", "b")


def test_a_list_at_a_version_not_reached_yet_is_refused(kube: Kube) -> None:
    answer: httpx2.Response = kube.get("configmaps", resourceVersion="999999999")
    assert answer.status_code == 504
    assert "Too large resource version" in answer.json()["message"]


def test_the_rows_of_a_watched_table_are_as_old_as_when_they_are_sent(kube: Kube) -> None:
    """With the columns once, before the first row."""
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    since = now(kube)
    query = {"watch": "1", "timeoutSeconds": "20", "resourceVersion": since}
    kube.made("configmaps", config("a"))
    headers = {"accept": table}
    path = kube.path("configmaps")
    with kube.http.stream("GET", path, params=query, headers=headers) as answer:
        lines = (orjson.loads(line) for line in answer.iter_lines() if line)
        first = next(lines)["object"]
        time.sleep(3)  # so that what is made now is younger than the watch
        kube.made("configmaps", config("b"))
        second = next(lines)["object"]
    for one, name in ((first, "a"), (second, "b")):
        cells = dict(
            zip(
                [c["name"] for c in first["columnDefinitions"]],
                one["rows"][0]["cells"],
                strict=True,
            )
        )
        assert cells["Name"] == name
        assert re.fullmatch(r"\d+s", cells["Age"])
    assert second["columnDefinitions"] is None
