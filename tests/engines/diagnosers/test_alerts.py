"""The alert pipeline itself: what is not scraped, not evaluated, not delivered, or silenced."""

from collections.abc import Sequence
from typing import Any

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.faults import is_fault
from mcp_servers.engines.promql_names import metric_names
from mcp_servers.engines.rca_ranking import rank
from mcp_servers.engines.topology import topology
from mcp_servers.facts.alerts import Alert, Monitoring, Receiver, Rule, Silence, Target
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    deployment,
    ended,
    found,
    pod,
    replica_set,
    rules,
    service,
    waiting,
    workload,
)


def labels(**pairs: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs.items()))


def target(health: str = "down", **more: str) -> Target:
    every = {"job": "web", "instance": "10.244.0.7:8080", "namespace": "shop", **more}
    error = "connect: connection refused" if health == "down" else ""
    return Target("web", every["instance"], labels(**every), health, error, at(1), 0.1)


def down(first: float = 30, last: float = 0) -> Series:
    """The series of a target that was down between these minutes ago, a point every four."""
    ago = [first - 4 * n for n in range(int((first - last) // 4) + 1)]
    points = tuple((at(one), 1.0) for one in ago)
    which = labels(job="web", instance="10.244.0.7:8080")
    return Series("max_over_time(up[5m]) == 0", which, points, role="scrape_down")


def scraping(*objects: Json, of: Target, series: Sequence[Series], **more: Any) -> Cluster:
    return cluster(*objects, series=series, monitoring=Monitoring(targets=[of], **more))


def test_a_target_that_does_not_answer_is_told_of_its_workload() -> None:
    objects = workload()
    of = target(pod=objects[2]["metadata"]["name"])
    finding = found(scraping(*objects, of=of, series=[down()]), "alert.target_down")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert "connection refused" in finding.params["error"]
    assert finding.since == at(35)


def test_a_target_that_nothing_stands_behind_is_told_of_itself() -> None:
    finding = found(scraping(of=target(), series=[down()]), "alert.target_down")
    assert finding.resource == Ref("ScrapeTarget", "shop", "web/10.244.0.7:8080")


ASLEEP = [deployment(replicas=0), service()]


@pytest.mark.parametrize(
    "seen",
    [
        scraping(of=target("up"), series=[down()]),
        scraping(of=target(), series=[]),
        scraping(of=target(), series=[down(200, 100)]),
        scraping(*workload(), of=target(pod="web-that-is-gone"), series=[down()]),
        scraping(*ASLEEP, of=target(service="web"), series=[down()]),
    ],
    ids=["up again", "down for less than five minutes", "down long ago", "its pod is gone", "scaled to zero"],
)  # fmt: skip
def test_targets_that_answer_or_are_not_meant_to_are_silent(seen: Cluster) -> None:
    assert "alert.target_down" not in rules(seen)


def test_a_target_of_a_crashing_pod_is_only_a_symptom() -> None:
    made = deployment(replicas=1, ready=0)
    owner = replica_set(made)
    killed = waiting(
        "web", "CrashLoopBackOff", lastState=ended(137, "OOMKilled", ago=40), restartCount=4
    )
    one = pod(owner, status=[killed])
    of = target(pod=one["metadata"]["name"])
    seen = scraping(made, owner, one, of=of, series=[down()])
    ranking = rank(diagnose(seen), seen, topology(seen))
    assert [root.finding.rule for root in ranking.roots] == ["pod.oom_killed"]
    assert "alert.target_down" in {one.rule for one in ranking.symptoms}


def rule(name: str = "Slow", query: str = "latency_seconds > 1", **more: Any) -> Rule:
    given: Json = {
        "state": "inactive",
        "health": "ok",
        "last_error": "",
        "for_s": 60.0,
        "alerts": 0,
    }
    return Rule("app", name, "alerting", query, labels=(), **{**given, **more})


def piped(*objects: Json, series: Sequence[Series] = (), **seen: Any) -> Cluster:
    return cluster(*objects, series=series, monitoring=Monitoring(**seen))


def health(name: str, value: float, **more: str) -> Series:
    which = labels(__name__=name, **more) if name else labels(**more)
    return Series(name, which, ((at(0), value),), role="pipeline_health")


def test_a_rule_that_cannot_be_evaluated_says_why() -> None:
    broken = rule(health="err", last_error="many-to-many matching not allowed")
    finding = found(piped(rules=[broken]), "alert.config_invalid")
    assert finding.resource == Ref("AlertingRule", "", "app/Slow")
    assert "many-to-many" in finding.params["error"]


def test_a_configuration_that_was_not_taken_is_told_of_the_server() -> None:
    objects = workload("prometheus")
    name = objects[2]["metadata"]["name"]
    failed = health("prometheus_config_last_reload_successful", 0, namespace="shop", pod=name)
    finding = found(piped(*objects, series=[failed]), "alert.config_invalid")
    assert finding.resource == Ref("Deployment", "shop", "prometheus")


def test_a_group_that_cannot_keep_up_weighs_less() -> None:
    late = health("", 9, rule_group="/etc/rules/app.yaml;app")
    finding = found(piped(series=[late]), "alert.config_invalid")
    assert (finding.severity, finding.resource.name) == (Severity.MEDIUM, "app")


def test_a_sound_configuration_and_a_slow_moment_are_silent() -> None:
    fine = health("prometheus_config_last_reload_successful", 1)
    slow = rule(health="err", last_error="query timed out in expression evaluation")
    assert rules(piped(series=[fine], rules=[rule(), slow])) == set()


def alert(name: str = "Slow", *receivers: str, severity: str = "critical", **more: Any) -> Alert:
    state = more.pop("state", "active")
    which = labels(alertname=name, severity=severity, **more)
    return Alert(name, state, which, (), at(20), receivers=receivers)


SENDS = Receiver("on-call", ("pagerduty",))


def test_an_alert_for_nobody_is_unrouted() -> None:
    finding = found(piped(delivered=[alert("Slow", "null")]), "alert.unrouted")
    assert (finding.resource, finding.params["alerts"]) == (Ref("Receiver", "", "null"), "Slow")
    idle = piped(delivered=[alert("Slow", "default")], receivers=[SENDS, Receiver("default")])
    assert found(idle, "alert.unrouted").params["receiver"] == "default"


def test_a_receiver_that_cannot_deliver_is_unrouted() -> None:
    failing = health("", 12, integration="slack", reason="clientError")
    finding = found(piped(series=[failing]), "alert.unrouted")
    assert finding.params["receiver"] == "slack"


def test_alerts_without_any_alertmanager_are_unrouted() -> None:
    alone = health("prometheus_notifications_alertmanagers_discovered", 0)
    seen = piped(series=[alone], rules=[rule(state="firing", alerts=2)])
    assert found(seen, "alert.unrouted").params["alerts"] == "Slow"
    assert rules(piped(series=[alone], rules=[rule()])) == set()


@pytest.mark.parametrize(
    "one",
    [
        alert("Slow", "on-call"),
        alert("Slow", "null", "on-call"),
        alert("Watchdog", "null"),
        alert("InfoInhibitor", "null"),
        alert("Chatty", "null", severity="info"),
        alert("Slow", "null", state="suppressed"),
    ],
    ids=[
        "to somebody",
        "also to somebody",
        "heartbeat",
        "steers others",
        "asks nobody",
        "silenced",
    ],
)
def test_alerts_that_somebody_hears_or_need_not_are_silent(one: Alert) -> None:
    assert rules(piped(delivered=[one], receivers=[SENDS, Receiver("null")])) == set()


def test_without_any_integration_in_sight_no_receiver_is_called_idle() -> None:
    assert (
        rules(piped(delivered=[alert("Slow", "default")], receivers=[Receiver("default")])) == set()
    )


HEARTBEAT = rule("Watchdog", "vector(1)", state="firing")


def test_a_heartbeat_that_fires_works_as_designed() -> None:
    finding = found(piped(rules=[HEARTBEAT], delivered=[alert("Watchdog", "x")]), "alert.watchdog")
    assert (finding.severity, finding.params["state"]) == (Severity.INFO, "works")


def test_a_heartbeat_that_does_not_fire_or_arrive_is_critical() -> None:
    still = piped(rules=[rule("Watchdog", "vector(1)")])
    lost = piped(rules=[HEARTBEAT], delivered=[alert("Slow", "x")])
    for seen, state in ((still, "does not fire"), (lost, "does not arrive")):
        finding = found(seen, "alert.watchdog")
        assert (finding.severity, finding.params["state"]) == (Severity.CRITICAL, state)
        assert is_fault(finding)


@pytest.mark.parametrize(
    "one",
    [rule(), rule("Watchdog", "vector(1)", health="unknown"), rule("Watchdog", "vector(1)", state="pending")],
    ids=["no heartbeat", "not evaluated yet", "about to fire"],
)  # fmt: skip
def test_where_nothing_is_known_of_a_heartbeat_it_is_silent(one: Rule) -> None:
    assert rules(piped(rules=[one])) == set()


def firing(*spans: tuple[int, int]) -> Series:
    """An alert that fired between these minutes ago, a point every half minute."""
    points = [
        (at(ago / 2), 1.0) for first, last in spans for ago in range(first * 2, last * 2 - 1, -1)
    ]
    return Series(
        "ALERTS", labels(alertname="Slow", namespace="shop"), tuple(points), role="alert_firing"
    )


def test_an_alert_that_comes_and_goes_is_flapping_and_no_fault() -> None:
    seen = piped(series=[firing((50, 45), (38, 33), (20, 12), (5, 0))], rules=[rule()])
    finding = found(seen, "alert.flapping")
    assert (finding.params["changes"], finding.params["held_for"]) == ("7", "60s")
    assert finding.resource == Ref("Alert", "shop", "Slow")
    assert not is_fault(finding)


@pytest.mark.parametrize("spans", [((60, 0),), ((30, 10),), ((60, 40), (20, 0))])
def test_an_alert_that_came_and_went_once_is_silent(spans: tuple[tuple[int, int], ...]) -> None:
    assert rules(piped(series=[firing(*spans)])) == set()


def silence(*matchers: str, hours: float = 4, left: float = 3, **more: Any) -> Silence:
    given: Json = {"state": "active", "created_by": "ann", "comment": "restart of the cache"}
    ends = at(-60 * left)
    return Silence(
        "s-1",
        matchers=matchers,
        starts_at=at(60 * (hours - left)),
        ends_at=ends,
        **{**given, **more},
    )


@pytest.mark.parametrize(
    ("one", "danger"),
    [
        (silence('alertname=~".*"'), "matches every alert"),
        (silence('alertname="Slow"', comment=""), "has no author or comment"),
        (silence('alertname="Slow"', hours=72, left=70), "lasts longer than a day"),
        (silence('alertname="Slow"', left=0.5), "ends while its alerts fire"),
        (silence('severity=~"crit.*"'), "hides many alerts"),
    ],
)
def test_a_risky_silence_says_what_is_risky_and_is_no_fault(one: Silence, danger: str) -> None:
    many = [
        alert("Slow", "x", pod=str(n)) for n in range(25 if "severity" in one.matchers[0] else 2)
    ]
    finding = found(piped(silences=[one], delivered=many), "alert.silence_unsafe")
    assert danger in finding.params["state"]
    assert finding.params["hidden"] == str(len(many))
    assert not is_fault(finding)


@pytest.mark.parametrize(
    "one",
    [
        silence('alertname="Slow"'),
        silence('alertname="Slow"', hours=72, left=70, comment="planned upgrade of node pool b"),
        silence('alertname="Other"', left=0.5),
        silence('alertname=~".*"', state="expired"),
    ],
    ids=["short and named", "planned", "hides nothing", "over"],
)
def test_a_careful_silence_is_silent(one: Silence) -> None:
    assert rules(piped(silences=[one], delivered=[alert("Slow", "x")])) == set()


SEEN = frozenset({"up", "http_requests_total"})


def asking(query: str, *before: str) -> Cluster:
    return piped(rules=[rule(query=query)], metrics=SEEN, metrics_before=frozenset(before))


def test_a_metric_that_disappeared_or_was_renamed_leaves_its_alert_deaf() -> None:
    gone = found(asking("rate(queue_depth[5m]) > 9", "queue_depth"), "alert.metric_absent")
    assert (gone.params["metric"], gone.params["near"]) == ("queue_depth", "")
    renamed = found(
        asking('sum(rate(http_request_total{job="web"}[5m])) > 9'), "alert.metric_absent"
    )
    assert renamed.params["near"] == "http_requests_total"
    assert renamed.joins["scrape_job"] == "web"


@pytest.mark.parametrize(
    "seen",
    [
        asking("rate(http_requests_total[5m]) > 9"),
        asking("etcd_server_has_leader == 0"),
        asking("rate(payment_errors_total[5m]) > 0", "payment_errors_total"),
        asking("absent(queue_depth)", "queue_depth"),
        asking("queue_depth > 9 or up == 0", "queue_depth"),
        piped(rules=[rule(query="queue_depth > 9")], metrics_before=frozenset({"queue_depth"})),
    ],
    ids=["there", "never there", "appears with a mishap", "asks for absence", "has another way", "names unknown"],
)  # fmt: skip
def test_alerts_that_can_fire_are_silent(seen: Cluster) -> None:
    assert rules(seen) == set()


def test_names_are_read_out_of_an_expression() -> None:
    query = 'sum by (pod) (rate(a_total{x="b_total"}[5m])) / on(pod) group_left(team) c:d > bool 0.5 offset 5m'
    assert metric_names(query) == ["a_total", "c:d"]


def test_a_metric_is_absent_because_its_target_is_down() -> None:
    deaf = rule(query='rate(queue_depth{job="web"}[5m]) > 9')
    names: dict[str, Any] = {"metrics": SEEN, "metrics_before": frozenset({"queue_depth"})}
    seen = scraping(of=target(), series=[down()], rules=[deaf], **names)
    ranking = rank(diagnose(seen), seen, topology(seen))
    assert [root.finding.rule for root in ranking.roots] == ["alert.target_down"]
    assert [one.rule for one in ranking.symptoms] == ["alert.metric_absent"]
