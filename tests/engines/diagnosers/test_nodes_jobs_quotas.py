"""Nodes out of memory, daemons missing on nodes, Jobs that try again or wait, quotas nearly used."""

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.faults import is_fault
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    roots,
    rules,
    running,
    stamp,
    thing,
    waiting,
)

VICTIM = "System OOM encountered, victim process: java, pid: 4711"


def out_of_memory(message: str = VICTIM, *, ago: float = 6) -> Cluster:
    made = deployment(replicas=1, ready=0)
    owner = replica_set(made)
    status = waiting(reason="CrashLoopBackOff", lastState=ended(137, ago=ago), restartCount=1)
    one = pod(owner, status=[status], age=600)
    host = node()
    said = event(host, "SystemOOM", message, ago=ago)
    return cluster(made, owner, one, host, events=[said])


def test_a_kernel_that_ran_out_names_the_process_and_the_pod_it_was_of() -> None:
    seen = out_of_memory()
    finding = found(seen, "node.system_oom")
    assert finding.severity is Severity.HIGH
    assert (finding.resource, finding.params["processes"]) == (Ref("Node", "", "node-1"), "java")
    assert finding.params["victims"] == "Deployment shop/web"
    assert "pod.killed_not_oom" in rules(seen)
    assert roots(seen) == ["node.system_oom"]


def test_a_process_that_outgrew_its_own_limit_or_a_kill_long_ago_is_silent() -> None:
    own = "Memory cgroup out of memory: Killed process 4711 (java) total-vm:9kB"
    assert "node.system_oom" not in rules(out_of_memory(own))
    assert "node.system_oom" not in rules(out_of_memory(ago=300))


def daemon(*, desired: int = 3, ready: int = 2, updated: int | None = None, **more: object) -> Json:
    status = {
        "desiredNumberScheduled": desired,
        "currentNumberScheduled": desired,
        "numberReady": ready,
        "updatedNumberScheduled": desired if updated is None else updated,
        "observedGeneration": 1,
    }
    template = {
        "metadata": {"labels": {"app": "agent"}},
        "spec": {"containers": [container("agent")]},
    }
    spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": template, **more}
    return thing("DaemonSet", "agent", spec=spec, status=status)


def on_nodes(
    made: Json, *, broken: Json | None = None, third: Json | None = None, age: float = 600
) -> list[Json]:
    status = broken or running("agent", ready=False, since=9)
    pods = [
        pod(made, f"aaaa{n}", spec={"nodeName": f"node-{n}"}, age=600, status=[running("agent")])
        for n in (1, 2)
    ]
    third_pod = pod(made, "aaaa3", spec={"nodeName": "node-3"}, age=age, status=[status])
    return [made, *pods, third_pod, node("node-1"), node("node-2"), third or node("node-3")]


def test_a_daemon_that_one_node_lacks_names_the_node() -> None:
    finding = found(cluster(*on_nodes(daemon())), "ds.unready")
    assert finding.severity is Severity.HIGH
    assert (finding.params["ready"], finding.params["desired"]) == ("2", "3")
    assert finding.params["nodes"] == "node-3"


def test_a_daemon_that_crashes_on_one_node_is_a_symptom_of_the_crash() -> None:
    crashed = waiting(
        "agent", "CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=5
    )
    seen = cluster(*on_nodes(daemon(), broken=crashed))
    assert "ds.unready" in rules(seen)
    assert roots(seen) == ["pod.oom_killed"]


def test_an_update_of_a_daemon_that_stands_still_is_told() -> None:
    seen = cluster(*on_nodes(daemon(ready=3, updated=1), broken=running("agent")))
    assert found(seen, "ds.unready").params["updated"] == "1"


LOST = node("node-3", conditions=[condition("Ready", "Unknown")])


@pytest.mark.parametrize(
    "objects",
    [
        on_nodes(daemon(), third=LOST),
        on_nodes(daemon(), third=node("node-3", age=1)),
        on_nodes(daemon(), age=1),
        on_nodes(daemon(ready=3, updated=1), broken=running("agent"), age=1),
        on_nodes(
            daemon(ready=3, updated=1, updateStrategy={"type": "OnDelete"}), broken=running("agent")
        ),
        on_nodes(daemon(ready=3), broken=running("agent")),
    ],
    ids=["node is lost", "node joins", "pod is young", "update moves", "update by hand", "whole"],
)
def test_a_daemon_that_waits_for_a_node_or_is_on_its_way_is_silent(objects: list[Json]) -> None:
    assert "ds.unready" not in rules(cluster(*objects))


def job(*conditions: Json, suspend: bool = False, age: float = 90, **more: object) -> Json:
    status = {"conditions": list(conditions), **({"failed": 2, "active": 1} if not suspend else {})}
    spec = {"backoffLimit": 4, "template": {}, "suspend": suspend}
    return thing("Job", "import", spec=spec, status=status, age=age, **more)


def attempts(made: Json, *, second: Json | None = None, age: float = 8) -> list[Json]:
    failed = running("main", ready=False, state=ended(3, ago=10))
    spec = {"restartPolicy": "Never", "containers": [container("main")]}
    first = pod(made, "one11", phase="Failed", ready=False, status=[failed], spec=spec, age=20)
    now = pod(made, "two22", status=[second or running("main")], spec=spec, age=age)
    return [made, first, now]


def test_a_job_that_tries_again_says_how_often_and_with_which_words() -> None:
    objects = attempts(job())
    said = log(objects[1], "ERROR: relation orders does not exist", name="main", last=10)
    finding = found(cluster(*objects, logs=[said]), "job.retrying")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["attempts"], finding.params["limit"]) == ("2", "4")
    assert finding.params["exit_code"] == "3"
    assert "relation orders" in finding.params["log_line"]


def test_a_job_that_tries_again_is_a_symptom_of_what_its_pod_lacks() -> None:
    made = job()
    held = waiting("main", "ImagePullBackOff", "manifest unknown: manifest unknown")
    seen = cluster(*attempts(made, second=held, age=30))
    assert "job.retrying" in rules(seen)
    assert roots(seen)[0] == "pod.image_pull.not_found"
    assert "job.retrying" not in roots(seen)


@pytest.mark.parametrize("kind", ["Complete", "SuccessCriteriaMet", "Failed"])
def test_a_job_that_ended_does_not_try_again(kind: str) -> None:
    assert "job.retrying" not in rules(cluster(*attempts(job(condition(kind, "True")))))


@pytest.mark.parametrize(("kind", "blamed"), [("Complete", False), ("Failed", True)])
def test_what_a_failed_attempt_complained_of_is_over_when_its_job_got_through(
    kind: str, blamed: bool
) -> None:
    objects = attempts(job(condition(kind, "True")))
    said = log(objects[1], "dial tcp 10.20.0.8:443: i/o timeout", name="main", last=10)
    told = rules(cluster(*objects, logs=[said]))
    assert ("app.dependency_unreachable" in told) is blamed


@pytest.mark.parametrize(("age", "blamed"), [(60, False), (120, True)])
def test_what_a_failed_run_complained_of_is_over_when_a_later_run_got_through(
    age: float, blamed: bool
) -> None:
    """A run from before says nothing about this one."""
    nightly = thing("CronJob", "nightly", spec={"schedule": "0 3 * * *"})
    objects = attempts(job(condition("Failed", "True"), age=90, owner=nightly))
    status = {"conditions": [condition("Complete", "True")], "succeeded": 1}
    other = thing("Job", "other", spec={"template": {}}, status=status, age=age, owner=nightly)
    said = log(objects[1], "dial tcp 10.20.0.8:443: i/o timeout", name="main", last=10)
    told = rules(cluster(nightly, *objects, other, logs=[said]))
    assert ("app.dependency_unreachable" in told) is blamed


def test_a_job_whose_next_attempt_got_through_is_silent() -> None:
    done = running("main", ready=False, state=ended(0, "Completed", ago=2))
    objects = attempts(job(), second=done)
    objects[2]["status"]["phase"] = "Succeeded"
    assert "job.retrying" not in rules(cluster(*objects))


def test_a_suspended_job_says_since_when_and_by_whom_and_is_only_context() -> None:
    made = job(suspend=True, age=600)
    fields = {"f:spec": {"f:suspend": {}}}
    entry = {"manager": "kubectl-patch", "time": stamp(180), "fieldsV1": fields}
    made["metadata"]["managedFields"] = [entry]
    finding = found(cluster(made), "job.suspended")
    assert finding.severity is Severity.INFO
    assert (finding.params["by"], finding.params["since_at"]) == ("kubectl-patch", stamp(180))


@pytest.mark.parametrize(
    "made",
    [
        job(suspend=True, age=30),
        job(suspend=True, age=600, labels={"kueue.x-k8s.io/queue-name": "research"}),
        job(age=600),
    ],
    ids=["within the hour", "in a queue", "not suspended"],
)
def test_a_job_that_waits_its_turn_is_silent(made: Json) -> None:
    assert "job.suspended" not in rules(cluster(made))


def quota(used: dict[str, str], hard: dict[str, str], **more: object) -> Json:
    return thing("ResourceQuota", "team", status={"used": used, "hard": hard}, **more)


def test_a_quota_that_is_nearly_used_up_gives_the_numbers_and_is_no_fault_by_itself() -> None:
    seen = cluster(
        quota({"requests.cpu": "3800m", "pods": "4"}, {"requests.cpu": "4", "pods": "20"})
    )
    finding = found(seen, "quota.near_limit")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["numbers"] == "requests.cpu 3800m/4"
    assert not is_fault(finding)
    assert roots(seen) == []


@pytest.mark.parametrize(
    "one",
    [
        quota({"requests.cpu": "3500m"}, {"requests.cpu": "4"}),
        quota({"services.loadbalancers": "0"}, {"services.loadbalancers": "0"}),
        quota({"pods": "10"}, {"pods": "10"}, annotations={"midwatch/ignore": "quota.near_limit"}),
    ],
    ids=["room is left", "nothing is allowed", "full on purpose"],
)
def test_a_quota_with_room_or_full_by_design_is_silent(one: Json) -> None:
    assert "quota.near_limit" not in rules(cluster(one))


def test_what_a_full_quota_refused_is_the_cause_and_the_full_quota_is_not() -> None:
    made = deployment(replicas=2, ready=1)
    owner = replica_set(made, ready=1)
    owner["status"]["replicas"] = 1
    words = (
        "Error creating: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10"
    )
    refused = event(owner, "FailedCreate", words, count=4, first=20)
    seen = cluster(made, owner, quota({"pods": "10"}, {"pods": "10"}), events=[refused])
    assert roots(seen) == ["workload.create_refused.quota"]
    assert "quota.near_limit" in {one.rule for one in diagnose(seen)}
