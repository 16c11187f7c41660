"""What is refused before a server is asked, whatever made the plan."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.engines.preflight import preflight
from mcp_servers.facts.fixes import Check, Level, Plan, Step, Verb, Write
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import cluster, deployment, node, pod, replica_set, thing

WEB = Ref("Deployment", "shop", "web")


def serving(*more: Json, **parts: Any) -> Cluster:
    owner = deployment(**parts)
    made = replica_set(owner)
    return cluster(owner, made, *(pod(made, f"aa{n}bb") for n in range(2)), node(), *more)


def patching(
    spec: Json, *, fix: str = "fix.memory", target: Ref = WEB, verb: Verb = Verb.STRATEGIC
) -> Plan:
    write = Write(verb, target, spec, "uid", "7")
    return Plan(fix, "pod.oom_killed", target, (Step("raise_memory", write, None),), Level.MEDIUM)


def in_container(**fields: Any) -> Json:
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", **fields}]}}}}


def check(seen: Cluster, plan: Plan, kind: str, **more: Any) -> Check:
    return next(one for one in preflight(plan, seen, **more) if one.check == kind)


def test_a_change_that_takes_nothing_away_passes_every_check() -> None:
    plan = patching(in_container(resources={"limits": {"memory": "384Mi"}}))
    assert [one.check for one in preflight(plan, serving()) if not one.ok] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"resources": {"limits": None}},
        {"livenessProbe": None},
        {"readinessProbe": None},
        {"securityContext": None},
    ],
)
def test_no_repair_takes_safety_away(fields: Json) -> None:
    told = check(serving(), patching(in_container(**fields)), "protected")
    assert told.told == "takes_safety_away"
    back = check(serving(), patching(in_container(**fields), fix="fix.rollback"), "protected")
    assert back.ok  # what ran before had no more


def test_nor_tolerates_a_node_that_is_lost_or_under_pressure() -> None:
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure", ""):
        body = {
            "spec": {"template": {"spec": {"tolerations": [{"key": key, "operator": "Exists"}]}}}
        }
        assert check(serving(), patching(body), "protected").told == "takes_safety_away"


def test_nor_clears_a_finalizer() -> None:
    for body in (
        {"metadata": {"finalizers": None}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}},
    ):
        assert check(serving(), patching(body), "protected").told == "takes_safety_away"


def test_nor_brings_an_image_that_never_ran_here() -> None:
    told = check(
        serving(), patching(in_container(image="registry.example.com/other:1")), "protected"
    )
    assert told.told == "image_never_ran"
    owner = deployment()
    before = replica_set(
        owner, "old1old1o", revision=1, replicas=0, image="registry.example.com/web:1.3"
    )
    seen = serving(before)
    assert check(seen, patching(in_container(image="registry.example.com/web:1.3")), "protected").ok


@pytest.mark.parametrize(
    "kind",
    [
        "Secret",
        "ConfigMap",
        "Role",
        "NetworkPolicy",
        "ResourceQuota",
        "Namespace",
        "PersistentVolume",
    ],
)
def test_kinds_of_access_network_and_data_are_not_written(kind: str) -> None:
    plan = patching({"data": {"a": "b"}}, target=Ref(kind, "shop", "x"))
    assert check(serving(), plan, "protected").told == "kind_protected"


@given(
    namespace=st.sampled_from(
        ["kube-system", "kube-public", "kube-node-lease", "midwatch", "istio-system"]
    ),
    kind=st.sampled_from(["Deployment", "Service", "Pod", "Job"]),
    verb=st.sampled_from(list(Verb)),
)
@settings(deadline=None)
def test_nothing_is_written_in_a_protected_namespace(namespace: str, kind: str, verb: Verb) -> None:
    plan = patching({"spec": {"replicas": 3}}, target=Ref(kind, namespace, "x"), verb=verb)
    told = check(serving(), plan, "protected", protected=frozenset({"midwatch"}))
    assert not told.ok


def test_nothing_is_deleted_but_as_the_way_back() -> None:
    assert not check(serving(), patching({}, verb=Verb.DELETE), "protected").ok


def quota(hard: str, used: str) -> Json:
    return thing(
        "ResourceQuota", "compute",
        spec={"hard": {"limits.memory": hard}}, status={"hard": {"limits.memory": hard}, "used": {"limits.memory": used}},
    )  # fmt: skip


def test_a_quota_that_would_be_exceeded_is_named() -> None:
    plan = patching(in_container(resources={"limits": {"memory": "512Mi"}}))
    assert check(serving(quota("2Gi", "512Mi")), plan, "quota").ok
    told = check(serving(quota("768Mi", "512Mi")), plan, "quota")
    assert told.params == {"quota": "compute", "resource": "limits.memory", "hard": "768Mi"}


def test_a_quota_that_is_full_already_does_not_forbid_what_asks_for_less() -> None:
    plan = patching(in_container(resources={"limits": {"memory": "200Mi"}}))
    assert check(serving(quota("500Mi", "512Mi")), plan, "quota").ok


def test_a_limit_range_that_would_refuse_the_pods_is_named() -> None:
    bound = thing(
        "LimitRange", "b", spec={"limits": [{"type": "Container", "max": {"memory": "300Mi"}}]}
    )
    plan = patching(in_container(resources={"limits": {"memory": "512Mi"}}))
    assert check(serving(bound), plan, "quota").told == "limit_range_broken"


def test_pods_that_find_no_place_are_told_of() -> None:
    plan = patching(in_container(resources={"requests": {"cpu": "30"}}))
    assert check(serving(), plan, "scheduling").told == "too_few_places"
    assert check(
        serving(), patching(in_container(resources={"requests": {"cpu": "1"}})), "scheduling"
    ).ok


def test_whoever_would_undo_it_is_named() -> None:
    plan = patching(in_container(resources={"limits": {"memory": "512Mi"}}))
    seen = serving(annotations={"meta.helm.sh/release-name": "shop"})
    assert check(seen, plan, "owner").told == "undone_by_helm"
    restart = replace(plan, steps=(replace(plan.steps[0], action="restart"),))
    assert check(seen, restart, "owner").ok


def test_an_object_out_of_sight_passes_no_more_than_its_kind_does() -> None:
    plan = patching({"spec": {"replicas": 3}}, target=Ref("Deployment", "shop", "gone"))
    assert {one.check for one in preflight(plan, cluster())} == {
        "protected",
        "owner",
        "quota",
        "pdb",
        "scheduling",
    }
