"""Workloads at zero replicas: asleep until there is work, or missing."""

from typing import Any

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    deployment,
    found,
    log,
    ranking,
    roots,
    service,
    thing,
    workload,
)

IDLE = (condition("Ready", "True"), condition("Active", "False"))


def scaled_object(*states: Json, **spec: Any) -> Json:
    target = {"scaleTargetRef": {"name": "printer"}, "triggers": [{"type": "redis"}], **spec}
    return thing("ScaledObject", "printer", spec=target, status={"conditions": list(states)})


def autoscaler(name: str = "printer", *, smallest: int = 1, **more: Any) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "printer"}
    spec = {"scaleTargetRef": target, "minReplicas": smallest, "maxReplicas": 5}
    return thing("HorizontalPodAutoscaler", name, spec=spec, **more)


def at_zero(*others: Json, annotations: Json | None = None, **more: Any) -> Cluster:
    printer = deployment("printer", replicas=0, annotations=annotations or {})
    return cluster(printer, service("printer"), *workload("web"), *others, **more)


@pytest.mark.parametrize(
    "seen",
    [
        at_zero(scaled_object(*IDLE)),
        at_zero(scaled_object()),
        at_zero(scaled_object(*IDLE), autoscaler("keda-hpa-printer")),
        at_zero(autoscaler("keda-hpa-printer")),
        at_zero(autoscaler(labels={"scaledobject.keda.sh/name": "printer"})),
        at_zero(autoscaler(smallest=0)),
        at_zero(annotations={"downscaler/original-replicas": "2"}),
    ],
    ids=["keda", "no status", "keda and hpa", "made by keda", "labelled", "from zero", "marked"],
)
def test_what_sleeps_until_there_is_work_is_no_fault(seen: Cluster) -> None:
    assert ranking(seen).verdict == "healthy"
    assert found(seen, "service.no_pods").severity is Severity.LOW


@pytest.mark.parametrize(
    "seen",
    [
        at_zero(),
        at_zero(scaled_object(condition("Ready", "True"), condition("Active", "True"))),
        at_zero(scaled_object(condition("Ready", "False"), condition("Active", "False"))),
        at_zero(scaled_object(*IDLE, condition("Paused", "True"))),
        at_zero(scaled_object(*IDLE, minReplicaCount=1)),
        at_zero(scaled_object(*IDLE, scaleTargetRef={"name": "other"})),
        at_zero(autoscaler()),
    ],
    ids=["nobody's", "work waits", "broken", "paused", "never zero", "another's", "from one"],
)
def test_what_no_healthy_scaler_put_to_sleep_is_missing(seen: Cluster) -> None:
    assert found(seen, "service.no_pods").severity is Severity.MEDIUM
    assert ranking(seen).verdict == "found"


def test_a_sleeper_beside_one_that_nobody_scales_is_not_what_the_service_waits_for() -> None:
    other = deployment("second", replicas=0, template_labels={"app": "printer"})
    seen = at_zero(scaled_object(*IDLE), other)
    assert found(seen, "service.no_pods").severity is Severity.MEDIUM


def test_whoever_calls_a_sleeper_in_vain_makes_it_the_cause() -> None:
    caller = workload("caller")
    line = "ERROR call failed: dial tcp: connect http://printer:8080: connection refused"
    seen = at_zero(scaled_object(*IDLE), *caller, logs=[log(caller[2], *[line] * 5, name="caller")])
    assert roots(seen) == ["service.no_pods"]
    assert ranking(seen).roots[0].finding.resource == Ref("Service", "shop", "printer")
