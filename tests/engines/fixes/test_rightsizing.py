from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mcp_servers.facts.fixes import Advice, Plan
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series
from tests import factories
from tests.engines.fixes.judging import asked, container_of, result, taken_back
from tests.factories import (
    NOW,
    cluster,
    container,
    deployment,
    ended,
    memory_series,
    node,
    pod,
    replica_set,
    thing,
)

WEB = Ref("Deployment", "shop", "web")
WEEKS = 15 * 24


def running(
    used_mib: Callable[[int], float], *, hours: float = WEEKS, cores: float = 0.1, **more: Any
) -> Cluster:
    """It asks for 200m and 2Gi, and used so much at each of 200 looks over these hours."""
    resources = {
        "requests": {"cpu": "200m", "memory": "2Gi"},
        "limits": {"cpu": "1", "memory": "2Gi"},
    }
    owner = deployment(containers=[container(resources=resources)], replicas=1)
    made = replica_set(owner)
    one = pod(made, **more)
    memory = memory_series(one, [used_mib(n) for n in range(200)], hours=hours)
    step = timedelta(hours=hours / 199)
    points = tuple((NOW - step * (199 - n), step.total_seconds() * cores * n) for n in range(200))
    cpu = Series("cpu", memory.labels, points, role="container_cpu_usage_seconds_total")
    return cluster(owner, made, one, node(), series=[memory, cpu])


def requests(seen: Cluster) -> dict[str, str]:
    one = asked(seen, "fix.rightsize", WEB)
    assert isinstance(one, Plan), one
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw
    return container_of(result(seen, one))["resources"]["requests"]


def why_not(seen: Cluster) -> str:
    one = asked(seen, "fix.rightsize", WEB)
    assert isinstance(one, Advice), one
    return one.why


def test_the_request_furthest_from_its_use_goes_one_step_towards_it() -> None:
    """Three tenths less at most, however little was used."""
    assert requests(running(lambda _: 300, cores=0.17)) == {"cpu": "200m", "memory": "1536Mi"}


def test_a_peak_counts_and_not_only_what_is_usual() -> None:
    assert requests(running(lambda n: 1800 if n == 77 else 300, cores=1)) == {
        "cpu": "400m",
        "memory": "2Gi",
    }


def test_less_than_two_weeks_say_too_little() -> None:
    assert why_not(running(lambda _: 300, hours=8)) == "too_little_data"


def test_what_was_killed_for_memory_is_given_no_less() -> None:
    killed = factories.running(lastState=ended(137, "OOMKilled"), restartCount=1)
    seen = running(lambda _: 300, cores=0.17, status=[killed])
    assert why_not(seen) == "never_lowered_on_oom"


def test_what_an_autoscaler_measures_is_left_alone() -> None:
    seen = running(lambda _: 300)
    metrics = [{"type": "Resource", "resource": {"name": name}} for name in ("memory", "cpu")]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = thing(
        "HorizontalPodAutoscaler",
        "web",
        spec={"scaleTargetRef": target, "maxReplicas": 9, "metrics": metrics},
    )
    both = cluster(*(one.raw for one in seen.resources), scaler)
    assert why_not(replace(both, series=seen.series)) == "hpa_measures_it"
