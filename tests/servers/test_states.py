"""One word for what is the matter with a pod, a workload or a node."""

from typing import Any

import pytest

from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.kubernetes.diffing import differences
from mcp_servers.kubernetes.nodes import NodeRow
from mcp_servers.kubernetes.pods import PodRow, status_of
from mcp_servers.kubernetes.rows import examined, short
from mcp_servers.kubernetes.workloads import WorkloadRow
from tests.factories import (
    NOW,
    condition,
    container,
    deployment,
    ended,
    node,
    pod,
    running,
    stamp,
    thing,
    waiting,
)


def word(**fields: Any) -> str:
    return status_of(Resource(pod(**fields)))


def init_pod(status: Json) -> Resource:
    made = pod(spec={"initContainers": [container("migrate")]}, phase="Pending")
    made["status"]["initContainerStatuses"] = [status]
    made["status"]["containerStatuses"] = [waiting(reason="PodInitializing")]
    return Resource(made)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([running()], "Running"),
        ([running(ready=False)], "NotReady"),
        ([waiting(reason="CrashLoopBackOff")], "CrashLoopBackOff"),
        ([running(ready=False, state=ended(1))], "Error"),
        ([running("a"), waiting("b", "ImagePullBackOff")], "ImagePullBackOff"),
    ],
)
def test_a_pods_word_is_that_of_its_containers(statuses: list[Json], said: str) -> None:
    assert word(status=statuses) == said


def test_a_pod_that_was_evicted_or_is_leaving_says_so() -> None:
    assert word(phase="Failed", pod_status={"reason": "Evicted"}) == "Evicted"
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = stamp(1)
    assert status_of(Resource(leaving)) == "Terminating"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (waiting("migrate", "CrashLoopBackOff"), "Init:CrashLoopBackOff"),
        (running("migrate", ready=False, state=ended(2)), "Init:Error"),
        (running("migrate", ready=False), "Init:Running"),
        (running("migrate", state=ended(0, "Completed")), "PodInitializing"),
    ],
)
def test_an_init_container_that_holds_up_its_pod_is_named(status: Json, said: str) -> None:
    assert status_of(init_pod(status)) == said


def test_a_restart_is_told_with_the_newest_end() -> None:
    crashed = running(restartCount=3, lastState=ended(137, "OOMKilled", ago=5))
    row = PodRow.of(Resource(pod(status=[crashed])), NOW)
    assert row.last_restart is not None
    assert (row.last_restart.reason, row.last_restart.ago_s) == ("OOMKilled", 300)
    assert "restarts=3 (last: web OOMKilled exit 137, 5m ago)" in row.as_line()


def test_a_finished_pod_is_healthy_and_an_unready_one_is_not() -> None:
    finished = pod(phase="Succeeded", status=[running(ready=False, state=ended(0, "Completed"))])
    assert PodRow.of(Resource(finished), NOW).healthy
    assert not PodRow.of(Resource(pod(status=[running(ready=False)])), NOW).healthy


@pytest.mark.parametrize(
    ("fields", "state", "healthy"),
    [
        ({}, "available", True),
        ({"ready": 1}, "degraded", False),
        ({"ready": 0}, "unavailable", False),
        ({"replicas": 0}, "scaled to zero", True),
        ({"status": {"updatedReplicas": 1}}, "rolling out: 1 of 2 updated, available", False),
        (
            {"status": {"updatedReplicas": 0}, "spec": {"paused": True}},
            "paused: 0 of 2 updated, available",
            False,
        ),
        (
            {"conditions": [condition("Progressing", "False", reason="ProgressDeadlineExceeded")]},
            "stalled: ProgressDeadlineExceeded",
            False,
        ),
    ],
)
def test_the_state_of_a_deployment(fields: Json, state: str, healthy: bool) -> None:
    row = WorkloadRow.of(Resource(deployment(**fields)), NOW, [])
    assert (row.state, row.healthy) == (state, healthy)


@pytest.mark.parametrize(
    ("kind", "spec", "status", "state", "healthy"),
    [
        ("Job", {}, {"conditions": [condition("Complete", "True")]}, "complete", True),
        (
            "Job",
            {},
            {"conditions": [condition("Failed", "True", reason="BackoffLimitExceeded")]},
            "failed: BackoffLimitExceeded",
            False,
        ),
        ("Job", {}, {"failed": 2}, "running, 2 failed pods", False),
        ("Job", {"suspend": True}, {}, "suspended", True),
        ("CronJob", {"schedule": "@daily", "suspend": True}, {}, "suspended (@daily)", True),
        (
            "CronJob",
            {"schedule": "@daily"},
            {"lastScheduleTime": stamp(60), "lastSuccessfulTime": stamp(1500)},
            "@daily, last run 60m ago, last success 1d ago",
            False,
        ),
        ("CronJob", {"schedule": "@daily"}, {}, "@daily, last run never, last success never", True),
        (
            "DaemonSet",
            {},
            {"desiredNumberScheduled": 3, "updatedNumberScheduled": 1, "numberReady": 3},
            "rolling out: 1 of 3 updated",
            False,
        ),
        (
            "StatefulSet",
            {"replicas": 3},
            {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 2},
            "rolling out: 2 of 3 updated",
            False,
        ),
    ],
)
def test_the_state_of_other_workloads(
    kind: str, spec: Json, status: Json, state: str, healthy: bool
) -> None:
    row = WorkloadRow.of(Resource(thing(kind, "x", spec=spec, status=status)), NOW, [])
    assert (row.state, row.healthy) == (state, healthy)


def test_a_node_tells_what_presses_it_and_since_when() -> None:
    pressed = node(
        conditions=[condition("MemoryPressure", "True", ago=12)],
        spec={
            "unschedulable": True,
            "taints": [{"key": "gpu", "value": "a", "effect": "NoSchedule"}],
        },
    )
    row = NodeRow.of(Resource(pressed), NOW, pods=None)
    assert row.state == "Ready MemoryPressure (for 12m) cordoned"
    assert (row.healthy, row.taints) == (False, ["gpu=a:NoSchedule"])
    away = node(conditions=[condition("Ready", "Unknown", reason="NodeStatusUnknown", ago=3)])
    state = NodeRow.of(Resource(away), NOW, pods=None).state
    assert state == "NotReady (NodeStatusUnknown, for 3m)"


def test_differences_name_their_path_and_match_lists_by_name() -> None:
    before = {"containers": [{"name": "b", "image": "b:1"}, {"name": "a", "args": ["x"]}]}
    after = {"containers": [{"name": "a", "args": ["y"]}, {"name": "b", "image": "b:2"}]}
    assert differences(before, after) == [
        "containers.a.args: ['x'] → ['y']",
        "containers.b.image: b:1 → b:2",
    ]
    assert differences({"x": 1}, {}) == ["x: 1 → (none)"]
    labels = {"pod-template-hash": "1"}
    assert differences({"labels": labels}, {"labels": {"pod-template-hash": "2"}}) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_800, "2d")],
)
def test_ages_are_short(seconds: int, said: str) -> None:
    assert short(seconds) == said
    assert short(None) == "?"


def test_what_was_examined_is_a_sentence() -> None:
    assert examined("pods", "", "app=a", "", "node n") == (
        "pods in all namespaces with app=a and node n"
    )


def test_who_sees_some_namespaces_is_not_told_that_all_were_looked_at() -> None:
    assert examined("pods", "", within=frozenset({"b", "a"})) == "pods in your namespaces (a, b)"
    assert examined("pods", "a", within=frozenset({"b", "a"})) == "pods in namespace a"
    many = frozenset(f"team-{n:02}" for n in range(11))
    assert examined("pods", "", within=many).endswith("team-07, +3)")
