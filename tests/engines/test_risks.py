from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.fixes import requested
from mcp_servers.engines.risks import assess
from mcp_servers.engines.rollout_effects import restarting
from mcp_servers.facts.fixes import Level, Plan, Request, Step, Verb, Write
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    budget,
    cluster,
    deployment,
    endpoint_slice,
    node,
    pod,
    replica_set,
    service,
    stamp,
    thing,
)

WEB = Ref("Deployment", "shop", "web")


def serving(
    *more: Json, replicas: int = 3, ready: int | None = None, nodes: int = 2, **parts: Any
) -> Cluster:
    owner = deployment(replicas=replicas, **parts)
    made = replica_set(owner)
    count = replicas if ready is None else ready
    pods = [pod(made, f"aa{n}bb", ready=n < count) for n in range(replicas)]
    series = parts.pop("series", [])
    return cluster(
        owner, made, *pods, *(node(f"node-{n}") for n in range(1, nodes + 1)), *more, series=series
    )


def raising(
    seen: Cluster, *, base: Level = Level.MEDIUM, **fields: Any
) -> tuple[Level, dict[str, Any]]:
    """The risk of setting fields of the container."""
    held = seen.get(WEB)
    assert held is not None
    after = {**held.raw, "spec": {**held.raw["spec"]}}
    template = held.raw["spec"]["template"]
    changed = [{**one, **fields} for one in template["spec"]["containers"]]
    after["spec"]["template"] = {**template, "spec": {**template["spec"], "containers": changed}}
    write = Write(Verb.STRATEGIC, WEB, {"spec": {}}, held.uid)
    step = Step("raise_memory", write, write)
    plan = Plan("fix.memory", "pod.oom_killed", WEB, (step,), base)
    risk = assess(plan, step, held.raw, after, seen)
    return risk.level, dict(risk.facts)


MORE = {"resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}}


def test_a_rollout_of_several_with_room_is_medium_and_says_how_many_at_a_time() -> None:
    level, facts = raising(serving(replicas=4), **MORE)
    assert level is Level.MEDIUM
    assert facts["pods_restart"] == {"pods": "4", "ready": "4", "away": "1"}
    assert facts["room_for_surge"]["surge"] == "1"
    assert "reversible" in facts


def test_a_change_of_what_no_pod_has_restarts_nothing() -> None:
    front = service()
    seen = cluster(front)
    write = Write(Verb.STRATEGIC, Ref("Service", "shop", "web"), {"spec": {}})
    step = Step("mend_selector", write, write)
    plan = Plan("fix.selector", "service.selector_near_miss", write.target, (step,), Level.MEDIUM)
    after = {**front, "spec": {**front["spec"], "selector": {"app": "other"}}}
    assert "no_restart" in dict(assess(plan, step, front, after, seen).facts)


@pytest.mark.parametrize(
    ("more", "level", "fact"),
    [
        ({"replicas": 1}, Level.HIGH, "single_replica"),
        ({"spec": {"strategy": {"type": "Recreate"}}}, Level.HIGH, "pods_restart_at_once"),
        ({"nodes": 0}, Level.MEDIUM, "pods_restart"),
        ({"replicas": 2, "ready": 0}, Level.MEDIUM, "nothing_serves_now"),
    ],
)
def test_what_interrupts_is_high_and_what_serves_nobody_is_not(
    more: dict[str, Any], level: Level, fact: str
) -> None:
    found, facts = raising(serving(**more), **MORE)
    assert found is level
    assert fact in facts


def test_a_budget_that_the_rollout_itself_breaks_is_high() -> None:
    strategy = {"strategy": {"rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0}}}
    held = budget(deployment(replicas=4), allowed=1)
    level, facts = raising(serving(held, replicas=4, spec=strategy), **MORE)
    assert level is Level.HIGH
    assert facts["budget_headroom"] == {"budget": "web", "now": "1", "during": "0"}


def test_a_node_without_room_for_the_surge_is_high() -> None:
    level, facts = raising(serving(nodes=1), resources={"requests": {"cpu": "3900m"}})
    assert level is Level.HIGH
    assert "no_room_for_surge" in facts


def test_a_quota_that_would_be_exceeded_is_high() -> None:
    held = thing(
        "ResourceQuota", "compute", spec={"hard": {"limits.memory": "1Gi"}},
        status={"hard": {"limits.memory": "1Gi"}, "used": {"limits.memory": "768Mi"}},
    )  # fmt: skip
    level, facts = raising(serving(held), **MORE)
    assert level is Level.HIGH
    assert facts["quota_exceeded"]["quota"] == "compute"


def test_an_image_that_never_ran_here_is_critical() -> None:
    level, facts = raising(serving(), image="registry.example.com/other:1")
    assert level is Level.CRITICAL
    assert facts["image_never_ran"] == {"image": "registry.example.com/other:1"}


def test_a_disk_of_its_own_and_a_stateful_set_are_high() -> None:
    disk = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    level, facts = raising(serving(pod_spec=disk), **MORE)
    assert level is Level.HIGH
    assert facts["holds_a_disk"] == {"claim": "data"}


def test_whoever_would_undo_it_makes_it_high() -> None:
    level, facts = raising(
        serving(annotations={"argocd.argoproj.io/tracking-id": "shop:v1"}), **MORE
    )
    assert level is Level.HIGH
    assert facts["undone_by_argocd"] == {"owner": "shop"}


def test_who_wrote_it_last_and_who_depends_on_it_are_told() -> None:
    front = service()
    seen = serving(front, endpoint_slice(front, []))
    held = seen.get(WEB)
    assert held is not None
    held.raw["metadata"]["managedFields"] = [
        {"manager": "kubectl-edit", "time": stamp(30), "fieldsV1": {"f:spec": {}}},
        {"manager": "kube-controller-manager", "time": stamp(1), "subresource": "status"},
    ]
    _, facts = raising(seen, **MORE)
    assert facts["last_change"] == {"at": stamp(30), "by": "kubectl-edit"}
    assert facts["dependents"] == {"count": "1", "names": "Service web"}


def test_traffic_is_told_beside_what_it_was() -> None:
    labels = (("namespace", "shop"), ("service", "web"))
    rate = Series(
        "q", labels, tuple((at(60 - n * 10), 10.0 + n) for n in range(5)), role="request_rate"
    )
    front = service()
    owner = deployment()
    made = replica_set(owner)
    seen = cluster(owner, made, pod(made), front, endpoint_slice(front, []), node(), series=[rate])
    assert raising(seen, **MORE)[1]["traffic"] == {"now": "14.0", "mean": "12.0"}


@given(
    base=st.sampled_from(list(Level)),
    replicas=st.integers(1, 4),
    recreate=st.booleans(),
    memory=st.sampled_from(["256Mi", "1Gi", "64Gi"]),
)
@settings(max_examples=40, deadline=None)
def test_the_level_is_raised_and_never_lowered(
    base: Level, replicas: int, recreate: bool, memory: str
) -> None:
    strategy = {"strategy": {"type": "Recreate"}} if recreate else {}
    wanted = {"resources": {"requests": {"memory": memory}, "limits": {"memory": memory}}}
    level, _ = raising(serving(replicas=replicas, spec=strategy), base=base, **wanted)
    assert level.weight >= base.weight


@pytest.mark.parametrize(
    ("strategy", "replicas", "away", "surge"),
    [
        ({}, 4, 1, 1),
        ({}, 3, 0, 1),
        ({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}, 3, 1, 0),
        ({"rollingUpdate": {"maxUnavailable": "50%", "maxSurge": "10%"}}, 5, 2, 1),
        ({"type": "Recreate"}, 3, 3, 0),
    ],
)
def test_how_many_go_at_once_is_what_the_controller_makes_of_it(
    strategy: Json, replicas: int, away: int, surge: int
) -> None:
    seen = serving(replicas=replicas, spec={"strategy": strategy})
    owner = seen.get(WEB)
    assert owner is not None
    effect = restarting(seen, owner)
    assert (effect.away, effect.surge) == (away, surge)


def test_pods_that_are_not_ready_go_first() -> None:
    seen = serving(replicas=4, ready=3)
    owner = seen.get(WEB)
    assert owner is not None
    assert restarting(seen, owner).away == 0


def test_an_eviction_tells_what_the_budget_leaves() -> None:
    owner = deployment()
    made = replica_set(owner)
    pods = [pod(made, f"aa{n}bb") for n in range(2)]
    seen = cluster(owner, made, *pods, budget(owner), node(), node("node-2"))
    one = requested(Request("fix.evict_pod", Resource(pods[0]).ref), seen)
    assert isinstance(one, Plan)
    risk = assess(one, one.steps[0], pods[0], None, seen)
    assert ("budget_headroom", {"budget": "web", "now": "1", "during": "0"}) in risk.facts
    assert risk.level is Level.HIGH
