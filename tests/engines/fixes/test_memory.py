from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_servers.autofix.packing import plan_json, plan_of
from mcp_servers.engines.fixes.amounts import MIB, memory_up
from mcp_servers.engines.fixes.drafting import Case
from mcp_servers.engines.fixes.watching import life_before
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.fixes import Plan
from mcp_servers.facts.kubernetes import Cluster, Json
from tests.engines.fixes.judging import (
    advice,
    container_of,
    plan,
    proposal,
    repaired,
    result,
    risk_of,
    taken_back,
)
from tests.factories import (
    cluster,
    container,
    deployment,
    ended,
    found,
    memory_series,
    node,
    pod,
    replica_set,
    thing,
    waiting,
)


def killed(
    *more: Json,
    limit: str = "256Mi",
    request: str = "128Mi",
    peak_mib: float | None = 250,
    end: Json | None = None,
    **parts: Any,
) -> Cluster:
    """Two replicas, one of them killed at its limit, with what was measured."""
    limits = {"requests": {"cpu": "100m", "memory": request}, "limits": {"memory": limit}}
    owner = deployment(containers=[container(resources=limits, **parts)])
    made = replica_set(owner)
    state = waiting(
        reason="CrashLoopBackOff", lastState=end or ended(137, "OOMKilled"), restartCount=4
    )
    failing, well = pod(made, "x2x9p", status=[state]), pod(made, "aa1bb")
    measured = [memory_series(failing, [100, 180, peak_mib, 90])] if peak_mib else []
    return cluster(owner, made, failing, well, node(), *more, series=measured)


# Minutes that it ran before it was killed, and seconds that it is watched for.
LIVES = [
    (0.2, 30, "watched_for"),
    (8, 600, "watched_for"),
    (12, 900, "watched_for"),
    (180, 900, "watched_too_briefly"),
]


@pytest.mark.parametrize(("ran", "watched_s", "told"), LIVES)
def test_the_fault_must_stay_gone_for_longer_than_it_took_to_come(
    ran: float, watched_s: int, told: str
) -> None:
    seen = killed(end=ended(137, "OOMKilled", ran=ran))
    one = plan(seen, "pod.oom_killed")
    assert one.settle == timedelta(seconds=watched_s)
    assert told in dict(risk_of(seen, one, one.steps[0]).facts)
    assert plan_of(plan_json(one)).outlasts == one.outlasts == (told == "watched_for")


def test_what_fell_days_ago_says_nothing_of_how_long_to_watch() -> None:
    seen = killed(end=ended(137, "OOMKilled", ran=8, ago=26 * 60))
    about = found(killed(), "pod.oom_killed")
    case = Case("fix.memory", seen, about.resource, about.rule, about)
    assert life_before(case) == timedelta()
    assert life_before(replace(case, cluster=killed())) == timedelta(minutes=10)


def test_the_limit_covers_peak_and_half_as_much_again_whichever_is_more() -> None:
    seen = killed(peak_mib=250)
    assert container_of(result(seen, plan(seen, "pod.oom_killed")))["resources"]["limits"] == {
        "memory": "384Mi"  # 256 × 1.5 is more than 250 × 1.25
    }
    higher = killed(peak_mib=400)
    assert container_of(result(higher, plan(higher, "pod.oom_killed")))["resources"]["limits"] == {
        "memory": "512Mi"  # 400 × 1.25, rounded up
    }


def test_the_request_follows_what_was_used() -> None:
    seen = killed(peak_mib=250)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))
    assert after["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}


def test_a_request_equal_to_the_limit_stays_equal_to_it() -> None:
    seen = killed(request="256Mi")
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))["resources"]
    assert after["requests"]["memory"] == after["limits"]["memory"] == "384Mi"


def test_a_request_that_no_node_has_room_for_stays_as_it_was() -> None:
    full = pod(name="neighbour", namespace="other", spec={"containers": [
        container(resources={"requests": {"memory": "7900Mi"}})
    ]})  # fmt: skip
    seen = killed(full)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))["resources"]
    assert after == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "384Mi"}}


def test_without_a_measurement_the_limit_is_only_proposed() -> None:
    one = proposal(killed(peak_mib=None), "pod.oom_killed")
    assert one.why == "no_usage_data"
    assert container_of(one.after)["resources"]["limits"]["memory"] == "384Mi"


def test_a_leak_is_advised_on() -> None:
    limits = {"limits": {"memory": "512Mi"}}
    owner = deployment(containers=[container(resources=limits)])
    made = replica_set(owner)
    state = waiting(reason="CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=4)
    failing = pod(made, status=[state])
    rising = memory_series(failing, [100 + 8 * n for n in range(50)])
    assert (
        advice(cluster(owner, made, failing, node(), series=[rising]), "pod.oom_killed")
        == "memory_leak"
    )


def test_a_limit_is_not_raised_beyond_the_largest_node() -> None:
    seen = killed(limit="6Gi", peak_mib=6000)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))
    assert after["resources"]["limits"]["memory"] == "8Gi"
    assert advice(killed(limit="8Gi", peak_mib=8000), "pod.oom_killed") == "bounded_by_node"


def test_a_quota_bounds_what_all_replicas_get_together() -> None:
    quota = thing(
        "ResourceQuota",
        "compute",
        spec={"hard": {"limits.memory": "640Mi"}},
        status={"hard": {"limits.memory": "640Mi"}, "used": {"limits.memory": "512Mi"}},
    )
    seen = killed(quota)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))
    assert after["resources"]["limits"]["memory"] == "320Mi"  # 128Mi for two replicas
    quota["status"]["used"]["limits.memory"] = "640Mi"
    assert advice(killed(quota), "pod.oom_killed") == "bounded_by_quota"


def test_a_limit_range_bounds_it_too() -> None:
    bound = thing(
        "LimitRange", "bounds", spec={"limits": [{"type": "Container", "max": {"memory": "300Mi"}}]}
    )
    seen = killed(bound)
    after = container_of(result(seen, plan(seen, "pod.oom_killed")))
    assert after["resources"]["limits"]["memory"] == "300Mi"


def test_a_heap_bound_in_the_command_is_told() -> None:
    seen = killed(command=["java", "-Xmx200m", "-jar", "app.jar"])
    assert plan(seen, "pod.oom_killed").steps[0].params["heap"] == "-Xmx200m"


def test_what_a_vertical_autoscaler_sets_is_left_to_it() -> None:
    scaler = thing(
        "VerticalPodAutoscaler",
        "web",
        spec={
            "targetRef": {"kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": "Auto"},
        },
    )
    assert advice(killed(scaler), "pod.oom_killed") == "vpa_owns_resources"


def test_a_job_whose_template_cannot_change_gets_advice() -> None:
    owner = thing(
        "Job",
        "import",
        spec={"template": {"spec": {"containers": [container("import")]}}},
        status={},
    )
    state = waiting("import", lastState=ended(137, "OOMKilled"), restartCount=1)
    seen = cluster(owner, pod(owner, status=[state]), node())
    assert advice(seen, "pod.oom_killed") == "job_immutable"


@given(
    limit=st.integers(16, 4096),
    peak=st.one_of(st.none(), st.integers(1, 6000)),
    request=st.integers(8, 4096),
)
@settings(max_examples=40, deadline=None)
def test_memory_is_never_lowered(limit: int, peak: int | None, request: int) -> None:
    seen = killed(limit=f"{limit}Mi", request=f"{min(request, limit)}Mi", peak_mib=peak)
    one = repaired(seen, "pod.oom_killed")
    if not isinstance(one, Plan):
        return
    after = container_of(result(seen, one))["resources"]
    assert _bytes(after["limits"]) > limit * MIB
    assert _bytes(after["requests"]) >= min(request, limit) * MIB
    assert _bytes(after["limits"]) >= Fraction(peak or 0) * MIB
    assert _bytes(after["requests"]) <= _bytes(after["limits"])
    before = next(one for one in seen.all("Deployment"))
    assert taken_back(seen, one) == before.raw


def _bytes(amounts: Json) -> Fraction:
    amount = quantity(amounts["memory"])
    assert amount is not None
    return amount


@given(st.integers(1, 2**40))
@settings(deadline=None)
def test_rounding_up_gives_a_little_more_and_never_less(amount: int) -> None:
    rounded = memory_up(amount)
    assert rounded >= amount
    assert rounded <= max(amount * Fraction(9, 8), amount + 32 * MIB, 8 * MIB) + 1024 * MIB * (
        amount > 8192 * MIB
    )


@pytest.mark.parametrize("rule", ["pod.memory_near_limit"])
def test_memory_close_below_its_limit_gets_more_before_it_is_killed(rule: str) -> None:
    owner = deployment()
    made = replica_set(owner)
    running = [pod(made, f"aa{n}bb") for n in range(2)]
    seen = cluster(
        owner,
        made,
        *running,
        node(),
        series=[memory_series(running[0], [200, 245, 250, 248], hours=0.5)],
    )
    assert container_of(result(seen, plan(seen, rule)))["resources"]["limits"]["memory"] == "384Mi"
