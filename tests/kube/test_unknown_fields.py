"""Fields that a kind does not have, on both servers: refused, warned of, or silently dropped."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import config, deployment, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

DEPLOYMENTS = "deployments.apps"
UNKNOWN = (
    'unknown field "spec.replicass"',
    'unknown field "spec.template.spec.containers[0].imagee"',
)


def misspelt() -> Json:
    told = deployment("web", replicass=2)
    told["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    return told


def test_a_strict_client_is_refused_with_every_unknown_field(kube: Kube) -> None:
    answer = kube.create(DEPLOYMENTS, misspelt(), fieldValidation="Strict")
    refused(
        answer,
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ',
        *UNKNOWN,
    )


@pytest.mark.parametrize("query", [{}, {"fieldValidation": "Warn"}], ids=["usual", "warn"])
def test_other_clients_are_warned_and_lose_the_fields(kube: Kube, query: dict[str, str]) -> None:
    answer = kube.create(DEPLOYMENTS, misspelt(), **query)
    assert answer.status_code == 201
    assert "replicass" not in answer.json()["spec"]
    quoted = ['299 - "{}"'.format(text.replace('"', '\\"')) for text in UNKNOWN]
    assert sorted(answer.headers.get_list("warning")) == quoted


def test_a_client_that_does_not_mind_is_not_warned(kube: Kube) -> None:
    answer = kube.create(DEPLOYMENTS, misspelt(), fieldValidation="Ignore")
    assert answer.status_code == 201
    assert "replicass" not in answer.json()["spec"]
    assert "warning" not in answer.headers


def test_a_choice_that_does_not_exist_is_refused(kube: Kube) -> None:
    answer = kube.create("configmaps", config("one"), fieldValidation="Nope")
    words = (
        'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Nope"',
        'supported values: "", "Ignore", "Strict", "Warn"',
    )
    refused(answer, 422, "Invalid", *words)


def test_a_strict_update_is_refused(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    answer = kube.put(DEPLOYMENTS, "web", misspelt(), fieldValidation="Strict")
    refused(answer, 400, "BadRequest", *UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge-patch", {"spec": {"wrong": 1}}),
        ("strategic-merge-patch", {"spec": {"wrong": 1}}),
        ("json-patch", [{"op": "add", "path": "/spec/wrong", "value": 1}]),
    ],
)
def test_a_strict_patch_is_refused(kube: Kube, kind: str, patch: Any) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    answer = kube.patch(DEPLOYMENTS, "web", patch, kind, fieldValidation="Strict")
    words = ('"" is invalid: patch:', 'strict decoding error: unknown field "spec.wrong"')
    refused(answer, 422, "Invalid", *words)
    warned = kube.patch(DEPLOYMENTS, "web", patch, kind)
    assert warned.headers["warning"] == '299 - "unknown field \\"spec.wrong\\""'
    assert "wrong" not in warned.json()["spec"]


def applied(kube: Kube, resource: str, name: str, told: Json) -> tuple[int, str]:
    headers = {"content-type": "application/apply-patch+yaml"}
    query = {"fieldManager": "me", "fieldValidation": "Ignore"}
    answer = kube.http.patch(kube.path(resource, name), json=told, headers=headers, params=query)
    return answer.status_code, answer.json().get("message", "")


def test_server_side_apply_refuses_a_field_whatever_the_client_minds(kube: Kube) -> None:
    told = misspelt()
    del told["spec"]["replicass"]
    code, message = applied(kube, DEPLOYMENTS, "web", told)
    assert code == 500
    assert message == (
        "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
        '.spec.template.spec.containers[name="app"].imagee: field not declared in schema'
    )


@pytest.fixture
def group(kube: Kube) -> Iterator[str]:
    """A group of its own with the kind Widget, whose schema knows a size and free options."""
    name = f"{kube.namespace}.example.com"
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    kube.http.post(path, json=_definition(name)).raise_for_status()
    eventually(lambda: kube.http.get(f"/apis/{name}/v1/widgets").status_code == 200)
    yield name
    kube.http.delete(f"{path}/widgets.{name}").raise_for_status()


def _definition(group: str) -> Json:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = {"size": {"type": "integer"}, "options": free}
    whole = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    api = "apiextensions.k8s.io/v1"
    return thing("CustomResourceDefinition", f"widgets.{group}", api=api, spec=spec)


def test_a_definition_decides_which_fields_its_objects_have(kube: Kube, group: str) -> None:
    spec = {"size": 1, "colour": "red", "options": {"any": {"thing": 1}}}
    told = thing("Widget", "one", api=f"{group}/v1", spec=spec)
    answer = kube.create(f"widgets.{group}", told, fieldValidation="Strict")
    refused(answer, 400, "BadRequest", 'strict decoding error: unknown field "spec.colour"')
    kept = kube.made(f"widgets.{group}", told)
    assert kept["spec"] == {"size": 1, "options": {"any": {"thing": 1}}}


def test_a_definition_decides_what_may_be_applied(kube: Kube, group: str) -> None:
    told = thing("Widget", "one", api=f"{group}/v1", spec={"size": 1, "colour": "red"})
    code, message = applied(kube, f"widgets.{group}", "one", told)
    assert (code, message.rpartition("): ")[2]) == (
        500,
        ".spec.colour: field not declared in schema",
    )
