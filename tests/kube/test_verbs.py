"""What every kind has in common: create, read, list, update, delete, and the rules of metadata."""

from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import KINDS, config, deployment
from tests.kube.server import Kube, refused

Json = dict[str, Any]

EVERY_KIND = pytest.mark.parametrize("resource", list(KINDS))


@EVERY_KIND
def test_an_object_is_made_read_listed_and_deleted(kube: Kube, resource: str) -> None:
    told, _ = KINDS[resource]
    made = kube.made(resource, told)
    assert made["kind"] == told["kind"]
    assert made["metadata"]["namespace"] == kube.namespace
    assert all(made["metadata"][one] for one in ("uid", "resourceVersion", "creationTimestamp"))
    assert kube.get(resource, "x").json()["metadata"]["uid"] == made["metadata"]["uid"]
    assert "x" in kube.names(resource)
    answer = kube.delete(
        resource, "x", {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
    )
    assert answer.status_code == 200
    if resource == "persistentvolumeclaims":  # until it is seen that nobody uses it
        eventually(lambda: kube.get(resource, "x").status_code == 404)
    refused(kube.get(resource, "x"), 404, "NotFound")


@EVERY_KIND
def test_a_name_is_taken_once(kube: Kube, resource: str) -> None:
    told, _ = KINDS[resource]
    kube.made(resource, told)
    status = refused(
        kube.create(resource, told), 409, "AlreadyExists", f'{resource} "x" already exists'
    )
    assert status["details"]["name"] == "x"


@EVERY_KIND
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_what_is_not_there_is_named(kube: Kube, resource: str, method: str) -> None:
    headers = {"content-type": "application/merge-patch+json"} if method == "PATCH" else {}
    told = {"metadata": {"labels": {"a": "b"}}} if method == "PATCH" else None
    answer = kube.http.request(method, kube.path(resource, "gone"), json=told, headers=headers)
    status = refused(answer, 404, "NotFound", f'{resource} "gone" not found')
    assert (status["details"]["name"], status["details"]["kind"]) == (
        "gone",
        resource.partition(".")[0],
    )


@EVERY_KIND
def test_a_dry_run_shows_the_object_and_keeps_nothing(kube: Kube, resource: str) -> None:
    told, _ = KINDS[resource]
    shown = kube.create(resource, told, dryRun="All")
    assert shown.status_code == 201
    assert shown.json()["metadata"]["uid"]
    assert kube.get(resource, "x").status_code == 404


@EVERY_KIND
def test_generations_are_counted_where_a_controller_reads_them(kube: Kube, resource: str) -> None:
    told, counted = KINDS[resource]
    made = kube.made(resource, told)
    assert made["metadata"].get("generation") == (1 if counted else None)
    kube.patch(resource, "x", {"metadata": {"labels": {"a": "b"}}}).raise_for_status()
    after = kube.get(resource, "x").json()
    assert after["metadata"]["labels"]["a"] == "b"
    labels_count = resource == "endpointslices.discovery.k8s.io"
    expected = 2 if labels_count else made["metadata"].get("generation")
    assert after["metadata"].get("generation") == expected
    assert after["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]


@EVERY_KIND
def test_a_generation_told_at_creation_is_kept_where_nobody_counts(
    kube: Kube, resource: str
) -> None:
    told, counted = KINDS[resource]
    told = told | {"metadata": told["metadata"] | {"generation": 70}}
    assert kube.made(resource, told)["metadata"]["generation"] == (1 if counted else 70)


def test_annotations_of_a_deployment_count_as_its_spec(kube: Kube) -> None:
    kube.made("deployments.apps", deployment("web"))
    after = kube.patch("deployments.apps", "web", {"metadata": {"annotations": {"a": "b"}}})
    assert after.json()["metadata"]["generation"] == 2


def test_a_changed_spec_is_a_new_generation(kube: Kube) -> None:
    kube.made("deployments.apps", deployment("web"))
    after = kube.patch("deployments.apps", "web", {"spec": {"paused": True}}).json()
    assert after["metadata"]["generation"] == 2


def test_a_change_that_changes_nothing_keeps_the_version(kube: Kube) -> None:
    made = kube.made("configmaps", config("a", x="1"))
    again = kube.patch("configmaps", "a", {"data": {"x": "1"}}).json()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uid", "00000000-0000-0000-0000-000000000001"),
        ("creationTimestamp", "2001-01-01T00:00:00Z"),
        ("selfLink", "/somewhere"),
    ],
)
def test_what_the_server_sets_is_not_taken_from_a_client(
    kube: Kube, field: str, value: Any
) -> None:
    told = config("a")
    told["metadata"][field] = value
    assert kube.made("configmaps", told)["metadata"].get(field) != value


def test_a_name_may_be_left_to_the_server(kube: Kube) -> None:
    told = config("")
    told["metadata"] = {"generateName": "job-"}
    name = kube.made("configmaps", told)["metadata"]["name"]
    assert name.startswith("job-")
    assert len(name) == len("job-") + 5


def test_an_update_that_names_another_object_is_refused(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    words = "the name of the object (b) does not match the name on the URL (a)"
    refused(kube.put("configmaps", "a", config("b")), 400, "BadRequest", words)


def test_an_object_of_another_namespace_is_refused(kube: Kube) -> None:
    told = config("a")
    told["metadata"]["namespace"] = "elsewhere"
    words = "the namespace of the provided object does not match the namespace sent on the request"
    refused(kube.create("configmaps", told), 400, "BadRequest", words)


def test_an_object_of_another_kind_is_refused(kube: Kube) -> None:
    words = "cannot be handled as a ConfigMap"
    refused(kube.create("configmaps", deployment("a")), 400, "BadRequest", words)
    kube.made("configmaps", config("a"))
    secret = {**config("a"), "kind": "Secret"}
    refused(kube.put("configmaps", "a", secret), 400, "BadRequest", words)


def test_an_object_of_another_version_is_refused(kube: Kube) -> None:
    told = {**deployment("a"), "apiVersion": "apps/v1beta1"}
    words = (
        "the API version in the data (apps/v1beta1) does not match "
        "the expected API version (apps/v1)"
    )
    refused(kube.create("deployments.apps", told), 400, "BadRequest", words)


def test_an_update_without_a_name_is_refused(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    refused(kube.put("configmaps", "a", config("")), 400, "BadRequest", "name must be provided")


def test_nothing_is_made_in_a_namespace_that_is_not_there(kube: Kube) -> None:
    path = "/api/v1/namespaces/nowhere-at-all/configmaps"
    answer = kube.http.post(path, json=config("a"))
    refused(answer, 404, "NotFound", 'namespaces "nowhere-at-all" not found')


def test_a_list_of_a_namespace_that_is_not_there_is_empty(kube: Kube) -> None:
    answer = kube.http.get("/api/v1/namespaces/nowhere-at-all/configmaps")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "code", "reason"),
    [
        ("GET", "/api/v1/gadgets", 404, "NotFound"),
        ("GET", "/apis/nowhere.io/v1/gadgets", 404, "NotFound"),
        ("GET", "/apis/apps/v7/deployments", 404, "NotFound"),
        ("POST", "/api/v1/namespaces/default/pods/a/log", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/namespaces/default/configmaps/a", 405, "MethodNotAllowed"),
        ("PUT", "/api/v1/namespaces/default/configmaps", 405, "MethodNotAllowed"),
        ("PATCH", "/api/v1/namespaces/default/configmaps", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/configmaps", 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/configmaps", 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed"),
        ("POST", "/api/v1/namespaces/default/pods/a/nothing", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/configmaps/a/scale", 404, "NotFound"),
    ],
)
def test_a_path_or_method_that_is_not_served(
    kube: Kube, method: str, path: str, code: int, reason: str
) -> None:
    answer = kube.http.request(method, path, json={})
    assert answer.status_code == code
    if answer.headers["content-type"].startswith("application/json"):
        assert answer.json()["reason"] == reason
