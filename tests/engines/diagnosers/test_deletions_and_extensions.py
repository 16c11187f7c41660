"""What was deleted and stays, APIs that do not answer, kinds that are broken, versions that go."""

import json

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    condition,
    found,
    node,
    pod,
    roots,
    rules,
    stamp,
    thing,
    workload,
)


def leaving(*conditions: Json, minutes: float = 30, name: str = "old") -> Json:
    made = thing("Namespace", name, status={"phase": "Terminating", "conditions": [*conditions]})
    made["metadata"]["deletionTimestamp"] = stamp(minutes)
    return made


SILENT_API = condition(
    "NamespaceDeletionDiscoveryFailure",
    "True",
    message="unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale",
)


def test_a_namespace_that_stays_quotes_what_is_in_the_way() -> None:
    finding = found(cluster(leaving(SILENT_API)), "ns.stuck_terminating")
    assert "metrics.k8s.io/v1beta1" in finding.params["message"]
    assert finding.joins["api"] == "metrics.k8s.io"


def test_a_namespace_that_is_still_going_is_silent() -> None:
    assert rules(cluster(leaving(minutes=5), thing("Namespace", "shop"))) == set()


def api(status: str = "False", ago: float = 40) -> Json:
    told = condition("Available", status, reason="MissingEndpoints", message="none", ago=ago)
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "service": {"namespace": "kube-system", "name": "metrics-server"},
    }
    made = thing("APIService", "v1beta1.metrics.k8s.io", spec=spec)
    return {**made, "status": {"conditions": [told]}}


def test_an_api_that_does_not_answer_is_the_root_of_what_waits_for_it() -> None:
    stuck = condition("ScalingActive", "False", reason="FailedGetResourceMetric", ago=30)
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    scaler = thing("HorizontalPodAutoscaler", "web", spec=target, status={"conditions": [stuck]})
    of = cluster(api(), leaving(SILENT_API), *workload(), scaler)
    assert {"ns.stuck_terminating", "hpa.metrics_unavailable"} <= rules(of)
    assert roots(of) == ["apiservice.unavailable"]


def test_an_api_whose_pods_are_gone_is_only_a_symptom() -> None:
    server = workload("metrics-server", namespace="kube-system", replicas=0)
    server[0]["spec"]["replicas"] = 0
    of = cluster(api(), *server)
    assert roots(of)[0] != "apiservice.unavailable"


@pytest.mark.parametrize("one", [api("True"), api(ago=1)], ids=["available", "restarting"])
def test_an_api_that_answers_or_restarts_is_silent(one: Json) -> None:
    assert rules(cluster(one)) == set()


def finalised(kind: str = "Database", *, minutes: float = 30, **more: object) -> Json:
    made = thing(kind, "orders")
    held = {"finalizers": ["databases.example.com/backup"], **more}
    made["metadata"].update({"deletionTimestamp": stamp(minutes), **held})
    return made


def test_an_object_that_waits_for_a_finalizer_names_it_and_its_controller() -> None:
    operator = workload("databases-operator", namespace="ops", ready=0, replicas=1)
    operator[0]["status"]["readyReplicas"] = 0
    finding = found(cluster(finalised(), *operator), "object.finalizer_stuck")
    assert finding.params["finalizers"] == "databases.example.com/backup"
    assert finding.params["controller"] == "ops/databases-operator"


def test_an_object_that_stays_explains_its_namespace() -> None:
    of = cluster(finalised(), leaving(name="shop"))
    assert roots(of) == ["object.finalizer_stuck"]


@pytest.mark.parametrize(
    "one",
    [finalised(minutes=5), finalised(finalizers=[]), finalised("Pod")],
    ids=["ten minutes are not over", "nothing holds it", "pods have rules of their own"],
)
def test_an_object_that_is_going_is_silent(one: Json) -> None:
    assert "object.finalizer_stuck" not in rules(cluster(one))


def definition(*conditions: Json, **spec: object) -> Json:
    made = thing("CustomResourceDefinition", "databases.example.com", spec=spec)
    return {**made, "status": {"conditions": list(conditions)}}


ESTABLISHED = condition("Established", "True")


def test_a_kind_that_is_not_established_says_why() -> None:
    refused = condition("NamesAccepted", "False", reason="PluralConflict", message="taken")
    finding = found(cluster(definition(refused)), "crd.broken")
    assert (finding.params["condition"], finding.params["message"]) == (
        "NamesAccepted=False",
        "taken",
    )


def converting(service: str) -> Json:
    place = {"service": {"namespace": "shop", "name": service}}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": place}}
    return definition(ESTABLISHED, conversion=conversion)


def test_a_conversion_without_its_service_breaks_the_kind() -> None:
    assert found(cluster(*workload(), converting("gone")), "crd.broken").params["service"]
    assert rules(cluster(*workload(), converting("web"))) == set()


def test_a_conversion_out_of_sight_and_a_young_kind_are_silent() -> None:
    assert rules(cluster(converting("gone"))) == set()
    young = definition(condition("Established", "False"))
    young["metadata"]["creationTimestamp"] = stamp(1)
    assert rules(cluster(young, definition(ESTABLISHED))) == set()


def applied(version: str, **more: object) -> Json:
    said = json.dumps({"apiVersion": version, "kind": "PodDisruptionBudget"})
    name = "kubectl.kubernetes.io/last-applied-configuration"
    made = thing("PodDisruptionBudget", "web", annotations={name: said})
    made["metadata"].update(more)
    return made


def server(version: str) -> Json:
    made = node()
    made["status"]["nodeInfo"] = {"kubeletVersion": version}
    return made


def test_a_manifest_in_a_version_that_goes_is_a_note() -> None:
    of = cluster(applied("policy/v1beta1"), server("v1.24.3"))
    finding = found(of, "api.deprecated")
    assert (finding.params["version"], finding.params["removed"]) == ("policy/v1beta1", "1.25")
    assert roots(of) == []


def test_clients_that_ask_for_an_old_version_are_told_of() -> None:
    labels = {"group": "flowcontrol.apiserver.k8s.io", "version": "v1beta3"}
    named = {**labels, "resource": "flowschemas", "removed_release": "1.32"}
    name = "apiserver_requested_deprecated_apis"
    seen = Series(name, tuple(sorted(named.items())), ((at(5), 1.0),), role=name)
    finding = found(cluster(server("v1.31.2"), series=[seen]), "api.deprecated")
    assert finding.params["what_kind"] == "flowschemas"
    assert finding.severity is Severity.MEDIUM
    assert rules(cluster(server("v1.29.2"), series=[seen])) == set()


@pytest.mark.parametrize(
    "objects",
    [
        [applied("policy/v1"), server("v1.24.3")],
        [applied("policy/v1beta1"), server("v1.22.3")],
        [applied("policy/v1beta1")],
        [
            applied("policy/v1", managedFields=[{"apiVersion": "policy/v1beta1"}]),
            server("v1.24.3"),
        ],
    ],
    ids=["current", "not in the next minor", "version not known", "only managed fields"],
)
def test_a_version_that_stays_for_now_is_silent(objects: list[Json]) -> None:
    assert "api.deprecated" not in rules(cluster(*objects, pod()))
