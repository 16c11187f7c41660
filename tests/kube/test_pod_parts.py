"""Subresources of pods on both servers: to bind one, to resize it, to look into it with another container."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.kube.manifests import binding, containers, pod, role, user
from tests.kube.server import Kube, refused

Json = dict[str, Any]
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
RESOURCES: Json = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}


@pytest.fixture
def placed(kube: Kube) -> Iterator[Kube]:
    """A pod `a` on a node, which no kubelet would stop."""
    [container] = containers()
    kube.made("pods", pod("a", nodeName="n1", containers=[{**container, "resources": RESOURCES}]))
    yield kube
    kube.delete("pods", "a", gracePeriodSeconds=0)


def bound(kube: Kube, named: str = "a", **target: str) -> httpx2.Response:
    told = {"metadata": {"name": named}, "target": {"kind": "Node", "name": "n1", **target}}
    return kube.http.post(kube.path("pods", "a", "binding"), json=told)


def changed(kube: Kube, part: str, spec: Json) -> httpx2.Response:
    path = kube.path("pods", "a", part)
    return kube.http.patch(path, json={"spec": spec}, headers=STRATEGIC)


def sized(kube: Kube, **resources: Json) -> httpx2.Response:
    return changed(kube, "resize", {"containers": [{"name": "app", "resources": resources}]})


def test_a_pod_is_bound_to_a_node_once(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    answer = bound(kube)
    assert (answer.status_code, answer.json()["status"]) == (201, "Success")
    after = kube.get("pods", "a").json()
    assert after["spec"]["nodeName"] == "n1"
    [condition] = after["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    words = 'pods/binding "a": pod a is already assigned to node "n1"'
    refused(bound(kube), 409, "Conflict", words)
    kube.delete("pods", "a", gracePeriodSeconds=0)


@pytest.mark.parametrize(
    ("name", "target", "code", "words"),
    [
        ("b", {}, 400, "name in URL does not match name in Binding object"),
        ("a", {"kind": "Pod"}, 500, 'target.kind: Unsupported value: "Pod"'),
        ("a", {"name": ""}, 500, "target.name: Required value"),
    ],
)
def test_an_odd_binding_binds_nothing(
    kube: Kube, name: str, target: dict[str, str], code: int, words: str
) -> None:
    kube.made("pods", pod("a"))
    answer = bound(kube, name, **target)
    assert (answer.status_code, words in answer.json()["message"]) == (code, True)
    assert "nodeName" not in kube.get("pods", "a").json()["spec"]


def test_a_binding_may_be_created_on_its_own(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    told = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    assert kube.create("bindings", told).status_code == 201
    assert kube.get("pods", "a").json()["spec"]["nodeName"] == "n1"
    assert kube.get("bindings").status_code == 405
    kube.delete("pods", "a", gracePeriodSeconds=0)


def test_a_pod_is_resized_in_place(placed: Kube) -> None:
    before = placed.get("pods", "a").json()
    after = sized(placed, requests={"cpu": "200m"}, limits={"memory": "3Gi"}).json()
    [container] = after["spec"]["containers"]
    wanted = {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"memory": "3Gi"}}
    assert container["resources"] == wanted
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    entry = next(one for one in after["metadata"]["managedFields"] if "subresource" in one)
    assert entry["subresource"] == "resize"


SAME = {"cpu": "1", "memory": "2Gi"}


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (
            {"requests": SAME, "limits": SAME},
            "Pod QOS Class may not change as a result of resizing",
        ),
        ({"requests": {"ephemeral-storage": "1Gi"}}, "only cpu and memory resources are mutable"),
        ({"requests": {"cpu": None}}, "requests: Forbidden: resource requests cannot be removed"),
        ({"requests": {"memory": "4Gi"}}, "must be less than or equal to memory limit of 2Gi"),
    ],
)
def test_some_sizes_are_refused(placed: Kube, resources: Json, words: str) -> None:
    refused(sized(placed, **resources), 422, "Invalid", words)
    assert placed.get("pods", "a").json()["spec"]["containers"][0]["resources"] == RESOURCES


def test_resizing_changes_nothing_else(placed: Kube) -> None:
    told = {"activeDeadlineSeconds": 5, "containers": [{"name": "app", "image": "x"}]}
    assert changed(placed, "resize", told).status_code == 200
    spec = placed.get("pods", "a").json()["spec"]
    assert "activeDeadlineSeconds" not in spec
    assert spec["containers"][0]["image"] == "shop/app:1"
    words = "containers may not be added or removed on resize"
    more = changed(placed, "resize", {"containers": [{"name": "b", "image": "x"}]})
    refused(more, 422, "Invalid", words)


def test_the_pod_itself_is_not_resized(placed: Kube) -> None:
    told = {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]}}
    words = "pod updates may not change fields other than"
    refused(placed.patch("pods", "a", told, "strategic-merge-patch"), 422, "Invalid", words)


def looking(**more: Any) -> Json:
    return {"ephemeralContainers": [{"name": "debug", "image": "busybox:1", **more}]}


def test_a_container_to_look_around_is_added_and_stays(placed: Kube) -> None:
    after = changed(placed, "ephemeralcontainers", looking()).json()
    [added] = after["spec"]["ephemeralContainers"]
    assert (added["name"], added["imagePullPolicy"]) == ("debug", "IfNotPresent")
    words = 'existing ephemeral containers "debug" may not be changed'
    again = changed(placed, "ephemeralcontainers", looking(image="busybox:2"))
    refused(again, 422, "Invalid", words)
    told = after | {"spec": after["spec"] | {"ephemeralContainers": []}}
    answer = placed.http.put(placed.path("pods", "a", "ephemeralcontainers"), json=told)
    words = 'existing ephemeral containers "debug" may not be removed'
    refused(answer, 422, "Invalid", words)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "app"}, 'ephemeralContainers[0].name: Duplicate value: "app"'),
        ({"image": ""}, "ephemeralContainers[0].image: Required value"),
        ({"resources": {"limits": {"cpu": "1"}}}, "cannot be set for an Ephemeral Container"),
        ({"targetContainerName": "none"}, 'targetContainerName: Not found: "none"'),
    ],
)
def test_an_odd_ephemeral_container_is_refused(placed: Kube, more: Json, words: str) -> None:
    refused(changed(placed, "ephemeralcontainers", looking(**more)), 422, "Invalid", words)


def test_no_pod_is_created_with_one(kube: Kube) -> None:
    words = "spec.ephemeralContainers: Forbidden: cannot be set on create"
    refused(kube.create("pods", pod("a", **looking())), 422, "Invalid", words)


@pytest.mark.parametrize("part", ["resize", "ephemeralcontainers"])
def test_these_parts_are_read_as_the_pod_and_not_created(placed: Kube, part: str) -> None:
    path = placed.path("pods", "a", part)
    assert placed.http.get(path).json()["kind"] == "Pod"
    assert placed.http.post(path, json={}).status_code == 405


@pytest.mark.parametrize(
    ("part", "verb"), [("binding", "create"), ("resize", "patch"), ("ephemeralcontainers", "patch")]
)
def test_each_part_is_a_right_of_its_own(placed: Kube, part: str, verb: str) -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}
    placed.made("roles.rbac.authorization.k8s.io", role("pods", rule))
    placed.made("rolebindings.rbac.authorization.k8s.io", binding("pods", "pods", user("bob")))
    headers = {**STRATEGIC, "impersonate-user": "bob"}
    method = "POST" if verb == "create" else "PATCH"
    if method == "POST":
        headers["content-type"] = "application/json"
    path = placed.path("pods", "a", part)
    answer = placed.http.request(method, path, json={}, headers=headers)
    words = f'cannot {verb} resource "pods/{part}" in API group ""'
    refused(answer, 403, "Forbidden", words)
