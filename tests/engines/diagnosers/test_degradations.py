"""Requests that got worse without a change that is known, and what explains them after all."""

import json

import pytest

from mcp_servers.facts.findings import Confidence
from mcp_servers.facts.kubernetes import Ref
from tests.engines.diagnosers.test_regressions import (
    Level,
    failing,
    rolled_out,
    seen,
    series,
    since,
)
from tests.engines.diagnosers.test_rights_certificates_schedules import counters
from tests.factories import (
    cluster,
    condition,
    container,
    ended,
    found,
    log,
    node,
    ranking,
    roots,
    rules,
    stamp,
    thing,
    waiting,
    workload,
)

SLOW = [series("request_p95", since(50, 0.1, 2.0))]


def test_requests_that_are_slow_since_a_moment_are_told_with_little_confidence() -> None:
    told = cluster(*workload(), series=SLOW)
    finding = found(told, "app.degraded")
    assert (finding.params["before"], finding.params["after"]) == ("0.10 s", "2.00 s")
    assert finding.since is not None
    [cause] = ranking(told).roots
    assert cause.finding.resource == Ref("Deployment", "shop", "web")
    assert cause.finding.confidence is Confidence.INFERRED
    assert cause.confidence < 0.6


@pytest.mark.parametrize(
    "level",
    [
        lambda _: 0.1,
        since(50, 0.1, 0.25),
        since(50, 1.0, 2.0),
        since(9, 0.1, 2.0),
        lambda minutes: 2.0 if 30 <= minutes <= 55 else 0.1,
        lambda minutes: 1.5 if minutes % 60 < 18 else 0.2,
        since(60 * 9, 0.1, 2.0),
    ],
    ids=["as ever", "a little", "twice", "just now", "over again", "by the clock", "all along"],
)
def test_what_is_little_short_over_or_as_ever_is_silent(level: Level) -> None:
    told = cluster(*workload(), series=[series("request_p95", level)])
    assert "app.degraded" not in rules(told)


def test_a_few_points_are_too_few() -> None:
    told = cluster(*workload(), series=[series("request_p95", since(20, 0.1, 2.0), points=12)])
    assert "app.degraded" not in rules(told)


def test_a_change_shortly_before_is_the_better_answer() -> None:
    assert roots(seen(*rolled_out(), told=failing(since(50, 0.0, 0.4)))) == [
        "app.regression_after_change"
    ]


def test_what_is_broken_behind_it_is_the_better_answer() -> None:
    url = {"name": "DB_URL", "value": "http://db:8080"}
    caller, base = workload(containers=[container("web", env=[url])]), workload("db")
    killed = waiting("db", "CrashLoopBackOff", lastState=ended(137, "OOMKilled", ago=50))
    for one in base:
        if one["kind"] == "Pod":
            one["status"]["containerStatuses"] = [{**killed, "restartCount": 5}]
    told = cluster(*caller, *base, series=failing(since(45, 0.0, 0.4)))
    assert "app.degraded" in rules(told)
    assert roots(told) == ["pod.oom_killed"]


def test_what_its_own_log_says_is_the_better_answer() -> None:
    objects = workload()
    said = log(objects[2], *["ERROR connection pool exhausted: 50/50 in use"] * 5)
    assert roots(cluster(*objects, series=SLOW, logs=[said])) == ["app.exhausted"]


def test_a_node_without_room_that_it_runs_on_is_the_better_answer() -> None:
    pressed = node(conditions=[condition("MemoryPressure", "True", ago=55)])
    assert roots(cluster(pressed, *workload(), series=SLOW)) == ["node.memory_pressure"]


@pytest.mark.parametrize(
    ("summary", "root"),
    [
        ("cpu limit 4 -> 1", "pod.cpu_throttled"),
        ("chart 1.4: new report", "app.regression_after_change"),
    ],
)
def test_short_processor_time_is_the_cause_where_that_was_changed_and_else_an_effect(
    summary: str, root: str
) -> None:
    spec = container("web", resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    objects = workload(containers=[spec])
    target = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    reported = json.dumps(
        [{"at": stamp(60), "kind": "config", "id": "c", "target": target, "summary": summary}]
    )
    tool = thing(
        "ConfigMap",
        "midwatch-changes",
        namespace="midwatch-system",
        data={"changes.json": reported},
    )
    short = [series("request_p95", since(40, 0.05, 2.0)), *counters(objects[2], 0.8)]
    assert roots(seen(*objects, tool, told=short)) == [root]
