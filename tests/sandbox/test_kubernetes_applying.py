"""Server-side apply: who owns which field, and what happens when two want the same."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.kubernetes_api.patching import Layout, Writer, applied
from sandbox.kubernetes_api.statuses import Refusal
from tests.sandbox.small_cluster import template

Json = dict[str, Any]

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
API = "/apis/apps/v1/namespaces/shop/deployments/api"
MAP = "/api/v1/namespaces/shop/configmaps/c"
APPLY = {"content-type": "application/apply-patch+yaml"}
MERGE = {"content-type": "application/merge-patch+json"}
POD = Layout("Pod")


def config(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def pod(containers: dict[str, Json]) -> Json:
    told = [{"name": name, **fields} for name, fields in containers.items()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": told},
    }


def apply(before: Json | None, told: Json, manager: str = "me", *, force: bool = False) -> Json:
    writer = Writer(manager, "v1", "2026-11-20T10:00:00Z")
    return applied(before, told, writer=writer, layout=POD, force=force)


def containers(one: Json) -> dict[str, Json]:
    return {entry["name"]: entry for entry in one["spec"]["containers"]}


DATA = st.dictionaries(st.sampled_from("abcd"), st.text(max_size=2))
FIELDS = st.dictionaries(st.sampled_from(["image", "tty", "args"]), st.text(max_size=2))
CONTAINERS = st.dictionaries(st.sampled_from("abc"), FIELDS, max_size=3)


@given(DATA, DATA, DATA)
def test_what_a_manager_no_longer_applies_goes_and_the_rest_stays(
    others: dict[str, str], first: dict[str, str], second: dict[str, str]
) -> None:
    made = apply(None, config(**others), "other")
    result = apply(apply(made, config(**first), force=True), config(**second), force=True)
    kept = {k: v for k, v in others.items() if first.get(k, v) == v}
    assert result["data"] == {**kept, **second}


@given(CONTAINERS, CONTAINERS)
def test_applying_twice_is_applying_once(there: dict[str, Json], told: dict[str, Json]) -> None:
    once = apply(apply(None, pod(there), "other"), pod(told), force=True)
    assert apply(once, pod(told)) == once


@given(CONTAINERS, CONTAINERS, CONTAINERS)
def test_who_alone_owns_an_object_never_conflicts(
    first: dict[str, Json], second: dict[str, Json], third: dict[str, Json]
) -> None:
    result: Json | None = None
    for told in (first, second, third):
        result = apply(result, pod(told))
        assert containers(result) == containers(pod(told))


@given(CONTAINERS, CONTAINERS)
def test_a_conflict_is_another_value_in_a_field_that_another_manager_owns(
    first: dict[str, Json], second: dict[str, Json]
) -> None:
    differs = any(
        second[name][field] != value
        for name in first.keys() & second.keys()
        for field, value in first[name].items()
        if field in second[name]
    )
    made = apply(None, pod(first), "first")
    if differs:
        with pytest.raises(Refusal, match="Apply failed with"):
            apply(made, pod(second), "second")
        return
    result = apply(made, pod(second), "second")
    both = {n: {**first.get(n, {}), **second.get(n, {})} for n in {*first, *second}}
    assert containers(result) == containers(pod(both))


@given(CONTAINERS, CONTAINERS)
def test_what_is_forced_has_one_owner(first: dict[str, Json], second: dict[str, Json]) -> None:
    result = apply(apply(None, pod(first), "first"), pod(second), "second", force=True)
    assert all(containers(result)[name].items() >= f.items() for name, f in second.items())
    assert apply(result, pod(second), "second") == result


def test_applying_makes_and_then_changes_an_object(http: httpx2.Client) -> None:
    query = {"fieldManager": "tester"}
    made = http.patch(MAP, json=config(a="1", b="2"), headers=APPLY, params=query)
    assert made.status_code == 201
    changed = http.patch(MAP, json=config(a="3"), headers=APPLY, params=query).json()
    assert changed["data"] == {"a": "3"}
    [entry] = changed["metadata"]["managedFields"]
    assert (entry["manager"], entry["fieldsV1"]) == ("tester", {"f:data": {"f:a": {}}})
    same = http.patch(MAP, json=config(a="3"), headers=APPLY, params=query).json()
    assert same["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


def wanted(**spec: Any) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": spec,
    }


def made_by_kubectl(http: httpx2.Client) -> None:
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    http.post(
        API.removesuffix("/api"),
        json=wanted(**spec),
        params={"fieldManager": "kubectl-client-side-apply"},
    )


def test_a_conflict_names_the_other_manager_and_the_field(http: httpx2.Client) -> None:
    made_by_kubectl(http)
    query = {"fieldManager": "tester"}
    answer = http.patch(API, json=wanted(replicas=5), headers=APPLY, params=query)
    assert answer.status_code == 409
    status = answer.json()
    who = 'conflict with "kubectl-client-side-apply" using apps/v1'
    assert status["message"] == f"Apply failed with 1 conflict: {who}: .spec.replicas"
    assert status["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": who, "field": ".spec.replicas"}
    ]
    assert http.get(API).json()["spec"]["replicas"] == 2


def test_several_conflicts_are_listed_by_manager(http: httpx2.Client) -> None:
    made_by_kubectl(http)
    image = {"spec": {"containers": [{"name": "app", "image": "shop/web:9"}]}}
    told = wanted(replicas=5, template=image)
    answer = http.patch(API, json=told, headers=APPLY, params={"fieldManager": "tester"})
    assert answer.json()["message"].splitlines() == [
        'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:',
        "- .spec.replicas",
        '- .spec.template.spec.containers[name="app"].image',
    ]


def test_who_forces_takes_the_field_over(http: httpx2.Client) -> None:
    made_by_kubectl(http)
    query = {"fieldManager": "tester", "force": "true"}
    after = http.patch(API, json=wanted(replicas=5), headers=APPLY, params=query).json()
    assert after["spec"]["replicas"] == 5
    [app] = after["spec"]["template"]["spec"]["containers"]
    assert app["resources"] == template()["spec"]["containers"][0]["resources"]
    found = {e["manager"]: e["fieldsV1"] for e in after["metadata"]["managedFields"]}
    assert found["tester"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["kubectl-client-side-apply"]["f:spec"]


def test_a_dry_run_of_an_apply_keeps_nothing(http: httpx2.Client) -> None:
    query = {"fieldManager": "tester", "dryRun": "All"}
    assert http.patch(MAP, json=config(a="1"), headers=APPLY, params=query).status_code == 201
    assert http.get(MAP).status_code == 404


def test_what_was_there_before_belongs_to_somebody(http: httpx2.Client) -> None:
    told = {**wanted(replicas=5), "metadata": {"name": "web"}}
    answer = http.patch(WEB, json=told, headers=APPLY, params={"fieldManager": "tester"})
    assert '"before-first-apply" using apps/v1: .spec.replicas' in answer.json()["message"]


def test_every_write_records_who_wrote_what(http: httpx2.Client) -> None:
    made_by_kubectl(http)
    http.patch(API, json={"spec": {"paused": True}}, headers={**MERGE, "user-agent": "tool/1.2 x"})
    scale = {"spec": {"replicas": 7}}
    http.patch(f"{API}/scale", json=scale, headers=MERGE, params={"fieldManager": "scaler"})
    found = {e["manager"]: e for e in http.get(API).json()["metadata"]["managedFields"]}
    assert found["tool"]["fieldsV1"] == {"f:spec": {"f:paused": {}}}
    assert found["scaler"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert found["scaler"]["subresource"] == "scale"
    assert found["scaler"]["operation"] == "Update"
    first = found["kubectl-client-side-apply"]["fieldsV1"]["f:spec"]
    assert "f:replicas" not in first
    port = 'k:{"containerPort":8080,"protocol":"TCP"}'
    app = first["f:template"]["f:spec"]["f:containers"]['k:{"name":"app"}']
    assert app["f:ports"][port] == {".": {}, "f:containerPort": {}, "f:protocol": {}}


def test_a_status_that_is_applied_is_recorded_apart(http: httpx2.Client) -> None:
    told = {**wanted(replicas=9), "metadata": {"name": "web"}, "status": {"replicas": 4}}
    query = {"fieldManager": "tester", "force": "true"}
    after = http.patch(f"{WEB}/status", json=told, headers=APPLY, params=query).json()
    assert (after["spec"]["replicas"], after["status"]["replicas"]) == (2, 4)
    own = after["metadata"]["managedFields"][0]
    assert (own["subresource"], own["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})


def test_kubectl_takes_over_what_it_applied_from_the_client(http: httpx2.Client) -> None:
    note = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"1"}}'}
    one = config(a="1", b="1")
    one["metadata"]["annotations"] = note
    query = {"fieldManager": "kubectl-client-side-apply"}
    http.post(MAP.removesuffix("/c"), json=one, params=query)
    query = {"fieldManager": "kubectl"}
    assert http.patch(MAP, json=config(a="2"), headers=APPLY, params=query).status_code == 200
    assert http.patch(MAP, json=config(b="2"), headers=APPLY, params=query).status_code == 409


GEAR = "/apis/example.com/v1/namespaces/shop/gears"


def define_gears(http: httpx2.Client) -> None:
    entry = {"type": "object", "properties": {"id": {"type": "string"}}}
    teeth = {
        "type": "array",
        "items": entry,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["id"],
    }
    tags = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}
    plain = {"type": "array", "items": entry}
    spec = {"type": "object", "properties": {"teeth": teeth, "tags": tags, "containers": plain}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gears.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "gears", "kind": "Gear"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert http.post(path, json=definition).status_code == 201


def test_a_definition_says_how_its_lists_are_merged(http: httpx2.Client) -> None:
    define_gears(http)
    about = {"apiVersion": "example.com/v1", "kind": "Gear", "metadata": {"name": "g"}}
    for manager in ("one", "two"):
        lists = {"teeth": [{"id": manager}], "tags": [manager]}
        query = {"fieldManager": manager}
        http.patch(f"{GEAR}/g", json={**about, "spec": lists}, headers=APPLY, params=query)
    spec = http.get(f"{GEAR}/g").json()["spec"]
    assert spec == {"teeth": [{"id": "one"}, {"id": "two"}], "tags": ["one", "two"]}
    told = {**about, "spec": {"containers": [{"id": "a"}]}}
    http.patch(f"{GEAR}/g", json=told, headers=APPLY, params={"fieldManager": "three"})
    told["spec"] = {"containers": [{"id": "b"}]}
    answer = http.patch(f"{GEAR}/g", json=told, headers=APPLY, params={"fieldManager": "four"})
    assert answer.json()["details"]["causes"][0]["field"] == ".spec.containers"
