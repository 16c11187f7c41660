"""What is forbidden, expired, suspended, throttled, squeezed, or long gone."""

import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from mcp_servers.facts.findings import Confidence, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from mcp_servers.facts.metrics import Series
from tests.factories import (
    NOW,
    at,
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
    workload,
)

FORBIDDEN = (
    'leases.coordination.k8s.io "web" is forbidden: User "system:serviceaccount:shop:web" cannot '
    'update resource "leases" in API group "coordination.k8s.io" in the namespace "shop"'
)


def dying(*lines: str, **spec: object) -> list[object]:
    made = deployment(
        replicas=1, containers=[container("web", **spec.pop("container", {}))], **spec
    )
    owner = replica_set(made)
    last = {"lastState": ended(1, ago=2), "restartCount": 5}
    one = pod(owner, status=[waiting("web", "CrashLoopBackOff", **last)])
    return [[made, owner, one], [log(one, *lines, previous=True, last=2, every_s=1)]]


def test_a_missing_right_is_told_exactly_with_the_role_that_almost_has_it() -> None:
    objects, logs = dying("starting", FORBIDDEN)
    rule = {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "create"],
    }
    finding = found(cluster(*objects, thing("Role", "web", rules=[rule]), logs=logs), "rbac.denied")
    assert finding.resource == Ref("Deployment", "shop", "web")
    params = finding.params
    assert (params["verb"], params["what_resource"]) == ("update", "leases.coordination.k8s.io")
    assert (params["account"], params["near"], params["where"]) == ("web", "web", "shop")
    assert finding.joins["service_account"] == "shop/web"
    assert finding.fix is not None  # only ever proposed: `tests/engines/fixes`
    assert finding.fix.id == "fix.rbac"


def test_one_refusal_of_a_healthy_program_is_silent() -> None:
    objects = workload()
    assert rules(cluster(*objects, logs=[log(objects[2], FORBIDDEN)])) == set()


def test_an_expired_certificate_names_the_secret_it_is_mounted_from() -> None:
    mounts = [{"name": "tls", "mountPath": "/etc/tls"}]
    volumes = [{"name": "tls", "secret": {"secretName": "client-tls"}}]
    line = "load /etc/tls/tls.crt: x509: certificate has expired or is not yet valid"
    objects, logs = dying(line, container={"volumeMounts": mounts}, pod_spec={"volumes": volumes})
    finding = found(cluster(*objects, logs=logs), "tls.expiring")
    assert finding.severity is Severity.CRITICAL
    assert finding.params["secret"] == "client-tls"
    assert finding.joins["secret"] == "shop/client-tls"


def cron(schedule: str = "0 3 * * *", *, last: float = 60 * 24 * 7, **spec: object) -> Json:
    status = {"lastScheduleTime": stamp(last)}
    return thing("CronJob", "report", spec={"schedule": schedule, **spec}, status=status)


@pytest.mark.parametrize(
    "schedule", ["0 3 * *", "61 * * * *", "0 3 * * FUNDAY", "*/0 * * * *", "5-1 * * * *", "daily"]
)
def test_a_schedule_that_nobody_can_read_never_runs(schedule: str) -> None:
    finding = found(cluster(cron(schedule)), "cron.invalid")
    assert schedule in finding.params["wrong"]
    assert finding.fix is not None


def test_a_time_zone_that_the_controller_does_not_know_is_named() -> None:
    one = cron(timeZone="Europe/Berln")
    said = event(one, "UnknownTimeZone", 'invalid timeZone: "Europe/Berln"', first=50, ago=1)
    finding = found(cluster(one, events=[said]), "cron.invalid")
    assert "Europe/Berln" in finding.params["wrong"]
    assert roots(cluster(one, events=[said])) == ["cron.invalid"]
    assert "cron.invalid" not in rules(cluster(one))
    assert "cron.invalid" not in rules(cluster(cron(timeZone="Europe/Berlin"), events=[said]))


@pytest.mark.parametrize(
    "schedule",
    ["0 3 * * *", "*/15 0-6,22 1 JAN-MAR MON", "@daily", "@every 1h", "TZ=Asia/Tokyo 5 4 * * *"],
)
def test_schedules_that_run_are_silent(schedule: str) -> None:
    assert rules(cluster(cron(schedule, last=30))) == set()


def test_a_suspended_cron_job_is_context_with_its_last_run() -> None:
    finding = found(cluster(cron(suspend=True)), "cron.suspended")
    assert finding.severity is Severity.INFO
    assert finding.params["last_run"] == stamp(60 * 24 * 7)


@pytest.mark.parametrize(
    ("schedule", "last", "missed"),
    [
        ("0 3 * * *", 60 * 24 * 7, True),
        ("0 3 1 1 *", 60 * 24 * 60, False),
        ("0 3 * * *", None, False),
    ],
    ids=["daily", "yearly", "never ran"],
)
def test_a_suspension_is_known_to_have_left_runs_out_or_not(
    schedule: str, last: float | None, missed: bool
) -> None:
    one = cron(schedule, suspend=True, last=last or 0)
    if last is None:
        one["status"] = {}
    assert bool(found(cluster(one), "cron.suspended").joined("missed_by")) is missed


@pytest.mark.parametrize(
    ("annotations", "silent"),
    [
        ({"ops.example.com/note": "Paused until April, the season is over."}, True),
        ({"team.example.com/why": "季节结束，暂停到四月"}, True),
        ({"kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"suspend":true}}'}, False),
        ({"team.example.com/owner": "reports"}, False),
    ],
)
def test_a_suspension_that_somebody_explained_at_the_object_is_silent(
    annotations: dict[str, str], silent: bool
) -> None:
    explained = cron(suspend=True)
    explained["metadata"]["annotations"] = annotations
    assert ("cron.suspended" not in rules(cluster(explained))) is silent


def test_a_suspension_of_today_is_silent() -> None:
    recent = cron(suspend=True)
    fields = {"f:spec": {"f:suspend": {}}}
    recent["metadata"]["managedFields"] = [
        {"manager": "ann", "time": stamp(60), "fieldsV1": fields}
    ]
    assert rules(cluster(recent)) == set()


def counters(of: Json, throttled_share: float, *, name: str = "web") -> list[Series]:
    labels = {"namespace": "shop", "pod": of["metadata"]["name"], "container": name}
    kept = tuple(sorted(labels.items()))
    times = [at(60 - 2 * n) for n in range(31)]
    roles = {
        "container_cpu_cfs_periods_total": 1.0,
        "container_cpu_cfs_throttled_periods_total": throttled_share,
    }
    return [
        Series(
            role,
            kept,
            tuple((when, 1000 + 100 * n * share) for n, when in enumerate(times)),
            role=role,
        )
        for role, share in roles.items()
    ]


def limited(share: float, *, probe: bool = False) -> Cluster:
    spec = container("web", resources={"limits": {"cpu": "250m", "memory": "1Gi"}})
    made = deployment(replicas=1, containers=[spec])
    owner = replica_set(made)
    one = pod(owner)
    slow = "Readiness probe failed: context deadline exceeded"
    events = [event(one, "Unhealthy", slow, container_name="web")] if probe else []
    return cluster(made, owner, one, series=counters(one, share), events=events)


def test_throttling_with_slow_probes_is_a_fault_at_its_limit() -> None:
    finding = found(limited(0.6, probe=True), "pod.cpu_throttled")
    assert finding.severity is Severity.MEDIUM
    assert (finding.params["limit"], finding.params["share"]) == ("250m", "60%")
    assert finding.fix is not None
    assert finding.fix.id == "fix.cpu"


@pytest.mark.parametrize(
    ("began", "answer"), [(20, "pod.cpu_throttled"), (14, "pod.probe.timeout")]
)
def test_throttling_may_have_begun_at_any_moment_of_the_first_step_that_shows_it(
    began: int, answer: str
) -> None:
    """Its step ends a minute and a half after the first probe that timed out, and began before it."""
    spec = container(
        "web",
        resources={"limits": {"cpu": "250m"}},
        readinessProbe={"httpGet": {"path": "/", "port": 8080}},
    )
    made = deployment(replicas=1, ready=0, containers=[spec])
    owner = replica_set(made, ready=0)
    one = pod(owner, status=[running(ready=False)], ready=False)
    slow = "Readiness probe failed: Get http://10.0.0.1:8080/: context deadline exceeded"
    late = event(one, "Unhealthy", slow, container_name="web", count=40, first=19.5, ago=1)
    counted = counters(one, 0.0)
    points = [
        (when, value + max(0.0, began - (NOW - when) / timedelta(minutes=1)) * 30)
        for when, value in counted[1].points
    ]
    told = cluster(
        made,
        owner,
        one,
        events=[late],
        series=[counted[0], replace(counted[1], points=tuple(points))],
    )
    assert roots(told)[0] == answer


def test_throttling_that_hurts_nobody_is_hygiene_and_a_little_is_nothing() -> None:
    assert found(limited(0.6), "pod.cpu_throttled").severity is Severity.LOW
    assert rules(limited(0.1, probe=True)) == set()


def test_throttling_is_why_statements_are_slow_and_why_callers_wait_for_them() -> None:
    spec = container("db", resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    base = workload("db", replicas=1, containers=[spec])
    url = {"name": "DB_URL", "value": "postgres://db:8080/orders"}
    caller = workload(containers=[container("web", env=[url])])
    slow = log(base[2], *["LOG:  duration: 8412.331 ms  statement: SELECT 1"] * 5, name="db")
    empty = log(caller[2], *["ERROR connection pool exhausted: 100/100 in use"] * 5)
    told = cluster(*base, *caller, logs=[slow, empty], series=counters(base[2], 0.8, name="db"))
    assert found(told, "pod.cpu_throttled").severity is Severity.LOW
    assert roots(told) == ["pod.cpu_throttled"]


SHORT = "0/2 nodes are available: 2 Insufficient memory."


def updating(
    said: str = SHORT, *, asked: str = "3Gi", ready: int = 2, **strategy: object
) -> Cluster:
    resources = {"requests": {"memory": asked}}
    rolling = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1, **strategy}}
    made = deployment(
        replicas=2,
        ready=ready,
        containers=[container("web", resources=resources)],
        status={"updatedReplicas": 1},
        spec={"strategy": rolling},
    )
    old, new = replica_set(made, "5c9f7b8d6c", revision=1), replica_set(made, replicas=1, ready=0)
    unscheduled = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    spec = {"nodeName": ""}
    waits = pod(new, ready=False, phase="Pending", conditions=[unscheduled], age=30, spec=spec)
    return cluster(made, old, new, waits, pod(old, "aa1bb"), pod(old, "aa2bb"), node())


def test_an_update_that_may_take_nothing_away_and_has_no_room_is_stuck_on_its_strategy() -> None:
    finding = found(updating(), "deploy.surge_no_room")
    assert finding.params["max_unavailable"] == "0"
    assert "Insufficient memory" in finding.params["message"]
    assert finding.fix is not None
    assert finding.fix.id == "fix.surge"


def test_a_percentage_is_rounded_down_as_the_controller_does() -> None:
    assert "deploy.surge_no_room" in rules(updating(maxUnavailable="25%"))
    assert "deploy.surge_no_room" not in rules(updating(maxUnavailable="50%"))


@pytest.mark.parametrize(
    "told",
    [
        updating(asked="64Gi"),
        updating(ready=0),
        updating("0/2 nodes are available: 2 node(s) had untolerated taint {team: ml}."),
    ],
    ids=["too large for any node", "nothing old holds the room", "kept away by a taint"],
)
def test_what_a_freed_place_would_not_solve_is_no_surge(told: Cluster) -> None:
    assert "deploy.surge_no_room" not in rules(told)


KERNEL = "Memory cgroup out of memory: Killed process 48211 (web) total-vm:4188332kB"
GONE = "web-7d4b9c6f5d-gone9"


def replaced(*, killed: float = 24, deleted: float = 23) -> Cluster:
    objects, host = workload(), node()
    events = [
        event(host, "OOMKilling", KERNEL, ago=killed),
        event(objects[1], "SuccessfulDelete", f"Deleted pod: {GONE}", ago=deleted, kind="Normal"),
    ]
    return cluster(*objects, host, events=events)


def test_a_kill_of_a_pod_that_is_gone_is_told_from_the_kernels_words() -> None:
    finding = found(replaced(), "pod.oom_killed")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.affected == (Ref("Pod", "shop", GONE),)
    assert finding.confidence is Confidence.INFERRED
    assert finding.params["limit"] == "256Mi"
    assert finding.fix is None


def test_metrics_that_remember_the_kill_make_it_strong() -> None:
    labels = {"namespace": "shop", "pod": GONE, "container": "web", "reason": "OOMKilled"}
    role = "kube_pod_container_status_last_terminated_reason"
    points = tuple((at(60 - 5 * n), float(n > 6)) for n in range(12))
    series = Series(role, tuple(sorted(labels.items())), points, role=role)
    finding = found(cluster(*workload(), series=[series]), "pod.oom_killed")
    assert finding.confidence is Confidence.STRONG
    assert finding.since == at(25)


@pytest.mark.parametrize(("limit", "told"), [("512Mi", set[str]()), ("256Mi", {"pod.oom_killed"})])
def test_a_kill_before_the_workload_got_more_memory_is_history(limit: str, told: set[str]) -> None:
    made, before, *others = workload()
    killed_in = copy.deepcopy(before)
    made["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = limit
    name = f"{killed_in['metadata']['name']}-zz9zz"
    labels = {"namespace": "shop", "pod": name, "container": "web", "reason": "OOMKilled"}
    role = "kube_pod_container_status_last_terminated_reason"
    points = tuple((at(60 - 5 * n), float(n > 6)) for n in range(12))
    series = Series(role, tuple(sorted(labels.items())), points, role=role)
    assert rules(cluster(made, killed_in, *others, series=[series])) == told


def test_a_kill_of_something_else_at_another_time_is_not_ours() -> None:
    assert rules(replaced(killed=50, deleted=5)) == set()


def test_an_eviction_of_unknown_age_that_was_replaced_is_history() -> None:
    made = deployment(replicas=1)
    owner = replica_set(made)
    status = {"reason": "Evicted", "message": "The node was low on resource: memory. "}
    old = pod(owner, "old99", phase="Failed", pod_status=status, status=[running()])
    finding = found(cluster(made, owner, old, pod(owner)), "pod.evicted.node_pressure")
    assert finding.severity is Severity.INFO


def test_an_eviction_is_no_older_than_its_pod() -> None:
    made = deployment(replicas=1)
    owner = replica_set(made)
    status = {"reason": "Evicted", "message": "The node was low on resource: memory. "}
    old = pod(owner, "old99", phase="Failed", pod_status=status, status=[running()], age=40)
    finding = found(cluster(made, owner, old, pod(owner, age=7)), "pod.evicted.node_pressure")
    assert finding.severity is Severity.HIGH
