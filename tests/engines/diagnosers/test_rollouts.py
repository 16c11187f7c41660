"""Deployments that lack replicas or do not get on."""

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    event,
    found,
    pod,
    replica_set,
    rules,
    running,
    waiting,
    workload,
)

UNAVAILABLE = condition("Available", "False", reason="MinimumReplicasUnavailable", ago=15)


def short(ready: int, replicas: int = 4, **more: object) -> Json:
    return deployment(replicas=replicas, ready=ready, **more)


def test_too_few_replicas_are_a_symptom_with_numbers() -> None:
    finding = found(cluster(short(1, conditions=[UNAVAILABLE])), "deploy.unavailable")
    assert finding.severity is Severity.HIGH
    assert (finding.params["available"], finding.params["desired"]) == ("1", "4")
    assert finding.since is not None
    assert finding.since.minute == 45


def test_no_replica_at_all_is_critical() -> None:
    finding = found(cluster(short(0, conditions=[UNAVAILABLE])), "deploy.unavailable")
    assert finding.severity is Severity.CRITICAL


def test_as_many_as_the_strategy_may_miss_are_fine() -> None:
    assert rules(cluster(short(3))) == set()
    assert rules(cluster(short(2))) == {"deploy.unavailable"}


def test_a_replica_for_which_a_node_is_on_its_way_is_not_missing() -> None:
    made = short(3, replicas=4, spec={"strategy": {"rollingUpdate": {"maxUnavailable": 0}}})
    owner = replica_set(made)
    waits = pod(owner, ready=False, status=[waiting()], phase="Pending", age=30)
    assert rules(cluster(made, owner, waits)) == {"deploy.unavailable"}
    coming = event(waits, "TriggeredScaleUp", "pod triggered scale-up", ago=2)
    assert rules(cluster(made, owner, waits, events=[coming])) == set()


def test_replicas_not_written_means_one() -> None:
    made = short(0, conditions=[UNAVAILABLE])
    del made["spec"]["replicas"]
    assert found(cluster(made), "deploy.unavailable").params["desired"] == "1"


def test_none_wanted_is_none_missing() -> None:
    assert rules(cluster(deployment(replicas=0, conditions=[UNAVAILABLE]))) == set()


def test_an_update_under_way_is_silent() -> None:
    progressing = condition("Progressing", "True", reason="ReplicaSetUpdated", ago=2)
    made = short(2, conditions=[progressing], status={"updatedReplicas": 1})
    assert rules(cluster(made)) == set()


EXCEEDED = condition(
    "Progressing",
    "False",
    reason="ProgressDeadlineExceeded",
    message='ReplicaSet "web-7d4b9c6f5d" has timed out progressing.',
)


def stuck(**more: object) -> list[Json]:
    made = deployment(
        replicas=2,
        containers=[container("web", image="registry.example.com/web:1.5.0")],
        conditions=[EXCEEDED],
        status={"updatedReplicas": 1},
        **more,
    )
    old = replica_set(made, "5c9f7b8d6c", revision=1, image="registry.example.com/web:1.4.2")
    new = replica_set(made, replicas=1, ready=0)
    broken = pod(new, status=[running(ready=False)])
    return [made, old, new, broken, pod(old, "aa1bb"), pod(old, "aa2bb")]


def test_a_stuck_rollout_names_the_image_change_and_that_users_are_not_hit() -> None:
    finding = found(cluster(*stuck()), "deploy.progress_deadline")
    assert finding.params["images"] == (
        "registry.example.com/web:1.4.2 → registry.example.com/web:1.5.0"
    )
    assert finding.params["still_serving"] == "2"
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"
    assert finding.joins["replicaset"] == "shop/web-7d4b9c6f5d"


def test_a_deadline_of_a_revision_long_replaced_is_silent() -> None:
    objects = stuck()
    newer = replica_set(objects[0], "6b8c5d7f9b", revision=3, ready=2)
    objects[0]["status"]["updatedReplicas"] = 2
    assert "deploy.progress_deadline" not in rules(cluster(*objects, newer))


def paused(minutes: float, *, image: str = "web:2", **more: object) -> list[Json]:
    told = condition("Progressing", "Unknown", reason="DeploymentPaused", ago=minutes)
    made = deployment(spec={"paused": True}, conditions=[told], **more)
    runs = replica_set(made, image=image)
    return [made, runs, pod(runs, "aa1bb"), pod(runs, "aa2bb")]


def test_a_forgotten_pause_names_what_waits() -> None:
    finding = found(cluster(*paused(180)), "deploy.paused")
    assert finding.params["difference"] == "web:2 → registry.example.com/web:1.4.2"
    assert finding.fix is not None
    assert finding.fix.id == "fix.resume"


def test_a_pause_just_now_or_without_changes_or_of_a_canary_tool_is_silent() -> None:
    assert rules(cluster(*paused(5))) == set()
    assert rules(cluster(*paused(180, image="registry.example.com/web:1.4.2"))) == set()
    assert rules(cluster(*paused(180, annotations={"flagger.app/primary": "web"}))) == set()


def test_a_healthy_rollout_of_the_past_is_silent() -> None:
    done = condition("Progressing", "True", reason="NewReplicaSetAvailable")
    assert rules(cluster(*workload(conditions=[done]))) == set()
