from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.fixes import Level
from mcp_servers.facts.kubernetes import Cluster, Json
from mcp_servers.facts.metrics import Series
from tests.engines.fixes.judging import (
    advice,
    container_of,
    plan,
    proposal,
    result,
    risk_of,
    taken_back,
)
from tests.factories import (
    at,
    cluster,
    condition,
    container,
    deployment,
    event,
    memory_series,
    node,
    pod,
    replica_set,
    thing,
    waiting,
)

GIB = 2**30


def claim(*, size: str = "10Gi", used_gib: float = 9, grows: bool = True, **more: Any) -> Cluster:
    held = thing(
        "PersistentVolumeClaim", "data",
        spec={"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
        status={"phase": "Bound", "capacity": {"storage": size}},
    )  # fmt: skip
    kept = thing("StorageClass", "fast", allowVolumeExpansion=grows)
    labels = (("namespace", "shop"), ("persistentvolumeclaim", "data"))
    amount = quantity(size) or Fraction(0)
    series = [
        Series(role, labels, tuple((at(60 - 10 * n), value) for n in range(7)), role=role)
        for role, value in (
            ("kubelet_volume_stats_used_bytes", used_gib * GIB),
            ("kubelet_volume_stats_capacity_bytes", float(amount)),
        )
    ]
    return cluster(held, kept, series=series, **more)


def test_a_larger_claim_is_given_the_time_in_which_volumes_are_measured() -> None:
    slowest_scrape = timedelta(minutes=5)
    assert plan(claim(), "pvc.nearly_full").deadline >= 2 * slowest_scrape


def test_a_claim_grows_until_seven_tenths_are_in_use() -> None:
    seen = claim(used_gib=9.5)
    one = plan(seen, "pvc.nearly_full")
    assert result(seen, one)["spec"]["resources"]["requests"]["storage"] == "14Gi"
    assert one.steps[0].inverse is None
    assert ("not_reversible", {}) in risk_of(seen, one, one.steps[0]).facts


def test_it_at_most_doubles() -> None:
    seen = claim(size="2Gi", used_gib=1.99)
    new = quantity(
        result(seen, plan(seen, "pvc.nearly_full"))["spec"]["resources"]["requests"]["storage"]
    )
    assert 2 * GIB < (new or 0) <= 4 * GIB


def test_a_class_that_does_not_grow_is_told() -> None:
    assert advice(claim(grows=False), "pvc.nearly_full") == "class_forbids_growth"


def surging(replicas: int = 2, volumes: list[Json] | None = None) -> Cluster:
    strategy = {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}}
    owner = deployment(replicas=replicas, spec=strategy, pod_spec={"volumes": volumes or []})
    now, old = (
        replica_set(owner, "new1new1n", replicas=1, ready=0),
        replica_set(owner, "old1old1o", revision=1),
    )
    said = "0/1 nodes are available: 1 Insufficient cpu."
    stated = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    waits = pod(now, phase="Pending", ready=False, conditions=[stated], status=[waiting()], age=30)
    waits["spec"].pop("nodeName")
    return cluster(owner, now, old, waits, *(pod(old, f"aa{n}bb") for n in range(replicas)), node())


def test_an_old_pod_makes_room_where_the_new_one_has_none() -> None:
    seen = surging()
    one = plan(seen, "deploy.surge_no_room")
    assert result(seen, one)["spec"]["strategy"]["rollingUpdate"] == {
        "maxUnavailable": 1,
        "maxSurge": 1,
    }
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_not_where_one_replica_is_all_there_is() -> None:
    assert advice(surging(replicas=1), "deploy.surge_no_room") == "surge_single_replica"


def test_not_where_the_pods_hold_a_disk_of_their_own() -> None:
    disk = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert advice(surging(volumes=disk), "deploy.surge_no_room") == "surge_stateful"


def evicted(count: int, written_mib: Sequence[float] = (), **pod_spec: Any) -> Cluster:
    """A pod serves, and so many were evicted; `written_mib`: what the one that serves writes."""
    limits = {"limits": {"ephemeral-storage": "1Gi"}}
    owner = deployment(containers=[container(resources=limits)], ready=1, pod_spec=pod_spec)
    made = replica_set(owner)
    message = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."
    gone = [
        pod(
            made,
            f"ev{n}cd",
            phase="Failed",
            ready=False,
            pod_status={"reason": "Evicted", "message": message},
        )
        for n in range(count)
    ]
    events = [event(one, "Evicted", message) for one in gone]
    serves = pod(made, "aa1bb")
    measured = memory_series(serves, written_mib) if written_mib else None
    series = [replace(measured, role="container_fs_usage_bytes")] if measured else []
    return cluster(owner, made, *gone, serves, node(), events=events, series=series)


def test_a_pod_evicted_for_its_own_storage_is_proposed_half_as_much_again() -> None:
    held = container_of(proposal(evicted(1), "pod.evicted.own_storage").after)
    assert held["resources"]["limits"]["ephemeral-storage"] == "1536Mi"


def test_where_what_it_writes_was_measured_and_is_bounded_the_limit_is_raised() -> None:
    seen = evicted(1, [900, 980, 940, 970, 930, 980, 950])
    one = plan(seen, "pod.evicted.own_storage")
    held = container_of(result(seen, one))
    assert held["resources"]["limits"]["ephemeral-storage"] == "1536Mi"
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_volumes_that_go_with_the_pod_are_not_in_that_figure() -> None:
    seen = evicted(1, [900, 980, 940, 970], volumes=[{"name": "tmp", "emptyDir": {}}])
    assert proposal(seen, "pod.evicted.own_storage").why == "no_usage_data"


def test_what_rises_steadily_is_not_given_more_room() -> None:
    seen = evicted(1, [100 + 9 * n for n in range(97)])
    assert advice(seen, "pod.evicted.own_storage") == "ephemeral_unbounded"


def test_what_is_evicted_again_and_again_grows_without_end() -> None:
    assert advice(evicted(4), "pod.evicted.own_storage") == "ephemeral_unbounded"


def test_a_forgotten_pause_is_ended() -> None:
    owner = deployment(
        spec={"paused": True}, containers=[container(image="registry.example.com/web:2.0")]
    )
    made = replica_set(owner, image="registry.example.com/web:1.4.2")
    seen = cluster(owner, made, pod(made), node())
    one = plan(seen, "deploy.paused")
    assert result(seen, one)["spec"]["paused"] is False
    assert one.base is Level.LOW
    risk = risk_of(seen, one, one.steps[0])  # what waited is rolled out now
    assert risk.level is Level.HIGH
    assert "pods_restart" in dict(risk.facts)
