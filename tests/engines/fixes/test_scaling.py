from typing import Any

import pytest

from mcp_servers.facts.fixes import Advice, Level, Plan, Verb
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Ref
from tests.engines.fixes.judging import advice, asked, plan, repaired, result, risk_of
from tests.factories import (
    cluster,
    condition,
    deployment,
    endpoint_slice,
    event,
    node,
    pod,
    replica_set,
    service,
    thing,
)

WEB = Ref("Deployment", "shop", "web")


def asleep(*more: Json, events: tuple[Event, ...] = (), **parts: Any) -> Cluster:
    owner = deployment(replicas=0, **parts)
    front = service()
    return cluster(owner, front, endpoint_slice(front, []), node(), *more, events=events)


def scaler(kind: str = "HorizontalPodAutoscaler", **spec: Any) -> Json:
    target = {"kind": "Deployment", "name": "web"}
    conditions = spec.pop("conditions", [])
    status = {
        "conditions": conditions,
        "currentReplicas": spec.get("maxReplicas", 1),
        **spec.pop("status", {}),
    }
    return thing(kind, "web", spec={"scaleTargetRef": target, **spec}, status=status)


def test_what_was_scaled_to_zero_comes_back_to_what_the_event_remembers() -> None:
    owner = deployment(replicas=0)
    said = event(
        owner,
        "ScalingReplicaSet",
        "Scaled down replica set web-7d4b9c6f5d from 3 to 0",
        kind="Normal",
    )
    seen = asleep(events=(said,))
    one = plan(seen, "workload.scaled_to_zero")
    [step] = one.steps
    assert step.write.verb is Verb.SCALE
    assert step.write.body == {"spec": {"replicas": 3}}
    assert step.inverse is not None
    assert step.inverse.body == {"spec": {"replicas": 0}}


def test_to_one_where_nothing_is_remembered() -> None:
    assert plan(asleep(), "workload.scaled_to_zero").steps[0].write.body == {
        "spec": {"replicas": 1}
    }


def test_an_autoscaler_that_sleeps_with_it_is_woken_at_its_least() -> None:
    seen = asleep(scaler(minReplicas=2, maxReplicas=5))
    assert plan(seen, "workload.scaled_to_zero").steps[0].write.body == {"spec": {"replicas": 2}}


@pytest.mark.parametrize(
    ("kind", "why"),
    [("HorizontalPodAutoscaler", "hpa_owns_replicas"), ("ScaledObject", "keda_owns_replicas")],
)
def test_where_an_autoscaler_decides_nobody_else_does(kind: str, why: str) -> None:
    owner = deployment()
    seen = cluster(owner, replica_set(owner), scaler(kind, minReplicas=1, maxReplicas=5), node())
    one = asked(seen, "fix.scale", WEB, replicas=4)
    assert isinstance(one, Advice)
    assert one.why == why


def test_a_quota_and_the_nodes_bound_what_a_person_may_ask_for() -> None:
    owner = deployment()
    quota = thing(
        "ResourceQuota",
        "compute",
        spec={"hard": {"pods": "3"}},
        status={"hard": {"pods": "3"}, "used": {"pods": "2"}},
    )
    bounded = asked(cluster(owner, replica_set(owner), quota, node()), "fix.scale", WEB, replicas=6)
    assert isinstance(bounded, Advice)
    assert bounded.why == "bounded_by_quota"
    crowded = asked(cluster(owner, replica_set(owner), node()), "fix.scale", WEB, replicas=90)
    assert isinstance(crowded, Advice)
    assert crowded.why == "nodes_are_full"


def test_to_zero_is_high_and_less_than_nothing_is_not_asked_for() -> None:
    owner = deployment()
    seen = cluster(owner, replica_set(owner), node())
    one = asked(seen, "fix.scale", WEB, replicas=0)
    assert isinstance(one, Plan)
    assert one.base is Level.HIGH
    for replicas in ({"replicas": -1}, {}):
        assert isinstance(asked(seen, "fix.scale", WEB, **replicas), Advice)
    assert isinstance(asked(seen, "fix.scale", WEB, replicas=2), Advice)  # it has two


def test_the_risk_tells_how_many_there_were() -> None:
    owner = deployment()
    seen = cluster(owner, replica_set(owner), node())
    one = asked(seen, "fix.scale", WEB, replicas=4)
    assert isinstance(one, Plan)
    assert ("replicas_change", {"old": "2", "new": "4"}) in risk_of(seen, one, one.steps[0]).facts


def pressed(most: int, *more: Json, reading: int = 96) -> Cluster:
    owner = deployment(replicas=most)
    limited = condition("ScalingLimited", "True", reason="TooManyReplicas")
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    current = {
        "type": "Resource",
        "resource": {"name": "cpu", "current": {"averageUtilization": reading}},
    }
    held = scaler(
        minReplicas=1, maxReplicas=most, metrics=[metric],
        conditions=[limited, condition("ScalingActive", "True")],
        status={"desiredReplicas": most, "currentReplicas": most, "currentMetrics": [current]},
    )  # fmt: skip
    made = replica_set(owner)
    return cluster(
        owner,
        made,
        *(pod(made, f"aa{n}bb") for n in range(most)),
        held,
        node(),
        node("node-2"),
        *more,
    )


@pytest.mark.parametrize(("most", "new"), [(4, 6), (2, 3), (20, 28)])
def test_a_ceiling_is_raised_by_half_or_to_what_its_metrics_ask_for(most: int, new: int) -> None:
    seen = pressed(most)
    assert result(seen, plan(seen, "hpa.at_max"))["spec"]["maxReplicas"] == new


def test_a_ceiling_goes_to_what_its_metrics_ask_for_where_half_more_would_not_do() -> None:
    seen = pressed(6, reading=138)
    assert result(seen, plan(seen, "hpa.at_max"))["spec"]["maxReplicas"] == 12


def test_a_ceiling_that_one_step_leaves_pressed_is_left_to_a_person() -> None:
    assert advice(pressed(6, reading=300), "hpa.at_max") == "ceiling_far_below"


def test_not_beyond_what_a_quota_holds() -> None:
    quota = thing(
        "ResourceQuota",
        "q",
        spec={"hard": {"pods": "4"}},
        status={"hard": {"pods": "4"}, "used": {"pods": "4"}},
    )
    assert advice(pressed(4, quota), "hpa.at_max") == "bounded_by_quota"


def test_a_target_that_is_misspelt_gets_the_near_name() -> None:
    held = thing(
        "HorizontalPodAutoscaler",
        "web",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "wbe"}, "maxReplicas": 3},
    )
    seen = cluster(deployment(), held, node())
    assert result(seen, plan(seen, "hpa.target_invalid"))["spec"]["scaleTargetRef"]["name"] == "web"


def test_what_may_not_be_asked_for_is_refused() -> None:
    seen = cluster(deployment(), node())
    one = asked(seen, "fix.memory", WEB)
    assert isinstance(one, Advice)
    assert one.why == "not_on_request"
    assert isinstance(repaired(asleep(), "workload.scaled_to_zero"), Plan)
