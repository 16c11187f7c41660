"""Writes: versions and conflicts, generations, dry runs, refusals."""

from typing import Any

import httpx2
import kubernetes
import pytest

from tests.sandbox.small_cluster import named

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
SETTINGS = "/api/v1/namespaces/shop/configmaps/settings"
CONFIGMAPS = "/api/v1/namespaces/shop/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}


def merge(http: httpx2.Client, path: str, patch: Any, **query: str) -> httpx2.Response:
    return http.patch(path, json=patch, headers=MERGE, params=query)


def test_a_created_object_is_there_with_an_identity(http: httpx2.Client) -> None:
    answer = http.post(CONFIGMAPS, json=named("ConfigMap", "new", data={"a": "b"}))
    assert answer.status_code == 201
    made = http.get(f"{CONFIGMAPS}/new").json()
    assert made == answer.json()
    assert {"uid", "resourceVersion", "creationTimestamp"} <= set(made["metadata"])


def test_a_name_may_be_generated(http: httpx2.Client) -> None:
    told = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-"}}
    name = http.post(CONFIGMAPS, json=told).json()["metadata"]["name"]
    assert name.startswith("run-")
    assert len(name) == len("run-") + 5


@pytest.mark.parametrize(
    ("told", "code", "reason", "message"),
    [
        (
            named("ConfigMap", "settings"),
            409,
            "AlreadyExists",
            'configmaps "settings" already exists',
        ),
        (named("Secret", "x"), 400, "BadRequest", "cannot be handled as a ConfigMap"),
        (
            named("ConfigMap", "x", namespace="other"),
            400,
            "BadRequest",
            "does not match the namespace",
        ),
        (named("ConfigMap", ""), 422, "Invalid", "metadata.name: Required value"),
        (
            named("ConfigMap", "No_Such"),
            422,
            "Invalid",
            "a lowercase RFC 1123 subdomain must consist",
        ),
    ],
)
def test_what_cannot_be_created_is_refused(
    http: httpx2.Client, told: Any, code: int, reason: str, message: str
) -> None:
    answer = http.post(CONFIGMAPS, json=told)
    assert (answer.status_code, answer.json()["reason"]) == (code, reason)
    assert message in answer.json()["message"]


def test_nothing_is_created_in_a_namespace_that_is_not_there(http: httpx2.Client) -> None:
    answer = http.post(
        "/api/v1/namespaces/none/configmaps", json=named("ConfigMap", "x", namespace="none")
    )
    assert (answer.status_code, answer.json()["message"]) == (404, 'namespaces "none" not found')


def test_the_second_of_two_writers_is_told(http: httpx2.Client) -> None:
    read = http.get(SETTINGS).json()
    assert http.put(SETTINGS, json={**read, "data": {"mode": "slow"}}).status_code == 200
    late = http.put(SETTINGS, json={**read, "data": {"mode": "late"}})
    assert (late.status_code, late.json()["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes" in late.json()["message"]
    stale = {"metadata": {"resourceVersion": read["metadata"]["resourceVersion"]}, "data": {}}
    assert merge(http, SETTINGS, stale).status_code == 409


def test_a_write_that_changes_nothing_is_no_new_version(http: httpx2.Client) -> None:
    before = http.get(SETTINGS).json()
    assert merge(http, SETTINGS, {"data": {"mode": "fast"}}).json() == before


def test_a_changed_spec_is_a_new_generation_and_the_status_stays(http: httpx2.Client) -> None:
    after = merge(http, WEB, {"spec": {"replicas": 5}, "status": {"readyReplicas": 5}}).json()
    assert (after["metadata"]["generation"], after["spec"]["replicas"]) == (4, 5)
    assert (after["status"]["observedGeneration"], after["status"]["readyReplicas"]) == (3, 1)
    labelled = merge(http, WEB, {"metadata": {"labels": {"x": "y"}}}).json()
    assert labelled["metadata"]["generation"] == 4


def test_the_status_is_written_apart(http: httpx2.Client) -> None:
    after = merge(
        http, f"{WEB}/status", {"status": {"readyReplicas": 2}, "spec": {"replicas": 9}}
    ).json()
    assert (after["status"]["readyReplicas"], after["spec"]["replicas"]) == (2, 2)
    assert after["metadata"]["generation"] == 3


def test_a_dry_run_shows_and_keeps_nothing(http: httpx2.Client) -> None:
    before = http.get(WEB).json()
    shown = merge(http, WEB, {"spec": {"replicas": 7}}, dryRun="All").json()
    assert (shown["spec"]["replicas"], shown["metadata"]["generation"]) == (7, 4)
    created = http.post(CONFIGMAPS, json=named("ConfigMap", "dry"), params={"dryRun": "All"})
    http.delete(SETTINGS, params={"dryRun": "All"}).raise_for_status()
    assert created.status_code == 201
    assert http.get(f"{CONFIGMAPS}/dry").status_code == 404
    assert http.get(WEB).json() == before
    assert http.get(SETTINGS).status_code == 200


def test_scaling_through_the_official_client(official: Any) -> None:
    apps = kubernetes.client.AppsV1Api(official)
    apps.patch_namespaced_deployment_scale("web", "shop", {"spec": {"replicas": 3}})
    scale = apps.read_namespaced_deployment_scale("web", "shop")
    assert scale.spec.replicas == 3
    assert scale.status.selector == "app=web"
    assert apps.read_namespaced_deployment("web", "shop").metadata.generation == 4


def test_a_deleted_object_is_gone(http: httpx2.Client) -> None:
    answer = http.delete(SETTINGS)
    assert answer.json()["status"] == "Success"
    assert http.get(SETTINGS).status_code == 404
    assert http.delete(SETTINGS).status_code == 404


def test_a_delete_meant_for_another_object_is_refused(http: httpx2.Client) -> None:
    options = {"preconditions": {"uid": "somebody-else"}}
    answer = http.request("DELETE", SETTINGS, json=options)
    assert answer.status_code == 409
    assert "the UID in the precondition (somebody-else)" in answer.json()["message"]
    assert http.get(SETTINGS).status_code == 200


def test_a_finalizer_holds_an_object_until_it_is_taken_off(http: httpx2.Client) -> None:
    http.post(CONFIGMAPS, json=named("ConfigMap", "held", finalizers=["x.io/y"])).raise_for_status()
    http.delete(f"{CONFIGMAPS}/held").raise_for_status()
    assert "deletionTimestamp" in http.get(f"{CONFIGMAPS}/held").json()["metadata"]
    merge(http, f"{CONFIGMAPS}/held", {"metadata": {"finalizers": None}}).raise_for_status()
    assert http.get(f"{CONFIGMAPS}/held").status_code == 404


def test_a_deleted_namespace_takes_nothing_new(http: httpx2.Client) -> None:
    assert http.delete("/api/v1/namespaces/shop").json()["status"]["phase"] == "Terminating"
    answer = http.post(CONFIGMAPS, json=named("ConfigMap", "late"))
    assert answer.status_code == 403
    assert "because it is being terminated" in answer.json()["message"]


def test_many_are_deleted_by_a_selector(http: httpx2.Client) -> None:
    http.delete(
        "/api/v1/namespaces/shop/pods",
        params={"labelSelector": "tier=front", "gracePeriodSeconds": 0},
    ).raise_for_status()
    left = [one["metadata"]["name"] for one in http.get("/api/v1/pods").json()["items"]]
    assert "web-a" not in left
    assert "web-b" in left


def test_a_pod_on_a_node_is_given_time_to_stop(http: httpx2.Client) -> None:
    answer = http.delete("/api/v1/namespaces/shop/pods/web-a").json()
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 30
    assert answer["metadata"]["deletionTimestamp"]


def evict(http: httpx2.Client, pod: str) -> httpx2.Response:
    told = named("Eviction", pod, api="policy/v1")
    return http.post(f"/api/v1/namespaces/shop/pods/{pod}/eviction", json=told)


def test_a_disruption_budget_protects_a_pod_from_eviction(http: httpx2.Client) -> None:
    kept = evict(http, "web-a")
    assert kept.status_code == 429
    assert kept.json()["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert evict(http, "web-b").status_code == 201
    gone = http.get("/api/v1/namespaces/shop/pods/web-b")
    assert gone.status_code == 404 or gone.json()["metadata"]["deletionTimestamp"]


CONTAINERS = "spec.template.spec.containers"


@pytest.mark.parametrize(
    ("spec", "code", "sentence"),
    [
        (
            {"replicas": -1},
            422,
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"replicas": "3"},
            422,
            "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas",
        ),
        ({"selector": {"matchLabels": {"app": "x"}}}, 422, "field is immutable"),
        (
            {"template": {"metadata": {"labels": {"app": "x"}}}},
            422,
            "`selector` does not match template `labels`",
        ),
        ({"template": {"spec": {"containers": []}}}, 422, f"{CONTAINERS}: Required value"),
        (
            {"template": {"spec": {"containers": [{"name": "a"}]}}},
            422,
            f"{CONTAINERS}[0].image: Required value",
        ),
    ],
)
def test_a_deployment_that_no_server_would_keep_is_refused(
    http: httpx2.Client, spec: Any, code: int, sentence: str
) -> None:
    answer = merge(http, WEB, {"spec": spec})
    assert answer.status_code == code
    assert sentence in answer.json()["message"]


@pytest.mark.parametrize(
    ("resources", "code", "sentence"),
    [
        (
            {"requests": {"memory": "512Mi"}},
            422,
            'Invalid value: "512Mi": must be less than or equal to memory limit of 256Mi',
        ),
        ({"limits": {"memory": "1Zi"}}, 422, "quantities must match the regular expression"),
        ({"limits": {"memory": "1e9", "cpu": "1500m"}, "requests": {"cpu": 1}}, 200, ""),
    ],
)
def test_resources_are_checked_as_quantities(
    http: httpx2.Client, resources: Any, code: int, sentence: str
) -> None:
    patch = {
        "spec": {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}
    }
    headers = {"content-type": "application/strategic-merge-patch+json"}
    answer = http.patch(WEB, json=patch, headers=headers)
    assert answer.status_code == code, answer.text
    assert sentence in answer.text.replace('\\"', '"')


def test_a_pod_keeps_its_spec_but_for_its_image(http: httpx2.Client) -> None:
    path = "/api/v1/namespaces/shop/pods/web-a"
    headers = {"content-type": "application/strategic-merge-patch+json"}
    image = {"spec": {"containers": [{"name": "app", "image": "shop/web:2"}]}}
    assert http.patch(path, json=image, headers=headers).status_code == 200
    answer = merge(http, path, {"spec": {"nodeName": "elsewhere"}})
    assert "pod updates may not change fields other than" in answer.json()["message"]


def test_a_definition_brings_its_kind(http: httpx2.Client) -> None:
    versions = [{"name": "v1", "served": True, "storage": True}]
    names = {"plural": "gadgets", "kind": "Gadget"}
    spec = {"group": "new.io", "scope": "Namespaced", "names": names, "versions": versions}
    told = named(
        "CustomResourceDefinition",
        "gadgets.new.io",
        api="apiextensions.k8s.io/v1",
        namespace="",
        spec=spec,
    )
    http.post(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=told
    ).raise_for_status()
    path = "/apis/new.io/v1/namespaces/shop/gadgets"
    made = http.post(path, json=named("Gadget", "g", api="new.io/v1", spec={"a": 1}))
    assert made.json()["metadata"]["generation"] == 1
    assert http.put(f"{path}/g", json=named("Gadget", "g", api="new.io/v1")).status_code == 422


def test_a_method_that_a_resource_does_not_have(http: httpx2.Client) -> None:
    answer = http.post("/api/v1/namespaces/shop/pods/web-a/log", json={})
    assert (answer.status_code, answer.json()["reason"]) == (405, "MethodNotAllowed")
    assert http.put("/api/v1/pods", json={}).status_code in {404, 405}


def test_a_body_that_cannot_be_read(http: httpx2.Client) -> None:
    wrong = http.post(CONFIGMAPS, content=b"<a/>", headers={"content-type": "text/xml"})
    assert (wrong.status_code, wrong.json()["reason"]) == (415, "UnsupportedMediaType")
    assert (
        http.post(
            CONFIGMAPS, content=b"{", headers={"content-type": "application/json"}
        ).status_code
        == 400
    )
    yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\n"
    headers = {"content-type": "application/yaml"}
    assert http.post(CONFIGMAPS, content=yaml, headers=headers).status_code == 201
