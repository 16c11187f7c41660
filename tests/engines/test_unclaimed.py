"""What costs and does nothing: never what somebody uses, nor what nobody measured."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.unclaimed import Observed, Unclaimed, unclaimed, unjudged_balancers
from mcp_servers.facts.kubernetes import Json
from tests.factories import NOW, cluster, endpoint_slice, pod, service, stamp, thing

DAY = 24 * 60
KNOWN = Observed(mounted={}, mounted_days=14.0)


def volume(phase: str, policy: str = "Retain", *, days: float = 30, **spec: Any) -> Json:
    status = {"phase": phase, "lastPhaseTransitionTime": stamp(days * DAY)}
    told = {
        "capacity": {"storage": "10Gi"},
        "persistentVolumeReclaimPolicy": policy,
        "claimRef": {"namespace": "shop", "name": "data"},
        **(spec or {"csi": {"driver": "block"}}),
    }
    return thing("PersistentVolume", "pv-1", age=60 * DAY, spec=told, status=status)


def claim(name: str = "data", phase: str = "Bound") -> Json:
    status = {"phase": phase, "capacity": {"storage": "10Gi"}}
    return thing("PersistentVolumeClaim", name, age=60 * DAY, spec={}, status=status)


def mounting(name: str) -> Json:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def found(*objects: Json, observed: Observed = KNOWN) -> list[Unclaimed]:
    return unclaimed(cluster(*objects), observed)


@pytest.mark.parametrize(("days", "sure"), [(0.2, "low"), (3, "medium"), (30, "high")])
def test_a_volume_whose_claim_is_gone_is_surer_the_longer_it_is(days: float, sure: str) -> None:
    [one] = found(volume("Released", days=days))
    assert (one.what, one.confidence, one.size_gib) == ("unclaimed_volume", sure, 10.0)
    assert (one.why, one.params["claim"]) == (("volume_released",), "shop/data")


@pytest.mark.parametrize(
    "kept",
    [
        volume("Bound"),
        volume("Released", "Delete"),
        volume("Released", local={"path": "/data"}),
        volume("Available", hostPath={"path": "/data"}),
    ],
)
def test_what_is_bound_goes_by_itself_or_is_a_nodes_disk_saves_nothing(kept: Json) -> None:
    assert found(kept) == []


@given(st.sampled_from(["Running", "Pending", "Unknown"]))
def test_a_claim_that_a_pod_mounts_is_never_unclaimed(phase: str) -> None:
    assert found(claim(), pod(spec=mounting("data"), phase=phase)) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_ended_mounts_nothing(phase: str) -> None:
    [one] = found(claim(), pod(spec=mounting("data"), phase=phase))
    assert (one.what, one.confidence) == ("unmounted_claim", "high")


def test_a_claim_of_a_cron_job_is_not_left_over_between_two_runs() -> None:
    template = {"template": {"spec": {"template": {"spec": mounting("data")}}}}
    job = thing("CronJob", "nightly", spec={"jobTemplate": template["template"]})
    assert found(claim(), job) == []


def test_what_a_workload_without_pods_would_mount_is_hardly_recommended() -> None:
    spec = {"replicas": 0, "template": {"spec": mounting("data")}}
    [one] = found(claim(), thing("Deployment", "parked", spec=spec))
    assert (one.confidence, one.params["wanted"]) == ("low", "Deployment shop/parked")
    assert "wanted" in one.why


def test_what_a_smaller_stateful_set_left_is_hardly_recommended() -> None:
    spec = {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    [one] = found(claim("data-db-3"), thing("StatefulSet", "db", spec=spec))
    assert (one.confidence, one.params["wanted"]) == ("low", "StatefulSet shop/db")


def test_without_a_metric_of_mounts_nobody_knows_how_long_it_is_unused() -> None:
    [one] = found(claim(), observed=Observed())
    assert (one.since, one.confidence) == (None, "low")
    assert one.why == ("claim_unmounted", "mounts_unknown")


def test_the_last_mount_that_was_measured_is_told() -> None:
    last = NOW - timedelta(days=3)
    [one] = found(claim(), observed=Observed({("shop", "data"): last}, 14.0))
    assert (one.since, one.confidence) == (last, "medium")
    assert "last_mounted" in one.why


def test_what_is_known_is_no_longer_than_the_metrics_or_the_claim() -> None:
    [short] = found(claim(), observed=Observed({}, 2.0))
    young = {**claim(), "metadata": {**claim()["metadata"], "creationTimestamp": stamp(3 * DAY)}}
    [new] = found(young)
    assert (short.since, short.confidence) == (NOW - timedelta(days=2), "medium")
    assert new.since == NOW - timedelta(days=3)


def balancer(*, address: bool = True, **spec: Any) -> Json:
    given_address = {"ingress": [{"ip": "203.0.113.7"}]} if address else {}
    one = service("front", spec={"type": "LoadBalancer", **spec})
    return {**one, "status": {"loadBalancer": given_address}}


def asked(count: float, days: float = 10.0) -> Observed:
    key = ("shop", "front")
    return Observed(requests={key: count}, request_days={key: days})


def test_a_balancer_that_leads_nowhere_is_told_with_what_is_known_of_its_requests() -> None:
    [unknown] = found(balancer())
    [silent] = found(balancer(), observed=asked(0))
    [lately] = found(balancer(), observed=asked(900))
    assert (unknown.why, unknown.confidence) == (("balancer_nowhere", "since_unknown"), "low")
    assert (silent.why, silent.confidence) == (("balancer_nowhere", "no_requests"), "high")
    assert lately.confidence == "low"


def test_a_balancer_without_an_address_may_cost_nothing() -> None:
    [one] = found(balancer(address=False), observed=asked(0))
    assert (one.confidence, one.why[-1]) == ("low", "no_address")


@pytest.mark.parametrize(
    ("observed", "rows", "unjudged"),
    [(asked(0), 1, 0), (asked(0, days=0.3), 0, 0), (asked(5), 0, 0), (Observed(), 0, 1)],
)
def test_a_balancer_with_endpoints_is_unused_only_where_requests_were_counted(
    observed: Observed, rows: int, unjudged: int
) -> None:
    front = balancer()
    objects = cluster(front, endpoint_slice(front, [pod()]))
    assert len(unclaimed(objects, observed)) == rows
    assert unjudged_balancers(objects, observed) == unjudged


def test_endpoints_by_hand_are_not_judged_without_requests() -> None:
    front = balancer(selector={})
    front["spec"]["selector"] = {}
    assert found(front) == []
    assert unjudged_balancers(cluster(front), Observed()) == 1


def sizes(told: Mapping[str, str]) -> Json:
    return {**claim(), "status": {"phase": "Bound", "capacity": dict(told)}}


@given(st.integers(1, 10_000))
def test_a_size_is_that_of_the_claim(gib: int) -> None:
    [one] = found(sizes({"storage": f"{gib}Gi"}))
    assert one.size_gib == gib
