"""Rules in CEL that a definition sets for its objects."""

import os
from typing import Any

import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import DEFINITIONS, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]
GROUP = f"rules-{os.getpid()}.example.com"
DOODADS = f"doodads.{GROUP}"

SMALL = {"rule": "self.least <= self.most", "message": "least is more than most"}
PLAIN = {"rule": "!has(self.note) || self.note.startsWith('n-')"}
KEPT = {"rule": "self == oldSelf", "message": "is immutable"}
TOLD = {"rule": "self < 100", "messageExpression": "self < 999 ? 'at most 99' : 'far too large'"}
ALL = {"rule": "self.all(one, one.size() < 5)", "message": "names are short"}
NEEDED = {
    "rule": "self.mode != 'dear' || has(self.price)",
    "reason": "FieldValueRequired",
    "fieldPath": ".price",
    "message": "what is dear has a price",
}
NAMED = {"rule": "self.metadata.name != 'forbidden'", "message": "not that name"}


def definition() -> Json:
    fields: Json = {
        "least": {"type": "integer"},
        "most": {"type": "integer", "x-kubernetes-validations": [TOLD]},
        "note": {"type": "string", "maxLength": 20},
        "kept": {"type": "string", "maxLength": 20, "x-kubernetes-validations": [KEPT]},
        "mode": {"type": "string", "enum": ["cheap", "dear"], "default": "cheap"},
        "price": {"type": "number"},
        "names": {
            "type": "array",
            "maxItems": 10,
            "items": {"type": "string", "maxLength": 20},
            "x-kubernetes-validations": [ALL],
        },
    }
    spec = {
        "type": "object",
        "required": ["least", "most"],
        "properties": fields,
        "x-kubernetes-validations": [SMALL, PLAIN, NEEDED],
    }
    schema = {
        "type": "object",
        "properties": {"spec": spec},
        "x-kubernetes-validations": [NAMED],
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"plural": "doodads", "singular": "doodad", "kind": "Doodad"}
    told = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    api = "apiextensions.k8s.io/v1"
    return thing("CustomResourceDefinition", DOODADS, api=api, spec=told)


def doodad(name: str = "one", **spec: Any) -> Json:
    told = {"least": 1, "most": 5, **spec}
    return thing("Doodad", name, api=f"{GROUP}/v1", spec=told)


@pytest.fixture(autouse=True)
def defined(kube: Kube) -> None:
    """Once for each server; what is defined already stays."""
    answer = kube.http.post(DEFINITIONS, json=definition())
    assert answer.status_code in {201, 409}, answer.text
    eventually(lambda: kube.get(DOODADS).status_code == 200)


BROKEN: dict[str, tuple[Json, str, str]] = {
    "of two fields": (doodad(least=9), "spec", 'Invalid value: "object": least is more than most'),
    "without a message": (
        doodad(note="x"),
        "spec",
        "Invalid value: \"object\": failed rule: !has(self.note) || self.note.startsWith('n-')",
    ),
    "with a message worked out": (
        doodad(most=200),
        "spec.most",
        'Invalid value: "integer": at most 99',
    ),
    "of a list": (
        doodad(names=["ann", "elizabeth"]),
        "spec.names",
        'Invalid value: "array": names are short',
    ),
    "with a reason and a field": (
        doodad(mode="dear"),
        "spec.price",
        "Required value: what is dear has a price",
    ),
    "of the whole object": (
        doodad("forbidden"),
        "<nil>",
        'Invalid value: "object": not that name',
    ),
}


@pytest.mark.parametrize(("told", "field", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_a_rule_is_refused(kube: Kube, told: Json, field: str, message: str) -> None:
    status = refused(kube.create(DOODADS, told), 422, "Invalid", f"{field}: {message}")
    [cause] = status["details"]["causes"]
    assert (cause["field"], cause["message"]) == (field, message)


def test_what_keeps_the_rules_is_accepted(kube: Kube) -> None:
    kube.made(DOODADS, doodad(note="n-1", names=["ann"], mode="dear", price=3, kept="a"))


def test_a_rule_about_a_change_holds_for_changes_only(kube: Kube) -> None:
    kube.made(DOODADS, doodad(kept="a"))
    answer = kube.patch(DOODADS, "one", {"spec": {"kept": "b"}})
    refused(answer, 422, "Invalid", 'spec.kept: Invalid value: "string": is immutable')
    assert kube.patch(DOODADS, "one", {"spec": {"kept": "a", "least": 2}}).status_code == 200


def test_rules_wait_until_the_object_has_the_right_shape(kube: Kube) -> None:
    status = refused(kube.create(DOODADS, doodad(least="x", most=200)), 422, "Invalid")
    told = {cause["field"]: cause["message"] for cause in status["details"]["causes"]}
    assert told.keys() == {"spec.least", "<nil>"}
    assert "some validation rules were not checked" in told["<nil>"]
