"""Where a careless repair would harm: what is meant, is under way, or would be lost."""

from typing import Any

import pytest

from mcp_servers.engines.fixes import _REPAIRERS, repair
from mcp_servers.engines.fixes.drafting import Case
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Advice, Plan, Proposal, Request, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, asked, container_of, plan, repaired, result, told
from tests.engines.fixes.test_jobs import cron
from tests.engines.fixes.test_memory import killed
from tests.engines.fixes.test_scaling import asleep, scaler
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    endpoint_slice,
    event,
    log,
    node,
    pod,
    replica_set,
    running,
    service,
    stamp,
    thing,
)

CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def written(ago: float, manager: str = "kubectl-edit", *, field: str = "template") -> Json:
    """As managed fields remember who wrote a part of the spec, so many minutes ago."""
    fields = {"f:spec": {f"f:{field}": {}}}
    return {"managedFields": [{"manager": manager, "time": stamp(ago), "fieldsV1": fields}]}


# What somebody is at, or meant.


@pytest.mark.parametrize(("ago", "why"), [(0.5, "being_changed"), (30, "")])
def test_an_object_that_somebody_has_just_changed_is_left_alone(ago: float, why: str) -> None:
    seen = killed()
    [owner] = seen.all("Deployment")
    owner.metadata.update(written(ago))
    one = repaired(seen, "pod.oom_killed")
    assert (one.why if isinstance(one, Advice) else "") == why


def test_a_paused_rollout_takes_no_new_template() -> None:
    seen = killed()
    [owner] = seen.all("Deployment")
    owner.spec["paused"] = True
    assert advice(seen, "pod.oom_killed") == "rollout_paused"


@pytest.mark.parametrize(("hours", "why"), [(2, "suspended_lately"), (40, "")])
def test_a_pause_of_today_is_not_ended(hours: float, why: str) -> None:
    owner = deployment(
        spec={"paused": True}, containers=[container(image="registry.example.com/web:2.0")]
    )
    owner["metadata"] |= written(hours * 60, field="paused")
    made = replica_set(owner, image="registry.example.com/web:1.4.2")
    one = repaired(cluster(owner, made, pod(made), node()), "deploy.paused")
    assert (one.why if isinstance(one, Advice) else "") == why


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ({}, ""),
        ({"annotations": {"weave.works/kured-reboot-in-progress": "2026"}}, "suspended_on_purpose"),
        ({"labels": {"ops.example.com/state": "decommissioned"}}, "suspended_on_purpose"),
        ({"annotations": {"note": "drained for disk swap, ask bob"}}, "suspended_on_purpose"),
    ],
    ids=["none", "kured", "label", "note"],
)
def test_a_node_closed_on_purpose_stays_closed(mark: Json, why: str) -> None:
    taint = {**CORDONED, "timeAdded": stamp(60 * 48)}
    closed = node(spec={"unschedulable": True, "taints": [taint]})
    closed["metadata"] = {**closed["metadata"], **mark}
    one = repaired(cluster(closed, node("node-2")), "node.left_cordoned")
    assert (one.why if isinstance(one, Advice) else "") == why


def test_a_workload_put_to_sleep_by_a_mark_or_a_hand_today_stays_asleep() -> None:
    marked = asleep(annotations={"note": "paused until the audit is over"})
    [owner] = marked.all("Deployment")
    owner.metadata["annotations"] = {"note": "suspended until the audit is over"}
    assert advice(marked, "workload.scaled_to_zero") == "suspended_on_purpose"
    lately = asleep()
    [owner] = lately.all("Deployment")
    owner.metadata.update(written(90, "kubectl", field="replicas"))
    assert advice(lately, "workload.scaled_to_zero") == "suspended_lately"


# Jobs.


def failed_run(*more: Json, **labels: Any) -> Cluster:
    """A run failed by an image that the CronJob no longer has."""
    parent = cron()
    held = {
        "kind": "CronJob",
        "name": "import",
        "uid": parent["metadata"]["uid"],
        "controller": True,
    }
    spec = {"template": {"spec": {"containers": [container("import", image="old:1")]}}}
    status = {
        "conditions": [condition("Failed", "True", reason="BackoffLimitExceeded")],
        "failed": 3,
    }
    run = thing("Job", "import-1", spec=spec, status=status, ownerReferences=[held])
    run["metadata"]["ownerReferences"] = [held]
    return cluster(parent, run, *more)


def other_run(name: str, status: Json, *, ago: float) -> Json:
    parent = cron()
    held = {
        "kind": "CronJob",
        "name": "import",
        "uid": parent["metadata"]["uid"],
        "controller": True,
    }
    spec = {"template": {"spec": {"containers": [container("import")]}}}
    run = thing("Job", name, spec=spec, status=status)
    run["metadata"] |= {"ownerReferences": [held], "creationTimestamp": stamp(ago)}
    return run


def test_no_run_is_begun_beside_another_or_after_one_that_went_well() -> None:

    target = Ref("Job", "shop", "import-1")

    def why(seen: Cluster, *, by_hand: bool) -> str:
        request = Request("fix.job_rerun", target) if by_hand else None
        found = _REPAIRERS["fix.job_rerun"](Case("fix.job_rerun", seen, target, request=request))
        return found.why if isinstance(found, Advice) else ""

    at_work = failed_run(other_run("import-2", {"active": 1}, ago=3))
    assert why(at_work, by_hand=False) == why(at_work, by_hand=True) == "run_under_way"
    well = {"conditions": [condition("Complete", "True")], "succeeded": 1}
    made_good = failed_run(other_run("import-2", well, ago=3))
    assert why(made_good, by_hand=False) == "later_run_went_well"
    assert why(made_good, by_hand=True) == ""


# Autoscalers, ports, selectors, disks.


def test_what_an_autoscaler_measures_against_is_not_moved() -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    seen = killed(scaler(minReplicas=2, maxReplicas=4, metrics=[metric]), peak_mib=400)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))["resources"]
    assert after["requests"]["memory"] == "128Mi"
    assert after["limits"]["memory"] == "512Mi"


def test_a_limit_keeps_to_what_a_pod_may_have_in_all() -> None:
    most = thing(
        "LimitRange", "bounds", spec={"limits": [{"type": "Pod", "max": {"memory": "300Mi"}}]}
    )
    seen = killed(most)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))["resources"]
    assert after["limits"]["memory"] == "300Mi"


def test_a_port_of_metrics_is_not_taken_for_the_programs_own() -> None:
    probe = {"httpGet": {"path": "/healthz", "port": 8081}}
    ports = [{"containerPort": 8080}, {"containerPort": 9090}]
    owner = deployment(containers=[container(readinessProbe=probe, ports=ports)], ready=0)
    made = replica_set(owner, ready=0)
    failing = pod(made, status=[running(ready=False)])
    said = 'Readiness probe failed: Get "http://10.1.0.9:8081/healthz": dial tcp 10.1.0.9:8081: connect: connection refused'
    refused = event(failing, "Unhealthy", said, container_name="web")
    lines = log(failing, "metrics server listening on :9090")
    seen = cluster(owner, made, failing, node(), events=(refused,), logs=(lines,))
    one = repaired(seen, "pod.probe.port_mismatch")
    assert not isinstance(one, Plan)


def test_a_selector_is_not_led_to_pods_of_two_workloads() -> None:
    front = service(selector={"app": "web", "release": "gren"})
    owners = [
        deployment(name, template_labels={"app": "web", "release": "green"})
        for name in ("web", "web-two")
    ]
    made = [replica_set(one) for one in owners]
    pods = [pod(one, f"aa{n}bb") for n, one in enumerate(made)]
    for one in pods:
        one["metadata"]["labels"] = {**one["metadata"]["labels"], "app": "web", "release": "green"}
    seen = cluster(*owners, *made, *pods, front, endpoint_slice(front, []))
    one = repaired(seen, "service.selector_near_miss")
    assert isinstance(one, Advice)
    assert one.why in ("selects_others", "several_candidates")


def local_disk(of: Json) -> list[Json]:
    """The pod keeps its data on node-1 alone."""
    of["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    claim = thing(
        "PersistentVolumeClaim", "data", spec={"volumeName": "pv-1"}, status={"phase": "Bound"}
    )
    volume = thing("PersistentVolume", "pv-1", namespace="", spec={"local": {"path": "/mnt/a"}})
    return [of, claim, volume]


def test_a_node_is_not_drained_of_what_lives_on_it_alone_or_has_no_place_elsewhere() -> None:
    target = Ref("Node", "", "node-1")
    owner = deployment(replicas=1)
    made = replica_set(owner)
    bound = cluster(owner, made, *local_disk(pod(made)), node(), node("node-2"))
    one = asked(bound, "fix.drain", target)
    assert isinstance(one, Advice)
    assert one.why == "pod_bound_to_node"
    full = node("node-2")
    full["status"]["allocatable"] = {"cpu": "10m", "memory": "8Mi", "pods": "110"}
    crowded = cluster(owner, made, pod(made), node(), full)
    one = asked(crowded, "fix.drain", target)
    assert isinstance(one, Advice)
    assert one.why == "no_place_elsewhere"


def test_replicas_that_keep_data_stay_apart() -> None:

    store = thing(
        "StatefulSet", "store", spec={"template": {"spec": {"containers": [container()]}}}
    )
    target = Ref("StatefulSet", "shop", "store")
    found = _REPAIRERS["fix.soften_affinity"](Case("fix.soften_affinity", cluster(store), target))
    assert isinstance(found, Advice)
    assert found.why == "affinity_guards_data"


def test_eviction_is_by_the_eviction_api_alone() -> None:
    owner = deployment()
    made = replica_set(owner)
    seen = cluster(owner, made, pod(made), pod(made, "aa1bb"), node(), node("node-2"))
    one = asked(seen, "fix.drain", Ref("Node", "", "node-1"))
    assert isinstance(one, Plan)
    assert {step.write.verb for step in one.steps[1:]} == {Verb.EVICT}


@pytest.mark.parametrize(("replicas", "why"), [(1, "restart_interrupts"), (3, "")])
def test_the_only_keeper_of_data_is_not_restarted_for_cpu(replicas: int, why: str) -> None:
    limits = {"limits": {"cpu": "1"}}
    template = {"spec": {"containers": [container("db", resources=limits)]}}
    store = thing("StatefulSet", "store", spec={"replicas": replicas, "template": template})
    params = {"share": "85%", "limit": "1", "probe_timeouts": "4"}
    about = Finding(
        "pod.cpu_throttled", Severity.HIGH, Confidence.STRONG, Ref("StatefulSet", "shop", "store"),
        None, (), params, container="db",
    )  # fmt: skip
    seen = cluster(store, node())
    way = told(repair(about, seen), seen)
    assert (way.why if isinstance(way, Proposal) else "") == why
