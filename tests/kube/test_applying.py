"""Server-side apply: who owns what, whose value counts, and what cannot be applied."""

from typing import Any

import httpx2
import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import DEFINITIONS, config, containers, definition, deployment, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

DEPLOYMENTS = "deployments.apps"
MERGE = "application/merge-patch+json"


def _managers(kube: Kube, resource: str, name: str) -> dict[tuple[str, str, str], Json]:
    """Fields by manager, operation and subresource."""
    told = kube.get(resource, name).json()["metadata"]["managedFields"]
    return {
        (one["manager"], one["operation"], one.get("subresource", "")): one["fieldsV1"]
        for one in told
    }


def test_what_is_applied_is_made_and_owned(kube: Kube) -> None:
    answer = kube.apply("configmaps", config("a", {"tier": "x"}, k="1"))
    assert answer.status_code == 201
    assert _managers(kube, "configmaps", "a") == {
        ("me", "Apply", ""): {
            "f:data": {"f:k": {}},
            "f:metadata": {"f:labels": {"f:tier": {}}},
        }
    }
    assert kube.apply("configmaps", config("a", {"tier": "x"}, k="1")).status_code == 200


def test_what_is_no_longer_applied_goes(kube: Kube) -> None:
    kube.apply("configmaps", config("a", k="1", gone="2")).raise_for_status()
    kube.patch("configmaps", "a", {"data": {"other": "3"}}).raise_for_status()
    kube.apply("configmaps", config("a", k="1")).raise_for_status()
    assert kube.get("configmaps", "a").json()["data"] == {"k": "1", "other": "3"}


def test_another_managers_value_is_taken_only_by_force(kube: Kube) -> None:
    kube.apply("configmaps", config("a", k="1"), "first").raise_for_status()
    answer = kube.apply("configmaps", config("a", k="2"), "second")
    words = 'Apply failed with 1 conflict: conflict with "first": .data.k'
    [cause] = refused(answer, 409, "Conflict", words)["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".data.k")
    kube.apply("configmaps", config("a", k="2"), "second", force="true").raise_for_status()
    assert kube.get("configmaps", "a").json()["data"] == {"k": "2"}
    assert set(_managers(kube, "configmaps", "a")) == {("second", "Apply", "")}


def test_the_same_value_is_shared(kube: Kube) -> None:
    for manager in ("first", "second"):
        kube.apply("configmaps", config("a", k="1"), manager).raise_for_status()
    assert len(_managers(kube, "configmaps", "a")) == 2
    kube.apply("configmaps", config("a"), "first").raise_for_status()
    assert kube.get("configmaps", "a").json()["data"] == {"k": "1"}


def _container(**fields: Any) -> Json:
    told = deployment("x")
    told["spec"]["template"]["spec"]["containers"][0] |= fields
    return told


def _with_containers(*names: str) -> Json:
    told = deployment("x")
    told["spec"]["template"]["spec"]["containers"] = containers(*names)
    return told


IN_APP = '.spec.template.spec.containers[name="app"]'


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            _with_containers("a", "a"),
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            _container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            f'{IN_APP}.env: duplicate entries for key [name="A"]',
        ),
        (
            _container(ports=[{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]),
            f'{IN_APP}.ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
        ),
    ],
)
def test_an_entry_that_is_there_twice_is_taken_for_the_servers_own_fault(
    kube: Kube, told: Json, words: str
) -> None:
    answer = kube.apply(DEPLOYMENTS, told)
    assert answer.status_code == 500
    about = "failed to create typed patch object (/x; apps/v1, Kind=Deployment): "
    assert answer.json()["message"] == about + words
    assert kube.is_gone(DEPLOYMENTS, "x")


def test_of_a_set_of_values_none_may_be_there_twice(kube: Kube) -> None:
    told = config("a")
    told["metadata"]["finalizers"] = ["a.b/c", "a.b/c"]
    answer = kube.apply("configmaps", told)
    assert answer.status_code == 500
    words = '(/a; /v1, Kind=ConfigMap): .metadata.finalizers: duplicate entries for key [="a.b/c"]'
    assert words in answer.json()["message"]


def test_ports_of_two_protocols_are_two(kube: Kube) -> None:
    ports = [{"containerPort": 53, "protocol": one} for one in ("TCP", "UDP")]
    assert kube.apply(DEPLOYMENTS, _container(ports=ports)).status_code == 201


def test_a_definition_says_which_values_are_a_set(kube: Kube) -> None:
    plural = f"widgets{kube.namespace.replace('-', '')}"
    kube.http.post(DEFINITIONS, json=definition(plural)).raise_for_status()
    path = f"/apis/check.example.com/v1/namespaces/{kube.namespace}/{plural}"
    eventually(lambda: kube.http.get(path).status_code == 200)
    told = thing(plural.capitalize(), "x", api="check.example.com/v1", spec={"tags": ["a", "a"]})
    answer = kube.apply_at(f"{path}/x", told)
    assert answer.status_code == 500
    assert '.spec.tags: duplicate entries for key [="a"]' in answer.json()["message"]
    kube.http.delete(f"{DEFINITIONS}/{plural}.check.example.com").raise_for_status()


Ask = dict[str, str]


@pytest.mark.parametrize("verb", ["create", "update", "patch", "apply"])
@pytest.mark.parametrize(
    ("manager", "reason", "words"),
    [
        ("m" * 129, "FieldValueTooLong", "Too long: may not be more than 128 bytes"),
        (
            "a\tb",
            "FieldValueInvalid",
            'Invalid value: "a\\tb": invalid character U+0009 (at position 1)',
        ),
    ],
)
def test_a_manager_has_a_short_readable_name(
    kube: Kube, verb: str, manager: str, reason: str, words: str
) -> None:
    told = config("a")
    answer = {
        "create": lambda: kube.create("configmaps", told, fieldManager=manager),
        "update": lambda: kube.put("configmaps", "a", told, fieldManager=manager),
        "patch": lambda: kube.patch("configmaps", "a", {}, fieldManager=manager),
        "apply": lambda: kube.apply("configmaps", told, manager),
    }[verb]()
    status = refused(answer, 422, "Invalid", f"fieldManager: {words}")
    [cause] = status["details"]["causes"]
    assert (cause["reason"], cause["field"]) == (reason, "fieldManager")
    kind = {"create": "Create", "update": "Update"}.get(verb, "Patch")
    assert status["details"]["kind"] == f"{kind}Options"


def test_a_manager_of_128_letters_is_not_too_long(kube: Kube) -> None:
    assert kube.apply("configmaps", config("a"), "m" * 128).status_code == 201


def test_who_applies_says_who_he_is(kube: Kube) -> None:
    words = "fieldManager: Required value: is required for apply patch"
    refused(kube.apply("configmaps", config("a"), ""), 422, "Invalid", words)


def test_only_an_apply_is_forced(kube: Kube) -> None:
    answer = kube.patch("configmaps", "a", {}, force="true")
    words = "force: Forbidden: may not be specified for non-apply patch"
    refused(answer, 422, "Invalid", words)


def test_a_validation_that_is_not_known_is_refused(kube: Kube) -> None:
    answer = kube.create("configmaps", config("a"), fieldValidation="Odd")
    words = 'fieldValidation: Unsupported value: "Odd": supported values: "", "Ignore", "Strict"'
    refused(answer, 422, "Invalid", words)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"metadata": {"name": "a"}}, "invalid object type: /, Kind="),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "invalid object type: /v1, Kind="),
        (thing("Secret", "a"), "invalid object type: /v1, Kind=Secret"),
        (deployment("a"), "invalid object type: apps/v1, Kind=Deployment"),
        (config("b"), "the name of the object (b) does not match the name on the URL (a)"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap"},
            "the name of the object (a based on URL) was undeterminable: name must be provided",
        ),
        (
            config("a") | {"metadata": {"name": "a", "managedFields": []}},
            "metadata.managedFields must be nil",
        ),
    ],
)
def test_what_is_applied_says_what_it_is(kube: Kube, told: Json, words: str) -> None:
    refused(kube.apply_at(kube.path("configmaps", "a"), told), 400, "BadRequest", words)


@pytest.mark.parametrize("kind", ["application/apply-patch+json", "application/json"])
def test_an_apply_of_another_media_type_is_refused(kube: Kube, kind: str) -> None:
    path, query = kube.path("configmaps", "a"), {"fieldManager": "me"}
    answer = kube.http.patch(path, json=config("a"), headers={"content-type": kind}, params=query)
    refused(answer, 415, "UnsupportedMediaType")


def _about(name: str, **metadata: str) -> Json:
    told = config(name, k="1")
    return told | {"metadata": told["metadata"] | metadata}


def test_a_version_is_insisted_on_only_of_what_is_there(kube: Kube) -> None:
    assert kube.apply("configmaps", _about("a", resourceVersion="1")).status_code == 201
    answer = kube.apply("configmaps", _about("a", resourceVersion="1") | {"data": {"k": "2"}})
    refused(answer, 409, "Conflict", "the object has been modified")


def test_an_identity_is_insisted_on_even_of_what_is_not_there(kube: Kube) -> None:
    answer = kube.apply("configmaps", _about("a", uid="mine"))
    words = "uid mismatch: the provided object specified uid mine, and no existing object was found"
    refused(answer, 409, "Conflict", words)
    kube.made("configmaps", config("a"))
    answer = kube.apply("configmaps", _about("a", uid="mine"))
    refused(answer, 422, "Invalid", "metadata.uid: Invalid value", "field is immutable")


def test_a_dry_apply_keeps_nothing(kube: Kube) -> None:
    assert kube.apply("configmaps", config("a"), dryRun="All").status_code == 201
    assert kube.is_gone("configmaps", "a")


def test_a_status_is_applied_apart(kube: Kube) -> None:
    kube.apply(DEPLOYMENTS, deployment("web")).raise_for_status()
    told = thing("Deployment", "web", api="apps/v1", status={"replicas": 1})
    path = kube.path(DEPLOYMENTS, "web", "status")
    kube.apply_at(path, told).raise_for_status()
    fields = _managers(kube, DEPLOYMENTS, "web")[("me", "Apply", "status")]
    assert fields == {"f:status": {"f:replicas": {}}}


def _apply_scale(kube: Kube, replicas: int, **query: Any) -> httpx2.Response:
    told = thing("Scale", "web", api="autoscaling/v1", spec={"replicas": replicas})
    return kube.apply_at(kube.path(DEPLOYMENTS, "web", "scale"), told, "scaler", **query)


def test_a_scale_is_applied_to_the_replicas_of_the_object(kube: Kube) -> None:
    kube.apply(DEPLOYMENTS, deployment("web")).raise_for_status()
    words = 'Apply failed with 1 conflict: conflict with "me": .spec.replicas'
    refused(_apply_scale(kube, 7), 409, "Conflict", words)
    answer = _apply_scale(kube, 7, force="true").json()
    assert (answer["kind"], answer["spec"]) == ("Scale", {"replicas": 7})
    managers = _managers(kube, DEPLOYMENTS, "web")
    assert managers["scaler", "Apply", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in managers["me", "Apply", ""]["f:spec"]


def test_who_scales_owns_the_replicas(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    path, headers = kube.path(DEPLOYMENTS, "web", "scale"), {"content-type": MERGE}
    query, told = {"fieldManager": "scaler"}, {"spec": {"replicas": 9}}
    kube.http.patch(path, json=told, headers=headers, params=query).raise_for_status()
    fields = _managers(kube, DEPLOYMENTS, "web")["scaler", "Update", "scale"]
    assert fields == {"f:spec": {"f:replicas": {}}}
