"""Causes that other systems are known to confuse: each stands here by name."""

from datetime import timedelta

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.rca_ranking import Ranking, Verdict, rank, timeline
from mcp_servers.engines.topology import topology
from mcp_servers.facts.kubernetes import Cluster, Json
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    condition,
    deployment,
    ended,
    event,
    log,
    memory_series,
    node,
    pod,
    replica_set,
    waiting,
    workload,
)


def ranked(seen: Cluster) -> Ranking:
    return rank(diagnose(seen), seen, topology(seen))


def causes(seen: Cluster) -> list[str]:
    return [root.finding.rule for root in ranked(seen).roots]


def broken(status: Json, *, name: str = "web") -> list[Json]:
    told = [condition("Available", "False", ago=10)]
    made = deployment(name, replicas=1, ready=0, conditions=told)
    owner = replica_set(made)
    return [made, owner, pod(owner, status=[status], age=40)]


def test_a_normal_rolling_update_with_its_killing_events_is_no_kill_for_memory() -> None:
    objects = workload()
    old = replica_set(objects[0], "aaaa11111", revision=1, replicas=0)
    leaving = pod(old, "bye11")
    leaving["metadata"]["deletionTimestamp"] = f"{at(0.2):%Y-%m-%dT%H:%M:%SZ}"
    killing = event(leaving, "Killing", "Stopping container web", kind="Normal", ago=0.5, count=2)
    scaled = event(old, "SuccessfulDelete", "Deleted pod: web-aaaa11111-bye11", kind="Normal")
    told = ranked(cluster(*objects, old, leaving, events=[killing, scaled]))
    assert told.verdict is Verdict.HEALTHY
    assert told.roots == ()


def test_a_container_killed_for_memory_ranks_above_the_crash_loop_that_follows() -> None:
    status = waiting(reason="CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=6)
    objects = broken(status)
    backing_off = event(objects[2], "BackOff", "Back-off restarting failed container", count=30)
    told = ranked(cluster(*objects, events=[backing_off]))
    assert [root.finding.rule for root in told.roots] == ["pod.oom_killed"]
    assert "pod.crash_loop" in {one.rule for one in told.symptoms}


def test_a_pod_that_a_quota_refuses_is_no_crash_whatever_its_events_are_called() -> None:
    made = deployment(replicas=1, ready=0, conditions=[condition("Available", "False", ago=10)])
    owner = replica_set(made, ready=0)
    owner["status"]["replicas"] = 0
    words = 'pods "web-1" is forbidden: exceeded quota: team, requested: pods=1, used: pods=5'
    refused = event(owner, "FailedCreate", words, count=12, first=15)
    assert causes(cluster(made, owner, events=[refused])) == ["workload.create_refused.quota"]


def test_a_scheduler_that_fails_for_want_of_room_is_no_crash() -> None:
    objects = broken(waiting(reason=""))
    objects[2]["spec"]["nodeName"] = ""
    objects[2]["status"] |= {"phase": "Pending", "containerStatuses": []}
    said = "0/1 nodes are available: 1 Insufficient cpu."
    told = condition("PodScheduled", "False", reason="Unschedulable", message=said, ago=30)
    objects[2]["status"]["conditions"].append(told)
    failed = event(objects[2], "FailedScheduling", said, count=9, first=30)
    assert causes(cluster(*objects, node(), events=[failed])) == ["pod.unschedulable.cpu"]


def test_a_pull_that_failed_and_backs_off_is_told_by_its_image() -> None:
    objects = broken(waiting(reason="ImagePullBackOff", message="Back-off pulling image"))
    events = [
        event(objects[2], "Failed", "Failed to pull image: manifest unknown", count=4),
        event(objects[2], "Failed", "Error: ImagePullBackOff", count=9),
        event(objects[2], "BackOff", "Back-off pulling image", count=20),
    ]
    found = ranked(cluster(*objects, events=events))
    assert [root.finding.rule for root in found.roots] == ["pod.image_pull.not_found"]
    assert "pod.crash_loop" not in {one.rule for one in diagnose(cluster(*objects, events=events))}


def test_a_busy_node_without_pressure_is_not_why_a_program_crashes() -> None:
    status = waiting(reason="CrashLoopBackOff", lastState=ended(1), restartCount=6)
    objects = broken(status)
    greedy = workload("greedy", replicas=1)
    busy = memory_series(greedy[2], [7000.0] * 60, name="greedy")
    said = log(objects[2], "FATAL: cannot parse config: line 3", previous=True, last=5)
    told = ranked(cluster(*objects, *greedy, node(), logs=[said], series=[busy]))
    assert [root.finding.rule for root in told.roots] == ["pod.crash_loop"]
    assert all(root.finding.resource.kind != "Node" for root in told.roots)


def test_a_counter_that_only_ever_grows_is_over_no_threshold() -> None:
    objects = workload()
    labels = {"namespace": "shop", "pod": objects[2]["metadata"]["name"], "container": "web"}
    points = tuple((at(480 - 5 * n), 1e6 + 900.0 * n) for n in range(97))
    counters = [
        Series(role, tuple(sorted(labels.items())), points, role=role)
        for role in (
            "container_cpu_usage_seconds_total",
            "container_cpu_cfs_periods_total",
            "container_network_receive_bytes_total",
        )
    ]
    still = tuple((when, 5e5) for when, _ in points)
    role = "container_cpu_cfs_throttled_periods_total"
    counters.append(Series(role, tuple(sorted(labels.items())), still, role=role))
    told = ranked(cluster(*objects, series=counters))
    assert (told.verdict, told.roots) == (Verdict.HEALTHY, ())


def test_memory_that_is_noisy_around_a_level_is_no_leak_and_a_steady_rise_is() -> None:
    objects = workload()
    noisy = [150.0 + (7 * n) % 40 for n in range(97)]
    steady = [120.0 + 1.2 * n for n in range(97)]
    assert causes(cluster(*objects, series=[memory_series(objects[2], noisy)])) == []
    leaking = cluster(*objects, series=[memory_series(objects[2], steady)])
    assert causes(leaking) == ["pod.memory_leak"]


def test_a_timeline_holds_only_times_that_stand_in_the_evidence() -> None:
    status = waiting(reason="CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=6)
    objects = broken(status)
    backing_off = event(objects[2], "BackOff", "Back-off restarting", count=30, first=25)
    seen = cluster(*objects, events=[backing_off])
    written = str([one.raw for one in seen.resources])
    told = timeline(ranked(seen).roots, seen)
    assert told
    for moment, _ in told:
        known = {one.first_at for one in seen.events} | {one.last_at for one in seen.events}
        assert moment in known or f"{moment:%Y-%m-%dT%H:%M:%SZ}" in written
        assert moment < seen.now - timedelta(seconds=1)
