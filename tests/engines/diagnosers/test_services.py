"""Services that select nothing, almost something, or pods that are not ready."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    NOW,
    cluster,
    condition,
    deployment,
    endpoint_slice,
    found,
    pod,
    replica_set,
    rules,
    running,
    service,
    thing,
    workload,
)


def selecting(**selector: str) -> list[Json]:
    """A healthy workload with labels app=web, version=v2 behind a Service with this selector."""
    made = deployment(template_labels={"version": "v2"})
    owner = replica_set(made)
    front = service(selector=selector)
    return [made, owner, pod(owner, "aa1bb"), pod(owner, "aa2bb"), front, endpoint_slice(front, [])]


@pytest.mark.parametrize(
    ("selector", "key", "actual"),
    [
        ({"app": "web", "version": "v1"}, "version", "v2"),
        ({"app": "wbe"}, "app", "web"),
        ({"app": "web-frontend"}, "app", "web"),
        ({"app": "web", "track": "stable"}, "track", ""),
        ({"aap": "web"}, "aap", "web"),
    ],
)
def test_one_label_that_misses_is_named_with_both_values(
    selector: dict[str, str], key: str, actual: str
) -> None:
    finding = found(cluster(*selecting(**selector)), "service.selector_near_miss")
    assert finding.severity is Severity.CRITICAL
    assert finding.resource == Ref("Service", "shop", "web")
    assert (finding.params["key"], finding.params["actual"]) == (key, actual)
    assert finding.params["wanted"] == selector[key]
    assert finding.fix is not None
    assert finding.fix.id == "fix.selector"
    assert finding.joins["workload"] == "Deployment shop/web"


def test_a_selector_of_something_else_is_no_near_miss() -> None:
    told = cluster(*selecting(app="payments"))
    assert rules(told) == {"service.no_pods"}


def test_two_kinds_of_near_pods_get_no_fix() -> None:
    other = deployment("web2", template_labels={"app": "webb"})
    owner = replica_set(other)
    told = cluster(*selecting(app="weeb"), other, owner, pod(owner))
    assert found(told, "service.selector_near_miss").fix is None


def test_no_pods_is_critical_when_a_route_leads_there() -> None:
    backend = {"service": {"name": "web", "port": {"number": 8080}}}
    rule = {"http": {"paths": [{"path": "/", "backend": backend}]}}
    route = thing("Ingress", "front", spec={"rules": [rule]})
    told = cluster(service(), route, thing("ConfigMap", "x"))
    finding = found(told, "service.no_pods")
    assert finding.severity is Severity.CRITICAL
    assert "Ingress shop/front" in finding.params["referenced_by"]


def test_the_workload_at_zero_behind_a_service_is_named() -> None:
    told = cluster(deployment(replicas=0), service())
    finding = found(told, "service.no_pods")
    assert finding.params["scaled_to_zero"] == "Deployment web"
    assert finding.joins["workload"] == "Deployment shop/web"


@pytest.mark.parametrize(
    "front",
    [
        service(spec={"selector": None}),
        service(spec={"type": "ExternalName", "externalName": "db.example.com"}),
        service(annotations={"control-plane.alpha.kubernetes.io/leader": "{}"}),
        service(age=1),
    ],
    ids=["managed by hand", "external", "leader election", "young"],
)
def test_a_service_that_needs_no_pods_is_silent(front: Json) -> None:
    assert rules(cluster(front)) == set()


def unready(*ready: bool, since: float = 10, **more: object) -> list[Json]:
    made = deployment(replicas=len(ready), **more)
    owner = replica_set(made)
    pods = [
        pod(owner, f"aa{n}bb", status=[running(ready=one, since=since)], age=since, changed=since)
        for n, one in enumerate(ready)
    ]
    front = service()
    return [made, owner, *pods, front, endpoint_slice(front, pods)]


def test_no_ready_endpoint_is_critical_and_names_the_workload() -> None:
    finding = found(cluster(*unready(False, False)), "service.endpoints_not_ready")
    assert finding.severity is Severity.CRITICAL
    assert finding.params["total"] == "2"
    assert finding.params["workload"] == "Deployment web"
    assert finding.joins["service"] == "shop/web"
    assert len(finding.affected) == 2


def test_some_unready_endpoints_are_a_risk() -> None:
    finding = found(cluster(*unready(True, False)), "service.endpoints_partial")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["ready"], finding.params["total"]) == ("1", "2")


def test_without_slices_the_pods_themselves_tell() -> None:
    objects = [one for one in unready(False, False) if one["kind"] != "EndpointSlice"]
    assert "service.endpoints_not_ready" in rules(cluster(*objects))


def test_a_null_ready_counts_as_ready() -> None:
    objects = workload()
    for endpoint in objects[-1]["endpoints"]:
        endpoint["conditions"] = {"ready": None}
    assert rules(cluster(*objects)) == set()


def test_young_pods_are_still_settling() -> None:
    assert "service.endpoints_not_ready" not in rules(cluster(*unready(False, False, since=1)))


def test_publishing_unready_addresses_is_a_choice() -> None:
    objects = unready(False, False)
    objects[-2]["spec"]["publishNotReadyAddresses"] = True
    assert "service.endpoints_not_ready" not in rules(cluster(*objects))


def test_a_rolling_update_may_have_unready_pods() -> None:
    progressing = condition("Progressing", "True", reason="ReplicaSetUpdated", ago=3)
    objects = unready(True, False, conditions=[progressing], status={"updatedReplicas": 1})
    assert not {"service.endpoints_partial", "deploy.unavailable"} & rules(cluster(*objects))


def test_dual_stack_counts_a_pod_once() -> None:
    objects = unready(True, False)
    second = endpoint_slice(objects[-2], [objects[2], objects[3]])
    second["metadata"]["name"] = "web-ipv6"
    finding = found(cluster(*objects, second), "service.endpoints_partial")
    assert finding.params["total"] == "2"
    assert finding.since is not None
    assert finding.since < NOW
