"""Pods that the API server does not let be, and workloads at zero."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    deployment,
    event,
    found,
    replica_set,
    rules,
    service,
    stamp,
    thing,
)

QUOTA = (
    'pods "web-7d4b9c6f5d-x" is forbidden: exceeded quota: compute, requested: limits.memory=512Mi, '
    "used: limits.memory=2Gi, limited: limits.memory=2Gi"
)


def refused(said: str, *others: Json, replicas: int = 0, **more: object) -> Cluster:
    made = deployment(replicas=2, ready=0, status={"replicas": replicas, "updatedReplicas": 2})
    owner = replica_set(made, ready=0)
    owner["status"]["replicas"] = replicas
    failed = event(owner, "FailedCreate", f"Error creating: {said}", first=40, count=14)
    return cluster(made, owner, *others, events=[failed], **more)


def test_a_used_up_quota_is_told_with_its_numbers() -> None:
    finding = found(refused(QUOTA), "workload.create_refused.quota")
    assert finding.resource == Ref("Deployment", "shop", "web")
    params = finding.params
    assert params["quota"] == finding.joins["quota"] == "compute"
    assert (params["requested"], params["used"]) == ("limits.memory=512Mi", "limits.memory=2Gi")
    assert params["limited"] == "limits.memory=2Gi"
    assert finding.fix is None
    assert finding.joins["replicaset"] == "shop/web-7d4b9c6f5d"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            "forbidden: failed quota: compute: must specify limits.cpu for: web; limits.memory for: web",
            "limits_required",
        ),
        (
            "forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi",
            "limits_required",
        ),
        (
            'forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            "pod_security",
        ),
        ('admission webhook "policy.example.com" denied the request: no team label', "webhook"),
        (
            'Internal error occurred: failed calling webhook "policy.example.com": connection refused',
            "webhook",
        ),
        (
            'forbidden: error looking up service account shop/wbe: serviceaccount "wbe" not found',
            "identity",
        ),
        ("forbidden: no PriorityClass with name urgent was found", "identity"),
        ("something else entirely", "other"),
        (
            'admission webhook "rules.example.com" denied the request: must specify limits',
            "webhook",
        ),
        ("forbidden: cpu max limit to request ratio per Container is 4, but 8", "limits_required"),
        (
            'pods is forbidden: User "system:serviceaccount:kube-system:x" cannot create pods',
            "other",
        ),
    ],
)
def test_each_refusal_has_its_rule(said: str, kind: str) -> None:
    told = rules(refused(said))
    assert {one for one in told if one.startswith("workload")} == {
        f"workload.create_refused.{kind}"
    }


def test_a_missing_service_account_is_pointed_to_the_near_one() -> None:
    said = 'error looking up service account shop/weeb: serviceaccount "weeb" not found'
    finding = found(
        refused(said, thing("ServiceAccount", "web")), "workload.create_refused.identity"
    )
    assert finding.params["near"] == "web"
    assert finding.fix is not None
    assert finding.fix.id == "fix.repoint"


def test_a_webhook_that_cannot_be_called_is_told_apart_from_one_that_denies() -> None:
    said = 'failed calling webhook "policy.example.com": no endpoints available'
    finding = found(refused(said), "workload.create_refused.webhook")
    assert (finding.params["unreachable"], finding.joins["webhook"]) == (
        "true",
        "policy.example.com",
    )


def test_limits_that_are_demanded_are_quoted() -> None:
    said = "failed quota: compute: must specify limits.cpu for: web"
    finding = found(refused(said), "workload.create_refused.limits_required")
    assert finding.params["requirement"] == "must specify limits.cpu for: web"
    assert finding.fix is not None


def test_a_condition_tells_it_too_when_events_have_expired() -> None:
    failure = condition("ReplicaFailure", "True", reason="FailedCreate", message=QUOTA)
    made = deployment(
        replicas=2, ready=0, conditions=[failure], status={"replicas": 0, "updatedReplicas": 0}
    )
    assert "workload.create_refused.quota" in rules(cluster(made))


def test_a_later_creation_that_worked_is_silent() -> None:
    assert not any(one.startswith("workload") for one in rules(refused(QUOTA, replicas=2)))
    told = refused(QUOTA)
    maker = told.all("ReplicaSet")[0].raw
    created = event(maker, "SuccessfulCreate", "Created pod", ago=1, kind="Normal")
    later = cluster(*(one.raw for one in told.resources), events=[*told.events, created])
    assert "workload.create_refused.quota" not in rules(later)


def asleep(**more: object) -> Json:
    return deployment(replicas=0, **more)


def test_a_workload_at_zero_that_a_service_leads_to_is_told_with_who_did_it() -> None:
    made = asleep()
    made["metadata"]["managedFields"] = [
        {
            "manager": "kubectl",
            "subresource": "scale",
            "time": stamp(50),
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]
    down = event(made, "ScalingReplicaSet", "Scaled down replica set web-1 to 0 from 3", ago=50)
    finding = found(cluster(made, service(), events=[down]), "workload.scaled_to_zero")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["by"] == "kubectl"
    assert "to 0 from 3" in finding.params["was"]
    assert finding.joins["service"] == "shop/web"


@pytest.mark.parametrize(
    "objects",
    [
        [asleep()],
        [asleep(annotations={"downscaler/uptime": "Mon-Fri"}), service()],
        [asleep(), service(), thing("ScaledObject", "s", spec={"scaleTargetRef": {"name": "web"}})],
    ],
    ids=["nobody leads there", "by the clock", "by KEDA"],
)
def test_zero_on_purpose_is_silent(objects: list[Json]) -> None:
    assert "workload.scaled_to_zero" not in rules(cluster(*objects))
