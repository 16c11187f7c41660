"""Admission webhooks nobody answers for or trusts, an ill control plane, events without end."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Event, Json
from tests.certificates import certificate
from tests.factories import (
    NOW,
    cluster,
    container,
    deployment,
    event,
    found,
    log,
    pod,
    replica_set,
    roots,
    rules,
    thing,
    waiting,
    workload,
)

PODS = {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}


def configuration(
    service: str = "guard", *, age: float = 9000, url: str = "", **fields: object
) -> Json:
    place: Json = {"service": {"namespace": "ops", "name": service}} if not url else {"url": url}
    ca = fields.pop("caBundle", "")
    rule = {"name": "guard.example.com", "clientConfig": {**place, "caBundle": ca}, "rules": [PODS]}
    narrow = {"namespaceSelector": {"matchLabels": {"guarded": "yes"}}}
    made = thing("ValidatingWebhookConfiguration", "guard", age=age)
    return {**made, "webhooks": [{**rule, **narrow, **fields}]}


def guard(*, ready: int = 2) -> list[Json]:
    made = workload("guard", namespace="ops", ready=ready)
    if not ready:
        for one, endpoint in zip(made[2:4], made[-1]["endpoints"], strict=True):
            one["status"]["conditions"][0]["status"] = "False"
            endpoint["conditions"]["ready"] = False
    return made


def refused() -> tuple[list[Json], Json]:
    """A workload whose pods the API server refuses because the webhook cannot be called."""
    made = deployment("web", replicas=2, ready=0, status={"updatedReplicas": 0, "replicas": 0})
    maker = replica_set(made, ready=0)
    maker["status"]["replicas"] = 0
    return [made, maker], maker


def failing(maker: Json, why: str) -> list[Event]:
    said = f'Error creating: Internal error occurred: failed calling webhook "guard.example.com": {why}'
    return [event(maker, "FailedCreate", said, count=9, first=20)]


def test_a_webhook_without_its_service_names_the_nearest() -> None:
    finding = found(cluster(*guard(), configuration("gaurd")), "webhook.unreachable")
    assert (finding.severity, finding.params["near"]) == (Severity.HIGH, "guard")


def test_a_webhook_that_is_ignored_when_away_is_hygiene() -> None:
    of = cluster(*guard(ready=0), configuration(failurePolicy="Ignore"))
    assert found(of, "webhook.unreachable").severity is Severity.LOW


def test_pods_that_are_refused_for_a_webhook_are_its_symptom() -> None:
    objects, maker = refused()
    events = failing(maker, "no endpoints available for service guard")
    of = cluster(*objects, *guard(), configuration("gone"), events=events)
    assert found(of, "webhook.unreachable").severity is Severity.CRITICAL
    assert "workload.create_refused.webhook" in rules(of)
    assert roots(of) == ["webhook.unreachable"]


def test_what_ails_the_server_of_a_webhook_comes_before_it() -> None:
    server = guard(ready=0)
    crashed = waiting("guard", "ImagePullBackOff", "manifest unknown: not found")
    server[2]["status"]["containerStatuses"] = [crashed]
    objects, maker = refused()
    events = failing(maker, "connect: connection refused")
    of = cluster(*objects, *server, configuration(), events=events)
    assert "webhook.unreachable" in rules(of)
    assert roots(of) == ["pod.image_pull.not_found"]


@pytest.mark.parametrize(
    "objects",
    [
        [*guard(), configuration()],
        [configuration()],
        [*guard(), configuration(url="https://hooks.example.com/guard")],
        [*guard(), configuration("gone", age=1)],
    ],
    ids=["it answers", "its namespace is out of sight", "called by URL", "young"],
)
def test_a_webhook_that_answers_or_cannot_be_seen_is_silent(objects: list[Json]) -> None:
    assert rules(cluster(*objects)) == set()


def bundle(days: float) -> str:
    pem = certificate("guard.ops.svc", ends_at=NOW + timedelta(days=days))
    return base64.b64encode(pem).decode()


def test_a_bundle_that_ran_out_says_when() -> None:
    of = cluster(*guard(), configuration(caBundle=bundle(-2)))
    finding = found(of, "webhook.ca_invalid")
    assert finding.params["ended_at"] == "2026-03-08T12:00:00Z"


def test_calls_that_fail_for_trust_are_quoted_and_not_called_unreachable() -> None:
    objects, maker = refused()
    events = failing(maker, "tls: failed to verify certificate: x509: signed by unknown authority")
    of = cluster(*objects, *guard(), configuration(caBundle=bundle(90)), events=events)
    assert "x509" in found(of, "webhook.ca_invalid").params["message"]
    assert "webhook.unreachable" not in rules(of)
    assert roots(of) == ["webhook.ca_invalid"]


def test_a_bundle_that_something_was_to_fill_in_is_told_when_it_stays_empty() -> None:
    waited = configuration()
    waited["metadata"]["annotations"] = {"cert-manager.io/inject-ca-from": "ops/guard"}
    assert found(cluster(*guard(), waited), "webhook.ca_invalid").params["empty"] == "caBundle"
    waited["metadata"]["creationTimestamp"] = NOW.isoformat()
    assert rules(cluster(*guard(), waited)) == set()


@pytest.mark.parametrize("ca", ["", "bm90IGEgY2VydGlmaWNhdGU=", bundle(90)])
def test_a_bundle_that_holds_or_cannot_be_judged_is_silent(ca: str) -> None:
    assert rules(cluster(*guard(), configuration(caBundle=ca))) == set()


def wide(**fields: object) -> Json:
    return configuration(**{"namespaceSelector": {}, "timeoutSeconds": 30, **fields})


def test_a_webhook_that_could_stop_the_whole_cluster_is_a_note() -> None:
    of = cluster(*guard(), wide())
    assert found(of, "webhook.fail_closed_wide").params["timeout_s"] == "30"
    assert roots(of) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"failurePolicy": "Ignore"},
        {"timeoutSeconds": 3},
        {
            "namespaceSelector": {
                "matchExpressions": [
                    {
                        "key": "kubernetes.io/metadata.name",
                        "operator": "NotIn",
                        "values": ["kube-system"],
                    }
                ]
            }
        },
        {"rules": [{**PODS, "resources": ["configmaps"]}]},
        {"objectSelector": {"matchLabels": {"guarded": "yes"}}},
    ],
    ids=["fails open", "short", "leaves out the system", "other kinds", "few objects"],
)
def test_a_webhook_with_bounds_is_silent(fields: Json) -> None:
    assert rules(cluster(*guard(), wide(**fields))) == set()


def component(name: str, node: str = "cp-1", **more: Any) -> Json:
    spec = {"containers": [container(name)], "nodeName": node}
    labels = {"component": name, "tier": "control-plane"}
    place = f"{name}-{node}"
    return pod(name=place, namespace="kube-system", spec=spec, labels=labels, **more)


def test_the_only_scheduler_that_crashes_is_critical() -> None:
    crashed = component("kube-scheduler", status=[waiting("kube-scheduler", "CrashLoopBackOff")])
    of = cluster(crashed)
    finding = found(of, "controlplane.unhealthy")
    assert (finding.severity, finding.params["reason"]) == (Severity.CRITICAL, "CrashLoopBackOff")
    assert roots(of) == ["controlplane.unhealthy"]


def test_one_of_three_leaves_the_cluster_served() -> None:
    of = cluster(
        component("etcd", ready=False), component("etcd", "cp-2"), component("etcd", "cp-3")
    )
    finding = found(of, "controlplane.unhealthy")
    assert finding.severity is Severity.HIGH
    assert finding.params["spared"] == "etcd-cp-2, etcd-cp-3"


def test_a_store_that_is_full_says_so_while_it_is_ready() -> None:
    store = component("etcd")
    said = log(store, "etcdserver: mvcc: database space exceeded", name="etcd")
    finding = found(cluster(store, logs=[said]), "controlplane.unhealthy")
    assert "space exceeded" in finding.params["line"]


def test_a_control_plane_that_is_well_or_out_of_sight_is_silent() -> None:
    assert rules(cluster(component("etcd"), component("kube-apiserver"))) == set()
    assert "controlplane.unhealthy" not in rules(cluster(*workload("etcd-backup", ready=0)))


def test_events_without_end_are_hygiene() -> None:
    held = workload()
    storm = event(held[0], "ScalingReplicaSet", "scaled", count=900, ago=1, first=30)
    of = cluster(*held, events=[storm])
    finding = found(of, "event.flood")
    assert (finding.severity, finding.params["count"]) == (Severity.LOW, "900")
    assert roots(of) == []


@pytest.mark.parametrize(("count", "first"), [(150, 8), (900, 900)])
def test_events_spread_over_hours_are_no_flood(count: int, first: float) -> None:
    held = workload()
    said = event(held[0], "ScalingReplicaSet", "scaled", count=count, ago=1, first=first)
    assert rules(cluster(*held, events=[said])) == set()
