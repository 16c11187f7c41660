"""Requests that fail or are slow since a change, and those that only look so."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mcp_servers.engines.changes import changes_in
from mcp_servers.facts.findings import Confidence, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    container,
    deployment,
    ended,
    endpoint_slice,
    found,
    log,
    pod,
    replica_set,
    roots,
    rules,
    service,
    stamp,
    thing,
    waiting,
    workload,
)

STEP = 5  # minutes between points
Level = Callable[[float], float]


def since(ago: float, before: float, after: float) -> Level:
    """A level that changes so many minutes ago."""
    return lambda minutes: after if minutes <= ago else before


def series(
    role: str, level: Level, *, of: str = "web", points: int = 96, pod_name: str = ""
) -> Series:
    labels = {"namespace": "shop", "service": of, **({"pod": pod_name} if pod_name else {})}
    times = [STEP * n for n in range(points)][::-1]
    values = tuple((at(minutes), level(minutes)) for minutes in times)
    return Series(role, tuple(sorted(labels.items())), values, role=role)


def failing(level: Level, **more: Any) -> list[Series]:
    """Ten requests a second of which a share fails."""
    return [
        series("request_rate", lambda _: 10.0, **more),
        series("request_failures", lambda minutes: 10.0 * level(minutes), **more),
    ]


def looked_up(hits: Level, **more: Any) -> list[Series]:
    """A hundred look-ups a second in a cache, of which a share hits."""
    return [
        series("cache_hits", lambda minutes: 100 * hits(minutes), **more),
        series("cache_misses", lambda minutes: 100 * (1 - hits(minutes)), **more),
    ]


def rolled_out(
    name: str = "web", *, ago: float = 60, old: int = 0, containers: Sequence[Json] = ()
) -> list[Json]:
    """A workload whose second revision came so many minutes ago; `old` pods of the first serve on."""
    made = deployment(name, containers=list(containers) or [container(name)])
    first = replica_set(
        made, "aaaa11111", revision=1, replicas=old, image="registry.example.com/a:1"
    )
    second = replica_set(made, revision=2, age=ago)
    pods = [pod(second, f"new{n}", age=ago) for n in range(2)]
    kept = [pod(first, f"old{n}") for n in range(old)]
    front = service(name)
    return [made, first, second, *pods, *kept, front, endpoint_slice(front, [*pods, *kept])]


def seen(*objects: Json, told: Sequence[Series]) -> Cluster:
    made = cluster(*objects, series=told)
    return replace(made, changes=changes_in(made))


def test_failures_that_begin_with_a_new_revision_show_both_levels_and_offer_the_old_one() -> None:
    told = seen(*rolled_out(), told=failing(since(55, 0.01, 0.4)))
    finding = found(told, "app.regression_after_change")
    assert finding.severity is Severity.HIGH
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert (finding.params["before"], finding.params["after"]) == ("1.0%", "40.0%")
    assert finding.params["changed_at"] == stamp(60)
    assert "registry.example.com/web:1.4.2" in finding.params["differences"]
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"
    assert {one.source for one in finding.evidence} == {"metric", "change"}
    assert roots(told) == ["app.regression_after_change"]


def test_responses_that_take_twice_as_long_are_told_in_seconds() -> None:
    slow = [series("request_p95", since(50, 0.05, 2.0))]
    finding = found(seen(*rolled_out(), told=slow), "app.regression_after_change")
    assert (finding.params["before"], finding.params["after"]) == ("0.05 s", "2.00 s")


def test_pods_of_the_old_revision_that_fare_well_beside_the_new_ones_speak_for_it() -> None:
    objects = rolled_out(old=1)
    old = next(one for one in objects if "old0" in one["metadata"]["name"])["metadata"]["name"]
    new = next(one for one in objects if "new0" in one["metadata"]["name"])["metadata"]["name"]
    bad = [
        series("request_p95", since(55, 0.05, 3.0), points=11, pod_name=new),
        series("request_p95", lambda _: 0.05, pod_name=old),
    ]
    assert "app.regression_after_change" in rules(seen(*objects, told=bad))


@pytest.mark.parametrize(("back_ago", "blamed"), [(3, False), (30, True)])
def test_a_release_that_was_taken_back_is_blamed_for_what_was_measured_since(
    back_ago: float, blamed: bool
) -> None:
    """Reported by a deploy tool an hour ago; the revision before runs again, and all is still slow."""
    target = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    reported = json.dumps([{"at": stamp(60), "kind": "deploy", "id": "r7", "target": target}])
    tool = thing(
        "ConfigMap",
        "midwatch-changes",
        namespace="midwatch-system",
        data={"changes.json": reported},
    )
    objects = rolled_out()
    objects[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    written = {"f:spec": {"f:template": {}}}
    objects[0]["metadata"]["managedFields"] = [
        {"manager": "midwatch", "time": stamp(back_ago), "fieldsV1": written}
    ]
    slow = [series("request_p95", since(50, 0.05, 2.0))]
    told = seen(*objects, tool, told=slow)
    assert ("app.regression_after_change" in rules(told)) is blamed
    [back] = [one for one in told.changes if one.told == "rollout"]
    assert (back.revision, back.at) == (3, at(back_ago))


def config_edited(ago: float) -> Json:
    held = thing("ConfigMap", "web-conf", data={"ttl": "1"})
    entry = {"manager": "kubectl-edit", "time": stamp(ago), "fieldsV1": {"f:data": {}}}
    held["metadata"]["managedFields"] = [entry]
    return held


def test_a_change_of_its_configuration_counts_and_is_not_rolled_back() -> None:
    source = [{"configMapRef": {"name": "web-conf"}}]
    objects = rolled_out(ago=60 * 24 * 3, containers=[container(envFrom=source)])
    told = seen(*objects, config_edited(60), told=failing(since(50, 0.0, 0.3)))
    finding = found(told, "app.regression_after_change")
    assert finding.params["changed"] == "ConfigMap shop/web-conf"
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.fix is None


def test_a_change_of_what_it_calls_is_told_of_the_one_that_changed() -> None:
    env = [{"name": "PRICES_URL", "value": "http://prices:8080"}]
    caller = rolled_out("web", ago=60 * 24 * 3, containers=[container("web", env=env)])
    told = seen(*caller, *rolled_out("prices"), told=failing(since(50, 0.0, 0.3)))
    assert found(told, "app.regression_after_change").resource.name == "prices"


NEIGHBOUR = rolled_out("cart", ago=60 * 24 * 3)


@pytest.mark.parametrize(
    "told",
    [
        seen(*rolled_out(), told=failing(since(90, 0.01, 0.4))),
        seen(*rolled_out(ago=300), told=failing(since(60, 0.01, 0.4))),
        seen(*rolled_out(), told=failing(lambda _: 0.01)),
        seen(*rolled_out(), told=failing(since(55, 0.01, 0.03))),
        seen(*rolled_out(), told=failing(since(55, 0.01, 0.4), points=7)),
        seen(
            *rolled_out(),
            told=failing(lambda minutes: 0.4 if 30 <= minutes <= 55 else 0.01),
        ),
        seen(
            *rolled_out(),
            *NEIGHBOUR,
            told=[
                *failing(since(55, 0.01, 0.4)),
                *failing(since(55, 0.01, 0.4), of="cart"),
            ],
        ),
    ],
    ids=[
        "had begun before",
        "came long after",
        "as ever",
        "next to nothing",
        "too few samples",
        "over again",
        "neighbours fare alike",
    ],
)
def test_what_did_not_follow_the_change_or_is_not_of_it_is_silent(told: Cluster) -> None:
    assert "app.regression_after_change" not in rules(told)


def test_what_rises_by_the_clock_rises_after_a_change_too() -> None:
    hourly = [series("request_p95", lambda minutes: 1.5 if minutes % 60 < 18 else 0.2)]
    assert "app.regression_after_change" not in rules(seen(*rolled_out(ago=22), told=hourly))
    once = [series("request_p95", lambda m: 1.5 if m < 18 or 200 < m < 230 else 0.2)]
    assert "app.regression_after_change" in rules(seen(*rolled_out(ago=22), told=once))


def canary(ago: float) -> list[Json]:
    """A second workload behind the Service of the first, made so many minutes ago."""
    made = deployment(
        "web-next",
        age=ago,
        template_labels={"app": "web"},
        spec={"selector": {"matchLabels": {"app": "web", "track": "next"}}},
        containers=[container("web")],
    )
    first = replica_set(made, "cccc33333", revision=1, age=ago)
    return [made, first, pod(first, "next0", age=ago)]


def beside(old: Sequence[Json], new: Sequence[Json], ago: float, own: float) -> Cluster:
    """What the pods of both took, those of the second one since it began."""
    one, other = (
        next(each["metadata"]["name"] for each in made if each["kind"] == "Pod")
        for made in (old, new)
    )
    told = [
        series("request_p95", lambda _: 0.05, pod_name=one),
        series("request_p95", lambda _: own, pod_name=other, points=int(ago // STEP)),
    ]
    return seen(*old, *new, told=told)


def test_a_new_workload_is_held_against_the_one_that_serves_beside_it() -> None:
    told = beside(rolled_out(ago=60 * 24), canary(50), 48, 2.0)
    finding = found(told, "app.regression_after_change")
    assert finding.resource.name == "web-next"
    assert (finding.params["before"], finding.params["after"]) == ("0.05 s", "2.00 s")
    assert finding.params["beside"] == "Deployment shop/web"


@pytest.mark.parametrize(
    ("made", "measured", "own"), [(50, 48, 0.06), (300, 48, 2.0), (50, 20, 2.0)]
)
def test_a_new_workload_that_fares_alike_or_is_old_or_hardly_known_is_silent(
    made: float, measured: float, own: float
) -> None:
    told = beside(rolled_out(ago=60 * 24), canary(made), measured, own)
    assert "app.regression_after_change" not in rules(told)


def test_old_pods_that_fare_no_better_clear_the_new_revision() -> None:
    objects = rolled_out(old=1)
    names = [one["metadata"]["name"] for one in objects if one["kind"] == "Pod"]
    told = [series("request_p95", since(55, 0.05, 3.0), pod_name=name) for name in names]
    assert "app.regression_after_change" not in rules(seen(*objects, told=told))


def test_a_revision_whose_pods_cannot_start_is_told_by_that() -> None:
    objects = rolled_out()
    for one in objects:
        if one["kind"] == "Pod":
            one["status"]["containerStatuses"] = [
                waiting(reason="ImagePullBackOff", message="manifest unknown")
            ]
            one["status"]["conditions"][0]["status"] = "False"
    told = seen(*objects, told=failing(since(55, 0.0, 1.0)))
    assert "app.regression_after_change" in rules(told)
    assert roots(told) == ["pod.image_pull.not_found"]


def test_connections_used_up_after_a_release_are_its_consequence() -> None:
    objects = rolled_out()
    one = next(one for one in objects if one["kind"] == "Pod")
    lines = log(one, *["connection pool exhausted: 20/20 in use"] * 5)
    told = seen(*objects, told=failing(since(55, 0.0, 0.5)))
    assert roots(replace(told, logs=[lines])) == ["app.regression_after_change"]


def test_a_harmless_release_of_one_that_is_called_is_not_blamed_for_another_that_is_broken() -> (
    None
):
    env = [
        {"name": "PRICES_URL", "value": "http://prices:8080"},
        {"name": "STOCK_URL", "value": "http://stock:8080"},
    ]
    caller = rolled_out("web", ago=60 * 24 * 3, containers=[container("web", env=env)])
    stock = rolled_out("stock", ago=60 * 24 * 3)
    for one in stock:
        if one["kind"] == "Pod":
            killed = waiting("stock", "CrashLoopBackOff", lastState=ended(137, "OOMKilled", ago=50))
            one["status"]["containerStatuses"] = [{**killed, "restartCount": 5}]
    bad = failing(since(50, 0.0, 0.3))
    unmeasured = seen(*caller, *stock, *rolled_out("prices"), told=bad)
    assert roots(unmeasured) == ["pod.oom_killed"]
    well = failing(lambda _: 0.0, of="prices")
    measured = seen(*caller, *stock, *rolled_out("prices"), told=[*bad, *well])
    assert "app.regression_after_change" not in rules(measured)


BAD = "ERROR POST /orders promo=SPRING status=500 IndexError: list index out of range"
GOOD = "INFO POST /orders promo=- status=201"


def logging(*lines: str, objects: list[Json] | None = None, last: float = 1) -> Cluster:
    """The log of a new pod, a line a minute; the last a minute ago."""
    known = objects or rolled_out(ago=26)
    one = next(each for each in known if each["kind"] == "Pod")
    made = cluster(*known, logs=[log(one, *lines, last=last)])
    return replace(made, changes=changes_in(made))


def test_errors_that_a_new_revision_raises_are_told_with_what_their_requests_have_in_common() -> (
    None
):
    told = logging(*[GOOD, BAD, BAD] * 8)
    finding = found(told, "app.regression_after_change")
    assert finding.params["condition"] == "promo=SPRING"
    assert finding.params["after"] == "16/24"
    assert finding.fix is not None
    assert finding.fix.id == "fix.rollback"
    assert roots(told) == ["app.regression_after_change"]


@pytest.mark.parametrize(
    "told",
    [
        logging(*[GOOD, BAD, BAD] * 8, objects=workload()),
        logging(*[GOOD, BAD, BAD] * 8, objects=rolled_out(ago=12)),
        logging(*[BAD] * 4, *[GOOD] * 4),
        logging(*[BAD] * 8, *[GOOD] * 12),
        logging(*[GOOD, GOOD, GOOD, GOOD, BAD] * 5),
        logging(*[GOOD] * 19, BAD, *[GOOD] * 3),
        logging(*["WARN retrying after ValueError: later"] * 20),
        logging(*["ERROR client closed the connection"] * 20),
        logging(*["ERROR requests.ConnectionError: http://db:80 connection refused"] * 2),
    ],
    ids=[
        "no change", "there before the change", "too few", "over again", "some of many", "once", "only warnings",
        "no exception", "a call that failed",
    ],
)  # fmt: skip
def test_other_errors_in_a_log_are_not_blamed_on_a_change(told: Cluster) -> None:
    assert "app.regression_after_change" not in rules(told)


def test_errors_since_an_edit_of_the_configuration_are_blamed_on_it() -> None:
    settings = thing("ConfigMap", "web-flags", data={"a": "b"})
    settings["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "time": stamp(12.5)}]
    source = [{"configMapRef": {"name": "web-flags"}}]
    objects = [*workload(containers=[container("web", envFrom=source)]), settings]
    told = logging(*[GOOD] * 12, *[BAD] * 12, objects=objects)
    finding = found(told, "app.regression_after_change")
    assert finding.params["changed"] == "ConfigMap shop/web-flags"
    assert finding.confidence is Confidence.STRONG
    assert finding.fix is None
