"""Where a careless repair would harm: what belongs to others, is meant, or would be lost."""

from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.fixes import _REPAIRERS, going_back
from mcp_servers.engines.fixes.drafting import Case
from mcp_servers.engines.fixes.slips import are_apart
from mcp_servers.facts.fixes import Advice, Plan, Request, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, asked, container_of, plan, repaired, result
from tests.engines.fixes.test_jobs import cron
from tests.engines.fixes.test_memory import killed
from tests.engines.fixes.test_repointing import lacking, variable
from tests.engines.fixes.test_rollback import BAD, GOOD, broken
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
    waiting,
)

WEB = Ref("Deployment", "shop", "web")
CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def written(ago: float, manager: str = "kubectl-edit", *, field: str = "template") -> Json:
    """As managed fields remember who wrote a part of the spec, so many minutes ago."""
    fields = {"f:spec": {f"f:{field}": {}}}
    return {"managedFields": [{"manager": manager, "time": stamp(ago), "fieldsV1": fields}]}


# Rolling back.


@pytest.mark.parametrize(
    "trouble", ["toomanyrequests: 429 Too Many Requests", "dial tcp: i/o timeout"]
)
def test_a_registry_that_gives_nothing_is_no_reason_to_go_back(trouble: str) -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, ready=1, image=GOOD)
    state = waiting(reason="ImagePullBackOff", message=f"failed to pull: {trouble}", image=BAD)
    seen = cluster(owner, now, before, pod(now, status=[state]), pod(before, "aa0bb"), node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Plan), "a person may ask for it"
    [why] = {
        found.why
        for rule in (
            "pod.image_pull.rate_limited",
            "pod.image_pull.network",
            "deploy.progress_deadline",
        )
        if isinstance(found := _way_back(seen, rule), Advice)
    }
    assert why == "root_elsewhere"


def _way_back(seen: Cluster, rule: str) -> Any:

    about = [one for one in diagnose(seen) if one.rule == rule]
    return going_back(about[0], seen) if about else None


def migrating(**parts: Any) -> Json:
    return container("migrate", image=BAD, command=["alembic", "upgrade", "head"], **parts)


def test_nothing_goes_back_over_a_migration_by_an_init_container() -> None:
    owner = deployment(containers=[container(image=BAD)], ready=1)
    owner["spec"]["template"]["spec"]["initContainers"] = [migrating()]
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, ready=1, image=GOOD)
    before["spec"]["template"]["spec"].pop("initContainers")
    failing = pod(now, status=[waiting(reason="CrashLoopBackOff")])
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": stamp(9)}}
    failing["spec"]["initContainers"] = [migrating()]
    failing["status"]["initContainerStatuses"] = [
        running("migrate", state=done, ready=True, image=BAD)
    ]
    seen = cluster(owner, now, before, failing, pod(before, "aa0bb"), node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Advice)
    assert one.why == "data_was_migrated"


@pytest.mark.parametrize(("ended", "why"), [(5, "data_was_migrated"), (60 * 24 * 30, "")])
def test_nothing_goes_back_over_a_migration_by_a_job_of_the_release(ended: float, why: str) -> None:
    spec = {"template": {"spec": {"containers": [container("run", image=BAD)]}}}
    job = thing("Job", "web-migrate-9", spec=spec, status={"completionTime": stamp(ended)})
    one = repaired(broken(job), "pod.image_pull.not_found")
    assert (one.why if isinstance(one, Advice) else "") == why


def two_containers(*, app_before: str, agent_before: str) -> Cluster:
    """The agent beside the app crashes; both may be other images than before."""
    now_app = container("web", image="registry.example.com/web:2")
    now_agent = container("agent", image="registry.example.com/agent:2")
    owner = deployment(containers=[now_app, now_agent], ready=0)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=0, ready=0)
    then = [container("web", image=app_before), container("agent", image=agent_before)]
    before["spec"]["template"]["spec"]["containers"] = then
    before["metadata"]["creationTimestamp"] = stamp(60 * 24)
    state = waiting("agent", reason="CrashLoopBackOff", restartCount=9)
    failing = pod(now, status=[running("web", image=now_app["image"]), state])
    return cluster(owner, now, before, failing, node())


@pytest.mark.parametrize(
    ("app", "agent", "why"),
    [("2", "2", "same_in_revision"), ("1", "1", "takes_others_along"), ("2", "1", "")],
)
def test_one_container_that_fails_takes_no_other_along(app: str, agent: str, why: str) -> None:
    seen = two_containers(
        app_before=f"registry.example.com/web:{app}",
        agent_before=f"registry.example.com/agent:{agent}",
    )
    if (app, agent) == ("2", "2"):  # that something else is new makes it a revision
        for one in seen.all("ReplicaSet"):
            if one.name.endswith("good1good"):
                one.raw["spec"]["template"]["metadata"]["annotations"] = {"note": "before"}
    way = _way_back(seen, "pod.crash_loop")
    assert (way.why if isinstance(way, Advice) else "") == why


def test_a_revision_that_was_replaced_at_once_is_not_trusted() -> None:
    third = deployment(containers=[container(image=BAD)], ready=0)
    made = [
        replica_set(third, f"rev{n}rev{n}", revision=n, replicas=0, ready=0, image=f"web:{n}")
        for n in (1, 2)
    ]
    for one, ago in zip(made, (60 * 24, 12), strict=True):
        one["metadata"]["creationTimestamp"] = stamp(ago)
    now = replica_set(third, "bad1bad1b", revision=3, ready=0)
    now["metadata"]["creationTimestamp"] = stamp(6)
    seen = cluster(third, *made, now, node())
    one = asked(seen, "fix.rollback", WEB)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["image"] == "web:1"


# What others own, and what is another thing.


def test_a_secret_that_others_use_is_not_taken_for_ones_own() -> None:
    spec = {"env": [variable("secretKeyRef", "web-credential", "url")]}
    theirs = deployment(
        "mail",
        containers=[container("mail", env=[variable("secretKeyRef", "web-credentials", "url")])],
    )
    there = thing("Secret", "web-credentials", data={"url": ""})
    said = 'secret "web-credential" not found'
    assert (
        advice(lacking(spec, there, theirs, said=said), "pod.config_ref.secret_missing")
        == "value_unknown"
    )
    assert plan(lacking(spec, there, said=said), "pod.config_ref.secret_missing")


@pytest.mark.parametrize(
    "mark",
    [
        {"labels": {"app": "mail"}},
        {"ownerReferences": [{"kind": "Postgres", "name": "mail", "uid": "u", "controller": True}]},
    ],
    ids=["label", "owner"],
)
def test_a_map_of_another_program_is_not_taken_for_ones_own(mark: Json) -> None:
    spec = {"envFrom": [{"configMapRef": {"name": "web-confg"}}]}
    there = thing("ConfigMap", "web-config", data={})
    there["metadata"] |= mark
    seen = lacking(spec, there, said='configmap "web-confg" not found')
    for one in seen.all("Deployment"):
        one.metadata["labels"] = {"app": "web"}
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"


@pytest.mark.parametrize("other", ["web-config-prod", "web-config-2"])
def test_a_map_of_another_place_or_number_is_another_map(other: str) -> None:
    spec = {"envFrom": [{"configMapRef": {"name": "web-config-stage-1"}}]}
    there = thing("ConfigMap", other, data={})
    seen = lacking(spec, there, said='configmap "web-config-stage-1" not found')
    assert advice(seen, "pod.config_ref.configmap_missing") == "value_unknown"
    assert are_apart("web-config-stage-1", other)


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
