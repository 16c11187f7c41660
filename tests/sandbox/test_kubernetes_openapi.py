"""OpenAPI v3 of what the practice cluster serves."""

from typing import Any

import httpx2

from tests.sandbox.small_cluster import named

Json = dict[str, Any]


def document(http: httpx2.Client, place: str) -> Json:
    return http.get(f"/openapi/v3/{place}").raise_for_status().json()


def kinds(told: Json) -> dict[str, Json]:
    return {
        about["kind"]: schema
        for schema in told["components"]["schemas"].values()
        for about in schema.get("x-kubernetes-group-version-kind", ())
    }


def define_gadgets(http: httpx2.Client) -> None:
    size = {"type": "integer", "description": "How large it is."}
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"size": size, "options": free}}
    whole = {"type": "object", "description": "A gadget.", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    told = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "gadgets", "kind": "Gadget"},
        "versions": [version],
    }
    api = "apiextensions.k8s.io/v1"
    definition = named(
        "CustomResourceDefinition", "gadgets.example.com", api=api, namespace="", spec=told
    )
    http.post(f"/apis/{api}/customresourcedefinitions", json=definition).raise_for_status()


def test_every_kind_that_discovery_lists_has_a_schema(http: httpx2.Client) -> None:
    places = http.get("/openapi/v3").json()["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/example.com/v1"} <= set(places)
    for place in places:
        listed = http.get(f"/{place}").json()["resources"]
        told = document(http, place)
        own = {one["kind"] for one in listed if "/" not in one["name"]}
        assert own == set(kinds(told))
        assert all(schema["properties"] for schema in kinds(told).values())


def test_whatever_a_schema_refers_to_is_there(http: httpx2.Client) -> None:
    for place in http.get("/openapi/v3").json()["paths"]:
        told = document(http, place)
        known = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
        assert references(told) <= known


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for one in value for name in references(one)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {name for one in value.values() for name in references(one)}


def test_a_field_is_told_with_its_type_and_meaning(http: httpx2.Client) -> None:
    schemas = document(http, "apis/apps/v1")["components"]["schemas"]
    port = schemas["io.k8s.v1.ContainerPort"]
    assert port["required"] == ["containerPort"]
    assert port["properties"]["containerPort"]["type"] == "integer"
    assert "port" in port["properties"]["containerPort"]["description"]
    limits = schemas["io.k8s.v1.ResourceRequirements"]["properties"]["limits"]
    told = [{"$ref": "#/components/schemas/io.k8s.Quantity"}]
    assert limits["additionalProperties"]["allOf"] == told


def test_two_kinds_of_one_name_are_told_apart(http: httpx2.Client) -> None:
    core = kinds(document(http, "api/v1"))["Event"]["properties"]
    events = kinds(document(http, "apis/events.k8s.io/v1"))["Event"]["properties"]
    assert "involvedObject" in core
    assert "involvedObject" not in events
    assert "regarding" in events


def test_a_custom_kind_is_told_as_its_definition_says(http: httpx2.Client) -> None:
    define_gadgets(http)
    told = kinds(document(http, "apis/example.com/v1"))["Gadget"]
    assert told["description"] == "A gadget."
    assert told["properties"]["spec"]["properties"]["size"]["description"] == "How large it is."
    assert {"apiVersion", "kind", "metadata"} < set(told["properties"])


def test_a_kind_without_a_schema_takes_any_field(http: httpx2.Client) -> None:
    told = named("Widget", "two", api="example.com/v1", spec={"any": {"thing": 1}})
    answer = http.post(
        "/apis/example.com/v1/namespaces/shop/widgets",
        json=told,
        params={"fieldValidation": "Strict"},
    )
    assert answer.json()["spec"] == {"any": {"thing": 1}}
