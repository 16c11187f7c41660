"""What can be read over the wire: discovery, objects, lists in pages, logs."""

from pathlib import Path
from typing import Any

import httpx2
import kubernetes
import pytest

from sandbox.server import serving_in_thread
from tests.sandbox.small_cluster import LOG, write, write_snapshot


def names(answer: httpx2.Response) -> list[str]:
    return [one["metadata"]["name"] for one in answer.json()["items"]]


def test_every_discovered_kind_can_be_listed(http: httpx2.Client) -> None:
    groups = http.get("/apis").json()["groups"]
    paths = ["/api/v1", *(f"/apis/{v['groupVersion']}" for g in groups for v in g["versions"])]
    for path in paths:
        for resource in http.get(path).json()["resources"]:
            if "list" in resource["verbs"] and "/" not in resource["name"]:
                listed = http.get(f"{path}/{resource['name']}").json()
                assert listed["kind"] == f"{resource['kind']}List"


def test_aggregated_discovery_tells_the_same_kinds(http: httpx2.Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    answer = http.get("/apis", headers={"accept": accept})
    assert answer.headers["content-type"].endswith("as=APIGroupDiscoveryList")
    for group in answer.json()["items"]:
        for version in group["versions"]:
            plain = http.get(f"/apis/{group['metadata']['name']}/{version['version']}").json()
            own = {one["name"] for one in plain["resources"] if "/" not in one["name"]}
            assert {one["resource"] for one in version["resources"]} == own


def test_the_version_and_health_are_told(http: httpx2.Client) -> None:
    assert http.get("/version").json()["minor"] == "32"
    assert http.get("/readyz").text == "ok"


def test_the_official_client_lists_pods_of_all_namespaces(official: Any) -> None:
    core = kubernetes.client.CoreV1Api(official)
    pods = core.list_pod_for_all_namespaces().items
    assert [one.metadata.name for one in pods] == ["web-a", "web-b"]
    assert pods[1].status.container_statuses[0].last_state.terminated.exit_code == 137


def test_items_of_standard_kinds_do_not_repeat_their_kind(http: httpx2.Client) -> None:
    assert "kind" not in http.get("/api/v1/pods").json()["items"][0]
    assert http.get("/apis/example.com/v1/widgets").json()["items"][0]["kind"] == "Widget"
    assert http.get("/api/v1/namespaces/shop/pods/web-a").json()["kind"] == "Pod"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"labelSelector": "tier"}, ["web-a"]),
        ({"labelSelector": "!tier,app=web"}, ["web-b"]),
        ({"labelSelector": "tier notin (back),app in (web, api)"}, ["web-a", "web-b"]),
        ({"fieldSelector": "spec.nodeName=node-b"}, ["web-b"]),
        ({"fieldSelector": "metadata.name!=web-b,status.phase=Running"}, ["web-a"]),
        ({"fieldSelector": "metadata.namespace=other"}, []),
    ],
)
def test_selectors_choose(http: httpx2.Client, query: dict[str, str], expected: list[str]) -> None:
    assert names(http.get("/api/v1/pods", params=query)) == expected


def test_events_are_chosen_by_what_they_are_about(http: httpx2.Client) -> None:
    query = {"fieldSelector": "involvedObject.name=web-b,type=Warning,reason=BackOff"}
    assert names(http.get("/api/v1/namespaces/shop/events", params=query)) == ["web-b.1"]


def test_an_event_is_served_in_its_newer_form_too(http: httpx2.Client) -> None:
    told = http.get("/apis/events.k8s.io/v1/namespaces/shop/events/web-b.1").json()
    assert told["apiVersion"] == "events.k8s.io/v1"
    assert (told["regarding"]["name"], told["note"]) == ("web-b", "BackOff of web-b")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"fieldSelector": "spec.color=red"}, "field label not supported: spec.color"),
        ({"labelSelector": "a in b"}, "unable to parse requirement: found 'b' expected: '('"),
        ({"limit": "many"}, 'strconv.ParseInt: parsing "many": invalid syntax'),
        ({"continue": "nonsense"}, "continue key is not valid"),
    ],
)
def test_a_bad_query_is_refused(http: httpx2.Client, query: dict[str, str], sentence: str) -> None:
    answer = http.get("/api/v1/pods", params=query)
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")
    assert sentence in answer.json()["message"]


def test_a_list_is_read_in_pages_that_agree_while_others_write(http: httpx2.Client) -> None:
    first = http.get("/api/v1/pods", params={"limit": 1})
    assert names(first) == ["web-a"]
    assert first.json()["metadata"]["remainingItemCount"] == 1
    at_once = {"gracePeriodSeconds": 0}
    http.delete("/api/v1/namespaces/shop/pods/web-b", params=at_once).raise_for_status()
    token = first.json()["metadata"]["continue"]
    second = http.get("/api/v1/pods", params={"limit": 1, "continue": token})
    assert names(second) == ["web-b"]
    assert "continue" not in second.json()["metadata"]
    assert "web-b" not in names(http.get("/api/v1/pods"))


def test_a_forgotten_page_is_gone(http: httpx2.Client) -> None:
    token = http.get("/api/v1/pods", params={"limit": 1}).json()["metadata"]["continue"]
    for _ in range(64):
        http.get("/api/v1/pods", params={"limit": 1})
    answer = http.get("/api/v1/pods", params={"limit": 1, "continue": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")
    http.delete("/api/v1/namespaces/shop/pods/web-a").raise_for_status()
    anew = {"limit": 1, "continue": answer.json()["metadata"]["continue"]}
    assert names(http.get("/api/v1/pods", params=anew)) == ["web-b"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/v1/namespaces/shop/pods/none", 'pods "none" not found'),
        ("/apis/apps/v1/namespaces/shop/deployments/none", 'deployments.apps "none" not found'),
        ("/apis/apps/v1/things", "the server could not find the requested resource"),
        ("/api/v1/namespaces/none", 'namespaces "none" not found'),
    ],
)
def test_what_is_not_there_is_said_in_the_servers_words(
    http: httpx2.Client, path: str, message: str
) -> None:
    status = http.get(path).json()
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 404, "NotFound")
    assert status["message"] == message


def test_a_list_of_the_future_is_not_served(http: httpx2.Client) -> None:
    answer = http.get("/api/v1/pods", params={"resourceVersion": "999999"})
    assert answer.status_code == 504


def test_only_metadata_is_sent_when_only_that_is_asked(http: httpx2.Client) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    [first, _] = http.get("/api/v1/pods", headers={"accept": accept}).json()["items"]
    assert set(first) == {"kind", "apiVersion", "metadata"}


POD_LOG = "/api/v1/namespaces/shop/pods/{}/log"


def test_the_tail_of_a_log(http: httpx2.Client) -> None:
    answer = http.get(POD_LOG.format("web-a"), params={"tailLines": 2})
    assert answer.text == "line 9\nline 10\n"
    assert http.get(POD_LOG.format("web-a"), params={"limitBytes": 8}).text == "line 1\nl"


def test_a_container_waiting_to_restart_shows_its_last_run(http: httpx2.Client) -> None:
    text = http.get(POD_LOG.format("web-b"), params={"previous": "true"}).text
    assert text.splitlines() == ["starting at 2026-11-20T09:58:10Z", "out of memory"]
    assert http.get(POD_LOG.format("web-b")).text == text
    assert text.encode() != LOG


def test_log_lines_since_a_time(http: httpx2.Client) -> None:
    query = {"sinceSeconds": 90, "timestamps": "true"}
    lines = http.get(POD_LOG.format("web-b"), params=query).text.splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["out of memory"]


@pytest.mark.parametrize(
    ("pod", "query", "message"),
    [
        (
            "web-a",
            {"previous": "1"},
            'previous terminated container "app" in pod "web-a" not found',
        ),
        ("web-a", {"container": "x"}, "container x is not valid for pod web-a"),
        ("web-a", {"sinceTime": "x"}, "invalid sinceTime: x"),
    ],
)
def test_a_log_that_cannot_be_had_says_why(
    http: httpx2.Client, pod: str, query: dict[str, str], message: str
) -> None:
    answer = http.get(POD_LOG.format(pod), params=query)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_lines_without_a_time_of_a_run_that_is_over_have_the_time_of_its_end(
    tmp_path: Path,
) -> None:
    folder = write_snapshot(tmp_path / "untimed")
    write(folder / "logs/shop/web-b/app.previous.log", b"starting\nout of memory\n")
    query = {"previous": "true", "timestamps": "true"}
    with (
        serving_in_thread(folder) as served,
        httpx2.Client(base_url=served.kubernetes, verify=False) as client,
    ):
        pod = client.get("/api/v1/namespaces/shop/pods/web-b").json()
        lines = client.get(POD_LOG.format("web-b"), params=query).text.splitlines()
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["finishedAt"]
    assert lines == [f"{ended} starting", f"{ended} out of memory"]
