"""Pods that nobody owns, that a clock or a node ended, and that something outside them holds."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    deployment,
    endpoint_slice,
    event,
    found,
    notes,
    pod,
    replica_set,
    roots,
    rules,
    running,
    service,
    stamp,
    thing,
)


def test_a_pod_without_an_owner_is_a_note() -> None:
    finding = found(cluster(pod(name="lonely")), "pod.bare")
    assert finding.severity is Severity.LOW
    assert finding.resource == Ref("Pod", "shop", "lonely")


@pytest.mark.parametrize(
    "one",
    [
        pod(replica_set(deployment())),
        pod(name="etcd-1", annotations={"kubernetes.io/config.mirror": "a1"}),
        pod(name="proxy", namespace="kube-system"),
        pod(name="node-debugger-node-1-x2x9p"),
        pod(name="web-test", annotations={"helm.sh/hook": "test"}),
        pod(name="done", phase="Succeeded"),
        pod(name="new", age=1),
    ],
    ids=["owned", "static", "system", "debug", "chart test", "finished", "young"],
)
def test_a_pod_that_is_owned_or_meant_to_stand_alone_is_silent(one: Json) -> None:
    assert "pod.bare" not in notes(cluster(one))


def too_long(owner: Json | None = None, *, started: float = 30) -> Json:
    status = {"reason": "DeadlineExceeded", "startTime": stamp(started)}
    spec = {"activeDeadlineSeconds": 600}
    return pod(owner, name="dump", phase="Failed", ready=False, pod_status=status, spec=spec)


def job(*conditions: Json, **status: object) -> Json:
    return thing(
        "Job", "import", spec={"template": {}}, status={"conditions": conditions, **status}
    )


def test_a_pod_stopped_at_its_own_deadline_says_when() -> None:
    finding = found(cluster(too_long()), "pod.deadline_exceeded")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["deadline_s"], finding.params["ended_at"]) == ("600", stamp(20))


@pytest.mark.parametrize(
    "objects",
    [
        [made := job(condition("Failed", "True", reason="DeadlineExceeded")), too_long(made)],
        [made := job(condition("Complete", "True")), too_long(made)],
        [too_long(started=300)],
    ],
    ids=["the Job tells it", "the Job got through", "long ago"],
)
def test_a_deadline_that_is_told_elsewhere_or_over_is_silent(objects: list[Json]) -> None:
    assert "pod.deadline_exceeded" not in rules(cluster(*objects))


def refused(*siblings: Json, ago: float = 10) -> Cluster:
    made = deployment(replicas=1)
    owner = replica_set(made)
    status = {"reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"}
    status["startTime"] = stamp(ago)
    one = pod(owner, "ref99", phase="Failed", ready=False, pod_status=status, age=ago)
    return cluster(made, owner, one, *siblings)


def test_a_pod_that_the_kubelet_refused_quotes_it() -> None:
    finding = found(refused(), "pod.node_admission_failed")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["reason"] == "OutOfcpu"
    assert "enough resource: cpu" in finding.params["message"]


def test_a_refused_pod_that_was_replaced_or_is_history_is_silent() -> None:
    replaced = refused(pod(replica_set(deployment(replicas=1)), age=9))
    assert "pod.node_admission_failed" not in rules(replaced)
    assert "pod.node_admission_failed" not in rules(refused(ago=600))


def test_a_daemons_refused_pod_is_not_replaced_by_one_on_another_node() -> None:
    daemon = thing("DaemonSet", "agent", spec={"template": {}})
    status = {"reason": "OutOfpods", "startTime": stamp(10)}
    one = pod(daemon, "aaaaa", phase="Failed", ready=False, pod_status=status, age=10)
    other = pod(daemon, "bbbbb", age=5, spec={"nodeName": "node-2"})
    same = pod(daemon, "ccccc", age=5)
    assert "pod.node_admission_failed" in rules(cluster(daemon, one, other))
    assert "pod.node_admission_failed" not in rules(cluster(daemon, one, other, same))


def leaving(*finalizers: str, ago: float = 8, owner: Json | None = None) -> Json:
    one = pod(owner or replica_set(deployment()))
    one["metadata"] |= {"deletionTimestamp": stamp(ago), "finalizers": list(finalizers)}
    return one


def test_a_finalizer_that_keeps_a_deleted_pod_is_named() -> None:
    finding = found(cluster(leaving("example.com/release-ip")), "pod.finalizer_stuck")
    assert finding.severity is Severity.HIGH
    assert finding.params["finalizers"] == "example.com/release-ip"
    assert finding.since is not None
    assert finding.fix is None


def test_a_finalizer_with_time_left_or_a_job_at_work_is_silent() -> None:
    assert rules(cluster(leaving("example.com/release-ip", ago=2))) == set()
    tracking = "batch.kubernetes.io/job-tracking"
    counting = job(active=1)
    assert rules(cluster(counting, leaving(tracking, owner=counting))) == set()


def test_a_job_that_is_gone_counts_its_pod_no_more() -> None:
    orphan = leaving("batch.kubernetes.io/job-tracking", owner=job())
    assert rules(cluster(orphan)) == {"pod.finalizer_stuck"}


GATE = "target-health.example.com/web"


def gated(*told: Json, since: float = 30, age: float = 60, **more: object) -> list[Json]:
    made = deployment(replicas=1, ready=0, conditions=[condition("Available", "False", ago=20)])
    owner = replica_set(made)
    inside = condition("ContainersReady", "True", ago=since)
    spec = {"readinessGates": [{"conditionType": GATE}]}
    conditions = [inside, *told]
    one = pod(owner, ready=False, age=age, conditions=conditions, spec=spec, **more)
    return [made, owner, one, front := service(), endpoint_slice(front, [one])]


def test_a_gate_that_stays_shut_is_why_the_service_has_no_endpoint() -> None:
    shut = condition(GATE, "False", reason="Elb.Initial", message="target is initialising", ago=29)
    told = cluster(*gated(shut))
    finding = found(told, "pod.readiness_gate_unmet")
    assert (finding.params["gate"], finding.params["status"]) == (GATE, "False")
    assert "target is initialising" in finding.params["message"]
    assert roots(told) == ["pod.readiness_gate_unmet"]
    assert {"deploy.unavailable", "service.endpoints_not_ready"} < rules(told)


def test_a_gate_nobody_ever_set_counts_as_shut() -> None:
    finding = found(cluster(*gated()), "pod.readiness_gate_unmet")
    assert finding.params["status"] == "absent"


@pytest.mark.parametrize(
    "objects",
    [
        gated(condition(GATE, "True")),
        gated(since=1),
        gated(age=1),
        gated(status=[running(ready=False, since=30)])[:2],
    ],
    ids=["open", "containers just ready", "young", "no pod"],
)
def test_a_gate_that_is_open_or_still_has_time_is_silent(objects: list[Json]) -> None:
    assert "pod.readiness_gate_unmet" not in rules(cluster(*objects))


def test_containers_that_are_not_ready_are_not_the_gates_fault() -> None:
    objects = gated(status=[running(ready=False, since=30)])
    objects[2]["status"]["conditions"][1]["status"] = "False"
    assert "pod.readiness_gate_unmet" not in rules(cluster(*objects))


def resized(kind: str, reason: str, *, ago: float = 30, message: str = "") -> Cluster:
    given = {"allocatedResources": {"cpu": "50m", "memory": "128Mi"}}
    told = condition(kind, "True", reason=reason, message=message, ago=ago)
    return cluster(pod(replica_set(deployment()), status=[running(**given)], conditions=[told]))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("PodResizePending", "Infeasible"),
        ("PodResizePending", "Deferred"),
        ("PodResizeInProgress", "Error"),
    ],
)
def test_a_resize_that_does_not_get_done_shows_both_amounts(kind: str, reason: str) -> None:
    finding = found(resized(kind, reason, message="no room"), "pod.resize_stuck")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["gap"] == "web: cpu 50m -> 100m"
    assert finding.params["message"] == "no room"


def test_a_resize_put_off_for_a_moment_or_under_way_is_silent() -> None:
    assert rules(resized("PodResizePending", "Deferred", ago=5)) == set()
    assert rules(resized("PodResizeInProgress", "")) == set()


def test_events_of_a_refusal_are_cited() -> None:
    told = refused()
    one = told.all("Pod")[0].raw
    said = event(one, "OutOfcpu", "Node didn't have enough resource: cpu, requested: 4000")
    with_event = cluster(*(each.raw for each in told.resources), events=[said])
    finding = found(with_event, "pod.node_admission_failed")
    assert any("requested: 4000" in cited.text for cited in finding.evidence)
