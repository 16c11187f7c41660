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


TEXT, NUMBERS = {"type": "string", "maxLength": 60}, {"type": "array", "maxItems": 9}
WORDS: Json = {**NUMBERS, "items": TEXT}
NUMBERS["items"] = {"type": "integer"}
# A rule with a function that the API server adds to CEL; a value that keeps it, and one that breaks it.
ADDED: dict[str, tuple[Json, str, Any, Any]] = {
    "isSorted": (NUMBERS, "self.isSorted()", [1, 2, 2], [2, 1]),
    "isSorted of texts": (WORDS, "self.isSorted()", ["a", "b"], ["b", "a"]),
    "sum": (NUMBERS, "self.sum() == 6", [1, 2, 3], [1]),
    "sum of nothing": (NUMBERS, "self.sum() == 0", [], [1]),
    "min": (NUMBERS, "self.size() == 0 || self.min() > 1", [2, 3], [1, 5]),
    "max": (NUMBERS, "self.max() < 9", [1, 8], [9]),
    "indexOf": (WORDS, "self.indexOf('b') == 1", ["a", "b", "b"], ["b"]),
    "lastIndexOf": (WORDS, "self.lastIndexOf('b') == 2", ["a", "b", "b"], ["b"]),
    "indexOf in a text": (TEXT, "self.indexOf('b') == 1", "abb", "bb"),
    "lastIndexOf in a text": (TEXT, "self.lastIndexOf('b') == 2", "abb", "b"),
    "find": (TEXT, "self.find('[0-9]+') == '12'", "a12b3", "ab"),
    "findAll": (TEXT, "self.findAll('[0-9]+') == ['12', '3']", "a12b3", "a12"),
    "findAll of a few": (TEXT, "self.findAll('[0-9]', 1) == ['1']", "a12", "a2"),
    "charAt": (TEXT, "self.charAt(0) == 'x'", "xy", "yx"),
    "substring": (TEXT, "self.substring(1, 2) == 'y'", "xyz", "yxx"),
    "split": ({"type": "string", "maxLength": 9}, "self.split(',').size() == 2", "a,b", "a"),
    "join": (WORDS, "self.join('-') == 'a-b'", ["a", "b"], ["a"]),
    "replace": (TEXT, "self.replace('a', 'b') == 'bb'", "ab", "aac"),
    "lowerAscii": (TEXT, "self.lowerAscii() == 'a\u00c9'", "A\u00c9", "b"),
    "upperAscii and trim": (TEXT, "self.trim().upperAscii() == 'A'", " a ", "b"),
    "isQuantity": (TEXT, "isQuantity(self)", "1.5Gi", "1.5Zi"),
    "isLessThan": (TEXT, "quantity(self).isLessThan(quantity('1Gi'))", "1000Mi", "1024Mi"),
    "isGreaterThan": (TEXT, "quantity(self).isGreaterThan(quantity('1'))", "1100m", "1000m"),
    "compareTo": (TEXT, "quantity(self).compareTo(quantity('1k')) == 0", "1000", "1024"),
    "equal quantities": (TEXT, "quantity(self) == quantity('1Gi')", "1024Mi", "1G"),
    "add": (TEXT, "quantity(self).add(quantity('1')).sub(1).asInteger() == 5", "5", "6"),
    "isInteger": (TEXT, "quantity(self).isInteger()", "5k", "500m"),
    "asApproximateFloat": (TEXT, "quantity(self).asApproximateFloat() > 0.4", "500m", "300m"),
    "isIP": (TEXT, "isIP(self)", "fd00::1", "1.2.3"),
    "family": (TEXT, "isIP(self) && ip(self).family() == 4", "1.2.3.4", "fd00::1"),
    "isLoopback": (TEXT, "!ip(self).isLoopback()", "1.2.3.4", "127.0.0.9"),
    "isGlobalUnicast": (TEXT, "ip(self).isGlobalUnicast()", "10.0.0.1", "224.0.0.1"),
    "isCIDR": (TEXT, "isCIDR(self)", "10.0.0.0/8", "10.0.0.0"),
    "containsIP": (TEXT, "cidr('10.0.0.0/8').containsIP(self)", "10.1.2.3", "11.1.2.3"),
    "containsCIDR": (TEXT, "cidr('10.0.0.0/8').containsCIDR(self)", "10.1.0.0/16", "11.0.0.0/16"),
    "prefixLength": (TEXT, "cidr(self).prefixLength() <= 24", "10.0.0.0/24", "10.0.0.0/25"),
    "masked": (TEXT, "cidr(self).masked() == cidr(self)", "10.0.0.0/24", "10.0.0.7/24"),
    "isURL": (TEXT, "isURL(self)", "https://a.b/c?d=e", "a b"),
    "getHost": (TEXT, "url(self).getHost() == 'a.b:80'", "http://a.b:80/c", "http://a.b/c"),
    "getHostname": (TEXT, "url(self).getHostname() == 'a.b'", "http://a.b:80/c", "http://c/"),
    "getPort": (TEXT, "url(self).getPort() == '80'", "http://a.b:80/c", "http://a.b/"),
    "getScheme": (TEXT, "url(self).getScheme() == 'https'", "https://a", "http://a"),
    "getEscapedPath": (TEXT, "url(self).getEscapedPath() == '/c'", "http://a/c", "http://a/d"),
    "getQuery": (TEXT, "url(self).getQuery()['q'] == ['1']", "http://a/?q=1", "http://a/?q=2"),
}
GADGETS = f"gadgets.{GROUP}"


def fields_with_rules() -> Json:
    return {
        f"f{number}": {**schema, "x-kubernetes-validations": [{"rule": rule, "message": name}]}
        for number, (name, (schema, rule, _, _)) in enumerate(ADDED.items())
    }


@pytest.fixture
def gadgets(kube: Kube) -> None:
    told = definition()
    told["metadata"]["name"] = GADGETS
    names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"}
    told["spec"]["names"] = names
    spec = {"type": "object", "properties": fields_with_rules()}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    told["spec"]["versions"][0]["schema"] = schema
    answer = kube.http.post(DEFINITIONS, json=told)
    assert answer.status_code in {201, 409}, answer.text
    eventually(lambda: kube.get(GADGETS).status_code == 200)


@pytest.mark.usefixtures("gadgets")
def test_functions_that_kubernetes_adds_to_cel_are_known(kube: Kube) -> None:
    kept = {f"f{number}": good for number, (_, _, good, _) in enumerate(ADDED.values())}
    kube.made(GADGETS, thing("Gadget", "kept", api=f"{GROUP}/v1", spec=kept))
    broken = {f"f{number}": bad for number, (_, _, _, bad) in enumerate(ADDED.values())}
    answer = kube.create(GADGETS, thing("Gadget", "broken", api=f"{GROUP}/v1", spec=broken))
    status = refused(answer, 422, "Invalid", "")
    told = {cause["message"].rpartition(": ")[2] for cause in status["details"]["causes"]}
    assert told == set(ADDED)


@pytest.mark.usefixtures("gadgets")
def test_a_function_that_fails_breaks_its_rule(kube: Kube) -> None:
    number = list(ADDED).index("isLessThan")
    wrong = thing("Gadget", "wrong", api=f"{GROUP}/v1", spec={f"f{number}": "much"})
    status = refused(kube.create(GADGETS, wrong), 422, "Invalid", f"spec.f{number}: ")
    [cause] = status["details"]["causes"]
    assert "quantities must match the regular expression" in cause["message"]
