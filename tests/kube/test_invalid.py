"""Objects that no server keeps: 422 with the fields at fault, 400 for what cannot be read."""

from typing import Any

import pytest

from tests.kube.manifests import budget, config, containers, deployment, pod, service, thing
from tests.kube.server import Kube, refused

Json = dict[str, Any]

DEPLOYMENTS = "deployments.apps"
CONTAINERS = "spec.template.spec.containers"


@pytest.mark.parametrize(
    "name", ["Upper", "under_score", "-dash", "dash-", "a/b", "a b", "dot.", "é", "x" * 254]
)
def test_a_name_is_a_subdomain(kube: Kube, name: str) -> None:
    status = refused(kube.create("configmaps", config(name)), 422, "Invalid", "metadata.name")
    causes = status["details"]["causes"]
    assert {one["field"] for one in causes} == {"metadata.name"}
    assert {one["reason"] for one in causes} == {"FieldValueInvalid"}


@pytest.mark.parametrize("value", ["a b", "-a", "x" * 64, "a/b"])
def test_a_label_is_a_short_word(kube: Kube, value: str) -> None:
    status = refused(kube.create("configmaps", config("a", {"k": value})), 422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "metadata.labels"


def _deployment(patch: Json) -> Json:
    one = deployment("web")
    one["spec"] |= patch
    return one


def _template(**spec: Any) -> Json:
    return {"template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}}


def _with_resources(**resources: Json) -> Json:
    return _template(containers=[{"name": "app", "image": "a:1", "resources": resources}])


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({"replicas": -1}, "spec.replicas", "FieldValueInvalid"),
        ({"selector": {}}, "spec.selector", "FieldValueInvalid"),
        ({"selector": None}, "spec.selector", "FieldValueRequired"),
        (
            {"selector": {"matchLabels": {"app": "x"}}},
            "spec.template.metadata.labels",
            "FieldValueInvalid",
        ),
        (_template(containers=[]), CONTAINERS, "FieldValueRequired"),
        (_template(containers=[{"image": "a"}]), f"{CONTAINERS}[0].name", "FieldValueRequired"),
        (_template(containers=[{"name": "a"}]), f"{CONTAINERS}[0].image", "FieldValueRequired"),
        (
            _template(containers=containers("a", "a")),
            f"{CONTAINERS}[1].name",
            "FieldValueDuplicate",
        ),
        (
            _with_resources(limits={"memory": "1Gi"}, requests={"memory": "2Gi"}),
            f"{CONTAINERS}[0].resources.requests",
            "FieldValueInvalid",
        ),
    ],
)
def test_a_deployment_names_the_field_at_fault(
    kube: Kube, spec: Json, field: str, reason: str
) -> None:
    status = refused(kube.create(DEPLOYMENTS, _deployment(spec)), 422, "Invalid", field)
    causes = {(one["field"], one["reason"]) for one in status["details"]["causes"]}
    assert (field, reason) in causes
    assert (status["details"]["kind"], status["details"]["group"]) == ("Deployment", "apps")
    assert status["message"].startswith('Deployment.apps "web" is invalid: ')


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": "3"}, "cannot unmarshal"),
        (_with_resources(limits={"memory": "1Zi"}), "quantities must match"),
    ],
)
def test_a_value_of_the_wrong_form_cannot_be_read(kube: Kube, spec: Json, words: str) -> None:
    refused(kube.create(DEPLOYMENTS, _deployment(spec)), 400, "BadRequest", words)


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"minAvailable": 1, "maxUnavailable": 1}, "spec", "cannot be both set"),
        ({"minAvailable": -1}, "spec.minAvailable", "must be greater than or equal to 0"),
        ({"maxUnavailable": "150%"}, "spec.maxUnavailable", "must not be greater than 100%"),
        ({"maxUnavailable": "x"}, "spec.maxUnavailable", "a valid percent string must be"),
    ],
)
def test_a_disruption_budget_names_one_share(
    kube: Kube, spec: Json, field: str, words: str
) -> None:
    answer = kube.create("poddisruptionbudgets.policy", budget("web", **spec))
    status = refused(answer, 422, "Invalid", words)
    assert [one["field"] for one in status["details"]["causes"]] == [field]


def test_a_disruption_budget_cannot_be_given_a_second_share(kube: Kube) -> None:
    kube.made("poddisruptionbudgets.policy", budget("web", maxUnavailable=1))
    patch = {"spec": {"minAvailable": "100%"}}
    answer = kube.patch("poddisruptionbudgets.policy", "web", patch)
    refused(answer, 422, "Invalid", "minAvailable and maxUnavailable cannot be both set")


def test_the_selector_of_a_deployment_stays(kube: Kube) -> None:
    kube.made(DEPLOYMENTS, deployment("web"))
    labels = {"app": "web", "new": "1"}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}},
    }
    status = refused(kube.patch(DEPLOYMENTS, "web", {"spec": spec}), 422, "Invalid")
    [cause] = status["details"]["causes"]
    assert cause["field"] == "spec.selector"
    assert cause["message"].endswith("field is immutable")


@pytest.mark.parametrize(
    "spec", [{"nodeName": "b"}, {"restartPolicy": "Never"}, {"hostNetwork": True}]
)
def test_a_pod_keeps_its_spec(kube: Kube, spec: Json) -> None:
    kube.made("pods", pod("a", nodeName="a"))
    words = "pod updates may not change fields other than"
    status = refused(kube.patch("pods", "a", {"spec": spec}), 422, "Invalid", words)
    assert status["details"]["causes"][0]["reason"] == "FieldValueForbidden"


def test_the_image_of_a_pod_may_change(kube: Kube) -> None:
    kube.made("pods", pod("a"))
    told = {"spec": {"containers": containers(image="shop/app:2")}}
    answer = kube.patch("pods", "a", told, "strategic-merge-patch")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("resource", ["configmaps", "secrets"])
def test_what_is_immutable_stays(kube: Kube, resource: str) -> None:
    kind = {"configmaps": "ConfigMap", "secrets": "Secret"}[resource]
    kube.made(resource, thing(kind, "a", data={"x": "MQ=="}, immutable=True))
    words = "field is immutable when `immutable` is set"
    refused(kube.patch(resource, "a", {"data": {"x": "Mg=="}}), 422, "Invalid", words)
    kube.patch(resource, "a", {"metadata": {"labels": {"a": "b"}}}).raise_for_status()


def test_a_version_is_not_told_at_creation(kube: Kube) -> None:
    told = config("a")
    told["metadata"]["resourceVersion"] = "7"
    words = "resourceVersion should not be set on objects to be created"
    answer = kube.create("configmaps", told)
    assert (answer.status_code, answer.json()["message"]) == (500, words)


def test_an_object_without_a_name_is_refused(kube: Kube) -> None:
    words = "name or generateName is required"
    status = refused(kube.create("configmaps", config("")), 422, "Invalid", words)
    assert status["details"]["causes"][0]["reason"] == "FieldValueRequired"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"{", "application/json", 400),
        (b"<a/>", "text/xml", 415),
        (b"{}", "text/plain", 415),
        (b"[]", "application/json", 400),
        (
            b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": 5}',
            "application/json",
            400,
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    kube: Kube, body: bytes, content_type: str, code: int
) -> None:
    headers = {"content-type": content_type}
    answer = kube.http.post(kube.path("configmaps"), content=body, headers=headers)
    assert (answer.status_code, answer.json()["kind"]) == (code, "Status")


def test_yaml_is_read_too(kube: Kube) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
    headers = {"content-type": "application/yaml"}
    assert kube.http.post(kube.path("configmaps"), content=body, headers=headers).status_code == 201
    assert kube.get("configmaps", "a").json()["data"] == {"x": "1"}


def test_a_service_of_an_unknown_type_is_refused(kube: Kube) -> None:
    status = refused(kube.create("services", service("a", type="Odd")), 422, "Invalid")
    assert status["details"]["causes"][0]["reason"] == "FieldValueNotSupported"
