"""Patches, conflicts, scale, status and eviction."""

from typing import Any

import httpx2
import pytest

from tests.kube.manifests import budget, config, containers, deployment, pod
from tests.kube.server import Kube, refused

Json = dict[str, Any]

DEPLOYMENTS = "deployments.apps"
BUDGETS = "poddisruptionbudgets.policy"


@pytest.mark.parametrize(
    ("patch", "data"),
    [
        ({"data": {"b": "2"}}, {"a": "1", "b": "2"}),
        ({"data": {"a": "9"}}, {"a": "9"}),
        ({"data": {"a": None, "c": "3"}}, {"c": "3"}),
        ({"data": {"z": None}}, {"a": "1"}),
        ({"data": None}, None),
        ({}, {"a": "1"}),
    ],
)
@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch"])
def test_a_merge_adds_replaces_and_takes_away(
    kube: Kube, kind: str, patch: Json, data: Json | None
) -> None:
    kube.made("configmaps", config("a", a="1"))
    answer = kube.patch("configmaps", "a", patch, kind)
    assert answer.status_code == 200, answer.text
    assert (kube.get("configmaps", "a").json().get("data") or None) == data


@pytest.mark.parametrize(
    ("operations", "data"),
    [
        ([{"op": "add", "path": "/data/b", "value": "2"}], {"a": "1", "b": "2"}),
        ([{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9"}),
        ([{"op": "remove", "path": "/data/a"}], None),
        ([{"op": "copy", "from": "/data/a", "path": "/data/b"}], {"a": "1", "b": "1"}),
        ([{"op": "move", "from": "/data/a", "path": "/data/x~1y"}], None),
        ([{"op": "test", "path": "/data/a", "value": "1"}], {"a": "1"}),
    ],
)
def test_operations_are_done_in_turn(kube: Kube, operations: list[Json], data: Json | None) -> None:
    kube.made("configmaps", config("a", a="1"))
    answer = kube.patch("configmaps", "a", operations, "json-patch")
    if operations[0]["op"] == "move":  # a slash may be written but is no key of a ConfigMap
        refused(answer, 422, "Invalid", "x/y")
    else:
        assert answer.status_code == 200, answer.text
        assert (kube.get("configmaps", "a").json().get("data") or None) == data


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": "/data/a", "value": "2"}],
        [{"op": "remove", "path": "/data/nothing"}],
        [{"op": "test", "path": "/data/nothing", "value": "2"}],
        [{"op": "add", "path": "/nothing/b", "value": "1"}],
        [{"op": "replace", "path": "/metadata/labels/b", "value": "1"}],
        [{"op": "move", "from": "/data/nothing", "path": "/data/b"}],
        [{"op": "dance", "path": "/data/a"}],
        [
            {"op": "replace", "path": "/data/a", "value": "9"},
            {"op": "remove", "path": "/data/nothing"},
        ],
    ],
)
def test_an_operation_that_fails_changes_nothing(kube: Kube, operations: list[Json]) -> None:
    kube.made("configmaps", config("a", a="1"))
    words = "the server rejected our request due to an error in our request"
    refused(kube.patch("configmaps", "a", operations, "json-patch"), 422, "Invalid", words)
    assert kube.get("configmaps", "a").json()["data"] == {"a": "1"}


def test_a_key_that_is_not_there_may_be_replaced(kube: Kube) -> None:
    """A server that went by the letter of the standard would refuse."""
    kube.made("configmaps", config("a", a="1"))
    operations = [{"op": "replace", "path": "/data/b", "value": "2"}]
    kube.patch("configmaps", "a", operations, "json-patch").raise_for_status()
    assert kube.get("configmaps", "a").json()["data"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("kind", ["json-patch", "merge-patch"])
def test_a_patch_of_another_form_is_refused(kube: Kube, kind: str) -> None:
    kube.made("configmaps", config("a"))
    told: Any = {"op": "add"} if kind == "json-patch" else ["data"]
    answer = kube.patch("configmaps", "a", told, kind)
    refused(answer, 400, "BadRequest", "error decoding patch: json: ")


def _containers(kube: Kube) -> list[Json]:
    return kube.get(DEPLOYMENTS, "web").json()["spec"]["template"]["spec"]["containers"]


def _in_template(**spec: Any) -> Json:
    return {"spec": {"template": {"spec": spec}}}


@pytest.mark.parametrize(
    ("told", "images"),
    [
        ([{"name": "app", "image": "shop/app:2"}], {"app": "shop/app:2"}),
        ([{"name": "side", "image": "s:1"}], {"app": "shop/app:1", "side": "s:1"}),
        (
            [{"name": "app", "$patch": "delete"}, {"name": "other", "image": "o:1"}],
            {"other": "o:1"},
        ),
        ([{"$patch": "replace"}, {"name": "new", "image": "n:1"}], {"new": "n:1"}),
    ],
)
def test_a_strategic_patch_knows_containers_by_name(
    kube: Kube, told: list[Json], images: Json
) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    patch = _in_template(containers=told)
    kube.patch(DEPLOYMENTS, "web", patch, "strategic-merge-patch").raise_for_status()
    assert {one["name"]: one["image"] for one in _containers(kube)} == images


def test_a_merge_patch_replaces_the_whole_list(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    patch = _in_template(containers=containers("only"))
    kube.patch(DEPLOYMENTS, "web", patch).raise_for_status()
    assert [one["name"] for one in _containers(kube)] == ["only"]


def test_a_patch_of_an_unknown_type_is_refused(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    answer = kube.patch("configmaps", "a", {}, "new-patch")
    refused(answer, 415, "UnsupportedMediaType", "415: Unsupported Media Type")


def test_a_name_is_never_patched(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    answer = kube.patch("configmaps", "a", {"metadata": {"name": "b"}})
    words = "the name of the object (b) does not match the name on the URL (a)"
    refused(answer, 400, "BadRequest", words)
    assert kube.get("configmaps", "b").status_code == 404


def test_a_namespace_is_never_patched(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    answer = kube.patch("configmaps", "a", {"metadata": {"namespace": "default"}})
    words = "the namespace of the provided object does not match the namespace sent on the request"
    refused(answer, 400, "BadRequest", words)


def test_an_identity_is_never_patched(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    answer = kube.patch("configmaps", "a", {"metadata": {"uid": "another"}})
    status = refused(answer, 422, "Invalid", "metadata.uid: Invalid value", "field is immutable")
    assert status["details"]["causes"][0]["field"] == "metadata.uid"


MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def _stale(kube: Kube) -> Json:
    """An object as it was before somebody else changed it."""
    made = kube.made("configmaps", config("a", x="1"))
    kube.patch("configmaps", "a", {"data": {"x": "2"}}).raise_for_status()
    return made


def test_an_update_of_what_has_changed_is_refused(kube: Kube) -> None:
    stale = _stale(kube)
    status = refused(kube.put("configmaps", "a", stale), 409, "Conflict", MODIFIED)
    assert (status["details"]["name"], status["details"]["kind"]) == ("a", "configmaps")
    assert kube.get("configmaps", "a").json()["data"] == {"x": "2"}


def test_an_update_without_a_version_takes_whatever_is_there(kube: Kube) -> None:
    _stale(kube)
    assert kube.put("configmaps", "a", config("a", x="3")).status_code == 200


@pytest.mark.parametrize("kind", ["merge-patch", "strategic-merge-patch"])
def test_a_patch_may_insist_on_a_version(kube: Kube, kind: str) -> None:
    version = _stale(kube)["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"x": "3"}}
    refused(kube.patch("configmaps", "a", patch, kind), 409, "Conflict", MODIFIED)


@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_a_dry_run_of_a_change_keeps_the_object(kube: Kube, verb: str) -> None:
    made = kube.made("configmaps", config("a", x="1"))
    changed = config("a", x="2")
    answer = {
        "put": lambda: kube.put("configmaps", "a", changed, dryRun="All"),
        "patch": lambda: kube.patch("configmaps", "a", {"data": {"x": "2"}}, dryRun="All"),
        "delete": lambda: kube.delete("configmaps", "a", dryRun="All"),
    }[verb]()
    assert answer.status_code == 200
    assert kube.get("configmaps", "a").json() == made


def test_an_unknown_dry_run_is_refused(kube: Kube) -> None:
    answer = kube.create("configmaps", config("a"), dryRun="Some")
    words = 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]'
    status = refused(answer, 422, "Invalid", words, 'supported values: "All"')
    assert status["details"]["causes"][0]["field"] == "dryRun"
    assert kube.get("configmaps", "a").status_code == 404


def test_the_status_is_changed_at_its_own_address(kube: Kube) -> None:
    made = kube.made("pods", pod("a"))
    path = kube.path("pods", "a", "status")
    headers = {"content-type": "application/merge-patch+json"}
    told = {"status": {"message": "as told"}, "metadata": {"labels": {"ignored": "no"}}}
    kube.http.patch(path, json=told, headers=headers).raise_for_status()
    after = kube.get("pods", "a").json()
    assert after["status"]["message"] == "as told"
    assert after["spec"] == made["spec"]


def test_the_status_is_not_changed_at_the_objects_address(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    kube.patch("pods", "a", {"status": {"message": "no"}}).raise_for_status()
    assert "message" not in kube.get("pods", "a").json()["status"]


def test_a_status_told_at_creation_is_dropped(kube: Kube) -> None:
    told = pod("a") | {"status": {"phase": "Running"}}
    assert kube.made("pods", told)["status"]["phase"] == "Pending"


def _scale(kube: Kube, told: Json, kind: str = "merge-patch") -> httpx2.Response:
    headers = {"content-type": f"application/{kind}+json"}
    return kube.http.patch(kube.path(DEPLOYMENTS, "web", "scale"), json=told, headers=headers)


def test_a_scale_shows_replicas_and_selector(kube: Kube) -> None:
    made = kube.made(DEPLOYMENTS, deployment("web", 3))
    scale = kube.http.get(kube.path(DEPLOYMENTS, "web", "scale")).json()
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"]["replicas"], scale["status"]["selector"]) == (3, "app=web")
    assert scale["metadata"]["uid"] == made["metadata"]["uid"]


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_a_scale_sets_replicas_and_nothing_else(kube: Kube, replicas: int) -> None:
    made = kube.made(DEPLOYMENTS, deployment("web", 3))
    scaled = _scale(kube, {"spec": {"replicas": replicas}}).json()
    assert scaled["spec"].get("replicas", 0) == replicas
    after = kube.get(DEPLOYMENTS, "web").json()
    assert after["spec"] == made["spec"] | {"replicas": replicas}
    assert after["metadata"]["generation"] == 2


def test_a_scale_below_nothing_is_refused(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web", 3))
    words = "must be greater than or equal to 0"
    refused(_scale(kube, {"spec": {"replicas": -1}}), 422, "Invalid", words)


def test_a_scale_of_what_has_changed_is_refused(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web", 3))
    path = kube.path(DEPLOYMENTS, "web", "scale")
    stale = kube.http.get(path).json()
    _scale(kube, {"spec": {"replicas": 4}}).raise_for_status()
    refused(kube.http.put(path, json=stale), 409, "Conflict", MODIFIED)


def _running_pod(kube: Kube, name: str) -> None:
    kube.made("pods", pod(name, {"app": "web"}, nodeName="node-a"))
    ready = {"type": "Ready", "status": "True"}
    _write_status(kube, "pods", name, {"phase": "Running", "conditions": [ready]})


def _write_status(kube: Kube, resource: str, name: str, status: Json) -> None:
    headers = {"content-type": "application/merge-patch+json"}
    path = kube.path(resource, name, "status")
    kube.http.patch(path, json={"status": status}, headers=headers).raise_for_status()


def _guarded(kube: Kube, allowed: int) -> None:
    kube.made(BUDGETS, budget("web", minAvailable=1))
    status = {
        "disruptionsAllowed": allowed,
        "currentHealthy": 1 + allowed,
        "desiredHealthy": 1,
        "expectedPods": 1 + allowed,
        "observedGeneration": 1,
    }
    _write_status(kube, BUDGETS, "web", status)


def _evict(kube: Kube, name: str, **more: Any) -> httpx2.Response:
    told = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **more}
    return kube.http.post(kube.path("pods", name, "eviction"), json=told)


def test_a_pod_that_nobody_guards_is_evicted(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    answer = _evict(kube, "a")
    assert (answer.status_code, answer.json()["status"]) == (201, "Success")
    assert kube.get("pods", "a").status_code == 404


def test_a_budget_without_room_refuses_an_eviction(kube: Kube) -> None:
    _running_pod(kube, "a")
    _guarded(kube, 0)
    words = "Cannot evict pod as it would violate the pod's disruption budget."
    status = refused(_evict(kube, "a"), 429, "TooManyRequests", words)
    [cause] = status["details"]["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"] == (
        "The disruption budget web needs 1 healthy pods and has 1 currently"
    )
    assert "deletionTimestamp" not in kube.get("pods", "a").json()["metadata"]


def test_a_budget_with_room_counts_down(kube: Kube) -> None:
    _running_pod(kube, "a")
    _guarded(kube, 1)
    assert _evict(kube, "a").status_code == 201
    assert kube.get(BUDGETS, "web").json()["status"]["disruptionsAllowed"] == 0


def test_a_dry_eviction_keeps_the_pod(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    assert _evict(kube, "a", deleteOptions={"dryRun": ["All"]}).status_code == 201
    assert kube.get("pods", "a").status_code == 200


def test_a_pod_that_is_not_there_is_not_evicted(kube: Kube) -> None:
    refused(_evict(kube, "gone"), 404, "NotFound", 'pods "gone" not found')
