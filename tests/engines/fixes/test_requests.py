from typing import Any

import pytest

from mcp_servers.engines.fixes import repair
from mcp_servers.engines.fixes.refused_amounts import Needed, needed
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Plan, Proposal, Repair
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from mcp_servers.facts.metrics import Series
from tests.engines.fixes.judging import (
    advice,
    container_of,
    plan,
    proposal,
    result,
    taken_back,
    told,
)
from tests.factories import (
    at,
    cluster,
    condition,
    container,
    deployment,
    ended,
    memory_series,
    node,
    pod,
    replica_set,
    running,
    thing,
    waiting,
)

WEB = Ref("Deployment", "shop", "web")


def cpu_series(of: Json, cores: float, *, days: float = 0.3, name: str = "web") -> Series:
    """A counter of seconds that grows evenly."""
    labels = {"namespace": "shop", "pod": of["metadata"]["name"], "container": name}
    minutes = days * 24 * 60
    points = [(at(minutes * (1 - n / 50)), cores * 60 * minutes * n / 50) for n in range(51)]
    role = "container_cpu_usage_seconds_total"
    return Series(role, tuple(sorted(labels.items())), tuple(points), role=role)


def crowded(
    request: Json, *, measured: bool = True, resource: str = "cpu", end: Json | None = None
) -> Cluster:
    """One replica runs, the other finds no node with that much."""
    owner = deployment(containers=[container(resources={"requests": request})], ready=1)
    made = replica_set(owner)
    well = pod(made, "aa1bb", status=[running(**({"lastState": end} if end else {}))])
    said = f"0/1 nodes are available: 1 Insufficient {resource}."
    stated = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    waits = pod(made, phase="Pending", ready=False, conditions=[stated], status=[waiting()])
    waits["spec"].pop("nodeName")
    series = [cpu_series(well, 0.4), memory_series(well, [300, 310, 320, 310])] if measured else []
    running_ones = [well] if measured else []
    return cluster(owner, made, *running_ones, waits, node(), series=series)


def test_a_request_comes_down_to_what_is_used_so_that_the_pod_finds_a_place() -> None:
    seen = crowded({"cpu": "3", "memory": "256Mi"})
    one = plan(seen, "pod.unschedulable.cpu")
    assert container_of(result(seen, one))["resources"]["requests"] == {
        "cpu": "500m",
        "memory": "256Mi",
    }
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_memory_is_not_lowered_of_what_was_killed_for_it() -> None:
    seen = crowded({"memory": "6Gi"}, resource="memory", end=ended(137, "OOMKilled", ago=900))
    assert advice(seen, "pod.unschedulable.memory") == "never_lowered_on_oom"
    unhurt = crowded({"memory": "6Gi"}, resource="memory")
    assert container_of(result(unhurt, plan(unhurt, "pod.unschedulable.memory")))["resources"][
        "requests"
    ] == {"memory": "384Mi"}


def test_a_request_that_is_used_is_needed() -> None:
    assert advice(crowded({"cpu": "450m"}), "pod.unschedulable.cpu") == "request_is_needed"
    assert (
        advice(crowded({"cpu": "3"}, measured=False), "pod.unschedulable.cpu")
        == "request_is_needed"
    )


def test_one_beyond_every_node_is_a_slip_and_what_was_meant_a_guess() -> None:
    one = proposal(crowded({"cpu": "64"}, measured=False), "pod.unschedulable.cpu")
    assert one.why == "no_usage_data"


def refused(
    message: str,
    *more: Json,
    requirement: str = "",
    series: list[Series] | None = None,
    **spec: Any,
) -> tuple[Cluster, Repair]:
    owner = deployment(containers=[container(**spec)], ready=1)
    made = replica_set(owner)
    seen = cluster(owner, made, pod(made, "aa1bb"), node(), *more, series=series or [])
    params = {"requirement": requirement or message, "quota": "compute"}
    finding = Finding(
        f"workload.create_refused.{'quota' if 'exceeded' in message else 'limits_required'}",
        Severity.HIGH, Confidence.CERTAIN, WEB, None, (), params,
    )  # fmt: skip
    return seen, told(repair(finding, seen), seen)


def test_amounts_that_a_quota_demands_come_from_what_was_measured() -> None:
    made = pod(replica_set(deployment()), "aa1bb")
    series = [memory_series(made, [200, 210, 205]), cpu_series(made, 0.2)]
    message = "must specify limits.cpu for: web; limits.memory for: web"
    seen, one = refused(message, series=series, resources={})
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["resources"]["limits"] == {
        "cpu": "500m",
        "memory": "512Mi",
    }


def test_without_a_measurement_they_are_only_proposed() -> None:
    _, one = refused("must specify limits.memory for: web", resources={})
    assert isinstance(one, Proposal)
    assert container_of(one.after)["resources"]["limits"] == {"memory": "256Mi"}


def test_a_least_amount_is_met_and_the_limit_with_it() -> None:
    message = "minimum memory usage per Container is 512Mi, but request is 128Mi"
    seen, one = refused(message)
    assert isinstance(one, Plan)
    held = container_of(result(seen, one))["resources"]
    assert held["requests"]["memory"] == held["limits"]["memory"] == "512Mi"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "must specify limits.cpu,requests.memory",
            [("limits", "cpu", ""), ("requests", "memory", "")],
        ),
        ("must specify cpu for: web", [("requests", "cpu", "")]),
        ("maximum cpu usage per Container is 1, but limit is 2", [("limits", "cpu", "1")]),
        (
            "minimum cpu usage per Container is 100m. No request is specified",
            [("requests", "cpu", "100m")],
        ),
        ("nothing that is known", []),
    ],
)
def test_the_words_of_the_api_server_are_read(
    message: str, expected: list[tuple[str, str, str]]
) -> None:
    template = {
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "resources": {"limits": {"cpu": "2"}} if "maximum" in message else {},
                }
            ]
        }
    }
    found = [(one.part, one.resource, one.bound) for one in needed(message, template)]
    assert sorted(found) == sorted(expected)


def test_a_bound_admits_what_keeps_it() -> None:
    most = Needed("web", "limits", "memory", "1Gi")
    assert most.admits("1024Mi")
    assert not most.admits("1025Mi")


def test_a_full_quota_is_met_by_asking_for_what_is_used_else_more_is_proposed() -> None:
    def quota(left: str) -> Json:
        hard = {"requests.cpu": "4", "pods": "10"}
        used = {"requests.cpu": left, "pods": "1"}
        return thing(
            "ResourceQuota", "compute", spec={"hard": hard}, status={"hard": hard, "used": used}
        )

    made = pod(replica_set(deployment()), "aa1bb")
    wide = {"resources": {"requests": {"cpu": "2", "memory": "128Mi"}}}
    message = "exceeded quota: compute"
    seen, one = refused(message, quota("3"), series=[cpu_series(made, 0.2)], **wide)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["resources"]["requests"]["cpu"] == "250m"
    _, other = refused(message, quota("4"), **wide)
    assert isinstance(other, Proposal)
    assert other.fix == "fix.quota"
    assert other.after["spec"]["hard"]["requests.cpu"] == "6"


def steady(
    request: str, *, used: float = 200, days: float = 15, **parts: Any
) -> tuple[Cluster, Finding]:
    owner = deployment(containers=[container(resources={"requests": {"memory": request}})])
    made = replica_set(owner)
    runs = pod(made)
    series = [memory_series(runs, [used] * 30, hours=days * 24)]
    finding = Finding(
        "cost.over_request",
        Severity.LOW,
        Confidence.STRONG,
        WEB,
        None,
        (),
        {"resource_name": "memory"},
        container="web",
    )
    return cluster(owner, made, runs, node(), series=series, **parts), finding


@pytest.mark.parametrize(
    ("request_", "used", "new"),
    [("1Gi", 200, "736Mi"), ("256Mi", 200, None), ("128Mi", 400, "256Mi")],
)
def test_one_step_towards_the_use_and_never_below_it(
    request_: str, used: float, new: str | None
) -> None:
    seen, finding = steady(request_, used=used)
    one = told(repair(finding, seen), seen)
    if new is None:
        assert not isinstance(one, Plan)
        return
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["resources"]["requests"]["memory"] == new


def test_two_weeks_of_use_are_needed() -> None:
    seen, finding = steady("1Gi", days=5)
    one = told(repair(finding, seen), seen)
    assert getattr(one, "why", "") == "too_little_data"


def test_a_throttled_container_gets_at_most_twice_its_limit() -> None:
    owner = deployment(containers=[container(resources={"limits": {"cpu": "200m"}})])
    made = replica_set(owner)
    seen = cluster(owner, made, pod(made), node())
    params = {"share": "87%", "limit": "200m", "probe_timeouts": "4"}
    finding = Finding(
        "pod.cpu_throttled",
        Severity.MEDIUM,
        Confidence.STRONG,
        WEB,
        None,
        (),
        params,
        container="web",
    )
    one = told(repair(finding, seen), seen)
    assert isinstance(one, Plan)
    assert container_of(result(seen, one))["resources"]["limits"]["cpu"] == "400m"
    harmless = Finding(
        "pod.cpu_throttled",
        Severity.LOW,
        Confidence.STRONG,
        WEB,
        None,
        (),
        {**params, "probe_timeouts": ""},
        container="web",
    )
    assert isinstance(told(repair(harmless, seen), seen), Proposal)
