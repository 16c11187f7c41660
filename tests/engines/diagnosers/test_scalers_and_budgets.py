"""Autoscalers at their limit or at odds, and disruption budgets that allow nothing."""

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    event,
    found,
    log,
    node,
    notes,
    pod,
    roots,
    rules,
    stamp,
    thing,
    waiting,
    workload,
)

WEB = Ref("Deployment", "shop", "web")


def hpa(
    *conditions: Json, name: str = "web", current: int | None = 94, most: int = 6, **more: object
) -> Json:
    """An autoscaler on CPU: 70 % is its target, `current` what it reads."""
    target = {"type": "Utilization", "averageUtilization": 70}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    value = {"averageUtilization": current}
    read = {"type": "Resource", "resource": {"name": "cpu", "current": value}}
    ref = {"kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": ref, "minReplicas": 2, "maxReplicas": most, "metrics": [metric]}
    status = {
        "currentReplicas": 6,
        "currentMetrics": [read] if current is not None else [],
        "conditions": list(conditions),
    }
    return thing("HorizontalPodAutoscaler", name, spec=spec, status=status, **more)


def limited(ago: float = 40, status: str = "True", reason: str = "TooManyReplicas") -> Json:
    message = "the desired replica count is more than the maximum replica count"
    return condition("ScalingLimited", status, reason=reason, message=message, ago=ago)


def test_an_autoscaler_at_its_maximum_shows_what_it_reads() -> None:
    finding = found(cluster(*workload(), hpa(limited())), "hpa.at_max")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["most"], finding.params["metrics"]) == ("6", "cpu 94/70")
    assert finding.fix is not None
    assert finding.fix.id == "fix.hpa"


def test_a_condition_alone_suffices_where_no_metric_is_told() -> None:
    assert "hpa.at_max" in rules(cluster(*workload(), hpa(limited(), current=None)))


@pytest.mark.parametrize(
    "scaler",
    [
        hpa(limited(ago=10)),
        hpa(limited(), current=68),
        hpa(limited(status="False", reason="DesiredWithinRange")),
        hpa(limited(reason="TooFewReplicas")),
        hpa(limited(), age=1),
    ],
    ids=["just now", "at its target", "within range", "at its minimum", "young"],
)
def test_an_autoscaler_that_does_not_want_more_is_silent(scaler: Json) -> None:
    assert "hpa.at_max" not in rules(cluster(*workload(), scaler))


def test_an_autoscaler_at_its_maximum_explains_what_its_workload_runs_out_of() -> None:
    objects = workload()
    full = log(objects[2], *["connection pool exhausted: 50/50 in use"] * 4, every_s=120)
    told = cluster(*objects, hpa(limited()), logs=[full])
    assert "app.exhausted" in rules(told)
    assert roots(told) == ["hpa.at_max"]


def test_bounds_that_leave_no_room_and_a_target_at_zero_are_notes() -> None:
    assert found(cluster(*workload(), hpa(most=2)), "hpa.inert").params["count"] == "2"
    off = condition("ScalingActive", "False", reason="ScalingDisabled")
    assert found(cluster(*workload(), hpa(off)), "hpa.inert").params["disabled"] == "0"
    assert "hpa.inert" not in notes(cluster(*workload(), hpa()))


def scaled(*conditions: Json, target: str = "web", **more: object) -> Json:
    spec = {"scaleTargetRef": {"name": target}, "triggers": [{"type": "kafka"}]}
    return thing("ScaledObject", "web", spec=spec, status={"conditions": list(conditions)}, **more)


UNREADY = condition("Ready", "False", reason="ScaledObjectCheckFailed", message="no auth secret")
READY = condition("Ready", "True")


def test_a_scaled_object_that_does_not_work_quotes_keda() -> None:
    finding = found(cluster(*workload(), scaled(UNREADY)), "keda.not_ready")
    assert finding.severity is Severity.HIGH
    assert (finding.params["triggers"], finding.params["message"]) == ("kafka", "no auth secret")
    assert finding.joins["target"] == "Deployment shop/web"


def test_a_scaled_object_of_nobody_is_told_with_the_nearest() -> None:
    finding = found(cluster(*workload(), scaled(READY, target="weeb")), "keda.not_ready")
    assert (finding.params["absent"], finding.params["near"]) == ("weeb", "web")


def test_a_pause_is_a_note_after_a_day() -> None:
    mark = {"autoscaling.keda.sh/paused": "true"}
    forgotten = scaled(READY, condition("Paused", "True", ago=60 * 30), annotations=mark)
    assert found(cluster(*workload(), forgotten), "keda.not_ready").severity is Severity.LOW
    recent = scaled(READY, condition("Paused", "True", ago=60), annotations=mark)
    assert "keda.not_ready" not in rules(cluster(*workload(), recent))


def test_a_scaled_object_that_is_idle_or_young_is_silent() -> None:
    idle = scaled(READY, condition("Active", "False"))
    assert "keda.not_ready" not in rules(cluster(*workload(), idle))
    assert "keda.not_ready" not in rules(cluster(*workload(), scaled(UNREADY, age=1)))


def vpa(acts: str, **policy: object) -> Json:
    spec = {
        "targetRef": {"kind": "Deployment", "name": "web"},
        "updatePolicy": {"updateMode": acts},
        "resourcePolicy": {"containerPolicies": [{"containerName": "*", **policy}]},
    }
    return thing("VerticalPodAutoscaler", "web", spec=spec)


def test_two_autoscalers_of_one_workload_are_at_odds() -> None:
    finding = found(cluster(*workload(), hpa(), hpa(name="web-2")), "scaler.conflict")
    assert (finding.resource, finding.severity) == (WEB, Severity.HIGH)
    assert len(finding.affected) == 2
    assert finding.params["over"] == "replicas"


def test_keda_beside_a_hand_made_autoscaler_is_at_odds_with_it() -> None:
    finding = found(cluster(*workload(), hpa(), scaled(READY)), "scaler.conflict")
    assert finding.params["scalers"] == "HorizontalPodAutoscaler web, ScaledObject web"


def test_the_hand_of_a_scaled_object_is_named_beside_it() -> None:
    keda = scaled(READY)
    keda["status"]["hpaName"] = "keda-hpa-web"
    hand = hpa(name="keda-hpa-web", owner=keda)
    finding = found(cluster(*workload(), hpa(), hand, keda), "scaler.conflict")
    assert "ScaledObject web (HorizontalPodAutoscaler keda-hpa-web)" in finding.params["scalers"]


def test_kedas_own_autoscaler_is_its_hand() -> None:
    own = hpa(name="keda-hpa-web", owner=scaled(READY))
    assert "scaler.conflict" not in rules(cluster(*workload(), own, scaled(READY)))


def test_a_vertical_autoscaler_on_the_same_resource_is_at_odds() -> None:
    finding = found(cluster(*workload(), hpa(), vpa("Auto")), "scaler.conflict")
    assert finding.params["over"] == "cpu"


@pytest.mark.parametrize(
    "other",
    [
        vpa("Off"),
        vpa("Initial"),
        vpa("Auto", controlledResources=["memory"]),
        vpa("Auto", mode="Off"),
    ],
    ids=["advice only", "new pods only", "another resource", "switched off"],
)
def test_a_vertical_autoscaler_that_leaves_it_alone_is_silent(other: Json) -> None:
    assert "scaler.conflict" not in rules(cluster(*workload(), hpa(), other))


def pinned(*, times: int) -> Cluster:
    objects, scaler = workload(), hpa()
    fields = {"f:spec": {"f:replicas": {}}}
    entry = {"manager": "argocd-controller", "time": stamp(50), "fieldsV1": fields}
    objects[0]["metadata"]["managedFields"] = [entry]
    said = "New size: 5; reason: cpu resource utilization above target"
    again = event(scaler, "SuccessfulRescale", said, count=times, kind="Normal")
    return cluster(*objects, scaler, events=[again] if times else [])


def test_a_manifest_that_takes_each_rescale_back_is_at_odds() -> None:
    finding = found(pinned(times=6), "scaler.conflict")
    assert finding.severity is Severity.HIGH
    assert "argocd-controller" in finding.params["scalers"]


def test_a_manifest_that_pins_replicas_without_a_fight_is_a_note() -> None:
    assert found(pinned(times=0), "scaler.conflict").severity is Severity.LOW


def unguarded() -> list[Json]:
    """A healthy workload without a budget of its own."""
    return [one for one in workload() if one["kind"] != "PodDisruptionBudget"]


def budget(
    *, allowed: int = 0, needed: int = 2, healthy: int = 2, ago: float = 600, **more: object
) -> Json:
    status = {
        "expectedPods": 2,
        "desiredHealthy": needed,
        "currentHealthy": healthy,
        "disruptionsAllowed": allowed,
        "conditions": [condition("DisruptionAllowed", str(allowed > 0), ago=ago)],
    }
    spec = {"minAvailable": needed, "selector": {"matchLabels": {"app": "web"}}}
    return thing("PodDisruptionBudget", "web", **{"spec": spec, "status": status, **more})


def closed(minutes: float = 300, **more: object) -> Json:
    taint = {"key": "node.kubernetes.io/unschedulable", "timeAdded": stamp(minutes)}
    return node(spec={"unschedulable": True, "taints": [taint]}, **more)


def test_a_budget_that_can_never_allow_one_is_a_risk_that_breaks_nothing() -> None:
    told = cluster(*unguarded(), node(), budget())
    finding = found(told, "pdb.blocks_drain")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["rule_set"] == "minAvailable 2"
    assert finding.fix is None
    assert rank(diagnose(told), told, topology(told)).verdict == "healthy"


def test_a_drain_that_waits_for_such_a_budget_is_explained_by_it() -> None:
    told = cluster(*unguarded(), closed(60 * 30), node("node-2"), budget())
    finding = found(told, "pdb.blocks_drain")
    assert finding.severity is Severity.HIGH
    assert (finding.params["nodes"], finding.joins["node"]) == ("node-1", "node-1")
    assert "node.left_cordoned" in rules(told)
    assert roots(told) == ["pdb.blocks_drain"]


def failing() -> list[Json]:
    """Two pods, one of which crashes; the other is on the node to be drained."""
    objects = unguarded()
    crashed = waiting("web", "ImagePullBackOff", "manifest unknown")
    objects[3] = pod(objects[1], "aa1bb", status=[crashed], spec={"nodeName": "node-2"})
    return objects


def test_a_budget_used_up_by_broken_pods_is_their_symptom() -> None:
    told = cluster(*failing(), closed(), node("node-2"), budget(needed=1, healthy=1))
    finding = found(told, "pdb.blocks_drain")
    assert finding.severity is Severity.HIGH
    assert "node" not in finding.joins
    assert roots(told)[0] == "pod.image_pull.not_found"
    assert "pdb.blocks_drain" not in roots(told)


@pytest.mark.parametrize(
    "objects",
    [
        [node(), budget(allowed=1, needed=1)],
        [node(), budget(needed=1, healthy=1)],
        [closed(), budget(needed=1, healthy=1, ago=5)],
        [closed(1), budget(needed=1, healthy=1)],
        [node(), budget(age=1)],
    ],
    ids=["allows one", "nobody drains", "a rolling update", "just closed", "young"],
)
def test_a_budget_that_is_in_nobodys_way_is_silent(objects: list[Json]) -> None:
    assert "pdb.blocks_drain" not in rules(cluster(*unguarded(), *objects))


def guarding(**labels: str) -> Json:
    return budget(spec={"maxUnavailable": 1, "selector": {"matchLabels": labels}}, status={})


def test_a_budget_that_guards_nobody_is_a_note() -> None:
    finding = found(cluster(*unguarded(), guarding(app="gone")), "pdb.selects_nothing")
    assert finding.severity is Severity.LOW
    assert finding.params["none"] == "app=gone"


def test_two_budgets_on_one_pod_are_a_note() -> None:
    second = guarding(app="web")
    second["metadata"]["name"] = "web-2"
    finding = found(cluster(*unguarded(), guarding(app="web"), second), "pdb.selects_nothing")
    assert (finding.params["others"], len(finding.affected)) == ("web-2", 2)


def test_a_budget_of_a_workload_at_zero_or_of_a_cron_job_is_silent() -> None:
    asleep = deployment("asleep", replicas=0)
    assert "pdb.selects_nothing" not in notes(cluster(asleep, guarding(app="asleep")))
    template = {"metadata": {"labels": {"app": "nightly"}}, "spec": {"containers": [container()]}}
    job = {"spec": {"template": template}}
    cron = thing("CronJob", "nightly", spec={"schedule": "0 3 * * *", "jobTemplate": job})
    assert "pdb.selects_nothing" not in notes(cluster(cron, guarding(app="nightly")))


def test_expressions_of_a_budget_are_followed() -> None:
    expression = {"key": "app", "operator": "In", "values": ["web", "api"]}
    one = budget(spec={"selector": {"matchExpressions": [expression]}}, status={})
    assert "pdb.selects_nothing" not in notes(cluster(*unguarded(), one))
