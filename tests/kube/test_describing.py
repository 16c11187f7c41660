"""What the server says about itself: discovery, tables, and kinds that definitions bring."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import NotFound
from mcp_servers.backends.kubernetes import Kubernetes
from tests.kube.deadline import eventually
from tests.kube.manifests import KINDS, config, deployment, pod, thing
from tests.kube.server import VERSIONS, Kube, refused

Json = dict[str, Any]

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
NAMES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def _listed(kube: Kube, group_version: str) -> dict[str, Json]:
    answer = kube.http.get(f"/{group_version}").json()
    assert answer["kind"] == "APIResourceList"
    return {one["name"]: one for one in answer["resources"]}


@pytest.mark.parametrize("resource", list(KINDS))
def test_a_kind_is_discovered(kube: Kube, resource: str) -> None:
    plural, _, group = resource.partition(".")
    found = _listed(kube, VERSIONS[group])[plural]
    told, _ = KINDS[resource]
    assert (found["kind"], found["namespaced"]) == (told["kind"], True)
    verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
    assert set(found["verbs"]) == verbs


@pytest.mark.parametrize(
    ("resource", "short"),
    [
        ("pods", ["po"]),
        ("services", ["svc"]),
        ("configmaps", ["cm"]),
        ("namespaces", ["ns"]),
        ("nodes", ["no"]),
        ("persistentvolumeclaims", ["pvc"]),
        ("serviceaccounts", ["sa"]),
        ("events", ["ev"]),
    ],
)
def test_short_names_are_the_usual_ones(kube: Kube, resource: str, short: list[str]) -> None:
    assert _listed(kube, "api/v1")[resource]["shortNames"] == short


@pytest.mark.parametrize(
    ("group_version", "name"),
    [
        ("api/v1", "pods/log"),
        ("api/v1", "pods/eviction"),
        ("api/v1", "pods/status"),
        ("apis/apps/v1", "deployments/scale"),
        ("apis/apps/v1", "statefulsets/scale"),
        ("apis/apps/v1", "daemonsets/status"),
    ],
)
def test_subresources_are_discovered(kube: Kube, group_version: str, name: str) -> None:
    assert name in _listed(kube, group_version)


def test_groups_name_their_preferred_version(kube: Kube) -> None:
    groups = {one["name"]: one for one in kube.http.get("/apis").json()["groups"]}
    assert groups["apps"]["preferredVersion"]["groupVersion"] == "apps/v1"
    assert groups["autoscaling"]["preferredVersion"]["version"] == "v2"
    assert set(VERSIONS) - {""} <= set(groups)


async def test_the_version_is_a_release(hand: Kubernetes) -> None:
    assert (await hand.version()).startswith("v1.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health_is_one_word(kube: Kube, path: str) -> None:
    answer = kube.http.get(path)
    assert (answer.status_code, answer.text) == (200, "ok")


def _table(kube: Kube, resource: str) -> Json:
    answer = kube.http.get(kube.path(resource), headers={"accept": TABLE})
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(
    ("resource", "columns"),
    [
        ("pods", ["Name", "Ready", "Status", "Restarts", "Age"]),
        ("services", ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"]),
        ("configmaps", ["Name", "Data", "Age"]),
        ("secrets", ["Name", "Type", "Data", "Age"]),
        ("deployments.apps", ["Name", "Ready", "Up-to-date", "Available", "Age"]),
        ("replicasets.apps", ["Name", "Desired", "Current", "Ready", "Age"]),
        ("statefulsets.apps", ["Name", "Ready", "Age"]),
        (
            "daemonsets.apps",
            ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector"],
        ),
        ("jobs.batch", ["Name", "Status", "Completions", "Duration", "Age"]),
        (
            "poddisruptionbudgets.policy",
            ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"],
        ),
        ("ingresses.networking.k8s.io", ["Name", "Class", "Hosts", "Address", "Ports", "Age"]),
        ("persistentvolumeclaims", ["Name", "Status", "Volume", "Capacity", "Access Modes"]),
    ],
)
def test_a_table_has_the_columns_people_know(kube: Kube, resource: str, columns: list[str]) -> None:
    kube.made(resource, KINDS[resource][0])
    table = _table(kube, resource)
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    shown = [one["name"] for one in table["columnDefinitions"] if one["priority"] == 0]
    assert shown[: len(columns)] == columns
    assert "x" in {row["cells"][0] for row in table["rows"]}


def test_a_row_shows_the_state_of_a_pod(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    [row] = _table(kube, "pods")["rows"]
    assert row["cells"][:4] == ["a", "0/1", "Pending", "0"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


def test_a_row_counts_what_a_config_map_holds(kube: Kube) -> None:
    kube.made("configmaps", config("a", x="1", y="2"))
    rows = {row["cells"][0]: row["cells"] for row in _table(kube, "configmaps")["rows"]}
    assert rows["a"][1] in {2, "2"}


def test_a_row_shows_a_deployment_that_nobody_has_begun(kube: Kube) -> None:
    kube.made("deployments.apps", deployment("web", 3))
    [row] = _table(kube, "deployments.apps")["rows"]
    assert row["cells"][:4] == ["web", "0/3", 0, 0]


def test_names_may_be_had_without_the_rest(kube: Kube) -> None:
    kube.made("configmaps", config("a", x="much"))
    page = kube.http.get(kube.path("configmaps"), headers={"accept": NAMES}).json()
    assert page["kind"] == "PartialObjectMetadataList"
    assert "a" in {one["metadata"]["name"] for one in page["items"]}
    assert not any("data" in one for one in page["items"])


@pytest.fixture
def group(kube: Kube) -> Iterator[str]:
    """A group of its own with the kind Gadget, which has a status and a scale."""
    name = f"{kube.namespace}.example.com"
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    kube.http.post(path, json=_definition(name)).raise_for_status()
    eventually(lambda: kube.http.get(f"/apis/{name}/v1/gadgets").status_code == 200)
    yield name
    kube.http.delete(f"{path}/gadgets.{name}").raise_for_status()


def _definition(group: str) -> Json:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version: Json = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": anything},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        ],
    }
    names = {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "shortNames": ["gdg"]}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    api = "apiextensions.k8s.io/v1"
    return thing("CustomResourceDefinition", f"gadgets.{group}", api=api, spec=spec)


def _gadget(group: str, name: str = "one", **spec: Any) -> Json:
    return thing("Gadget", name, api=f"{group}/v1", spec=spec)


def test_a_definition_brings_its_kind(kube: Kube, group: str) -> None:
    gadgets = f"gadgets.{group}"
    made = kube.made(gadgets, _gadget(group, size=3))
    assert made["metadata"]["generation"] == 1
    after = kube.patch(gadgets, "one", {"spec": {"size": 4}}).json()
    assert (after["spec"]["size"], after["metadata"]["generation"]) == (4, 2)
    assert kube.names(gadgets) == ["one"]
    assert kube.delete(gadgets, "one").json()["status"] == "Success"
    refused(kube.get(gadgets, "one"), 404, "NotFound", f'{gadgets} "one" not found')


def test_a_custom_kind_is_discovered(kube: Kube, group: str) -> None:
    found = _listed(kube, f"apis/{group}/v1")["gadgets"]
    assert (found["kind"], found["shortNames"]) == ("Gadget", ["gdg"])


def test_a_custom_table_has_the_columns_of_its_definition(kube: Kube, group: str) -> None:
    gadgets = f"gadgets.{group}"
    kube.made(gadgets, _gadget(group, size=3))
    table = _table(kube, gadgets)
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["one", 3]


def test_a_custom_update_names_the_version_it_replaces(kube: Kube, group: str) -> None:
    gadgets = f"gadgets.{group}"
    kube.made(gadgets, _gadget(group))
    words = "must be specified for an update"
    refused(kube.put(gadgets, "one", _gadget(group)), 422, "Invalid", words)


def test_a_custom_status_has_its_own_address(kube: Kube, group: str) -> None:
    gadgets = f"gadgets.{group}"
    kube.made(gadgets, _gadget(group, size=1))
    headers = {"content-type": "application/merge-patch+json"}
    told = {"status": {"done": True}, "spec": {"size": 9}}
    path = kube.path(gadgets, "one", "status")
    after = kube.http.patch(path, json=told, headers=headers).json()
    assert after["status"] == {"done": True}
    assert (after["spec"], after["metadata"]["generation"]) == ({"size": 1}, 1)


def test_a_custom_kind_has_no_strategic_patch(kube: Kube, group: str) -> None:
    gadgets = f"gadgets.{group}"
    kube.made(gadgets, _gadget(group))
    answer = kube.patch(gadgets, "one", {"spec": {}}, "strategic-merge-patch")
    refused(answer, 415, "UnsupportedMediaType")


async def test_our_backend_learns_custom_kinds(kube: Kube, hand: Kubernetes, group: str) -> None:
    kube.made(f"gadgets.{group}", _gadget(group, size=3))
    [found] = await hand.list(f"gadgets.{group}", namespace=kube.namespace)
    assert (found.kind, found.name) == ("Gadget", "one")
    with pytest.raises(NotFound, match=r"no kind 'Gadgett'"):
        await hand.list("Gadgett")
