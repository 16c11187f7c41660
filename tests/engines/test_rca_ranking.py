"""Findings become ranked roots: joined by evidence, ordered by time, never by rule ids alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.rca_ranking import Ranking, Verdict, rank, timeline
from mcp_servers.engines.rule_families import is_symptom
from mcp_servers.engines.topology import topology
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Change, Cluster, NotChecked, Ref, Resource
from tests.engines.test_topology import deployment, service

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
CHECKOUT = Ref("Deployment", "shop", "checkout")
FRONTEND = Ref("Deployment", "shop", "frontend")
CART = Ref("Deployment", "shop", "cart")
POD = Ref("Pod", "shop", "checkout-1")


def found(rule: str, resource: Ref, *, ago_s: int = 600, **fields: object) -> Finding:
    since = NOW - timedelta(seconds=ago_s)
    evidence = (Evidence(Source.OBJECT, f"{resource} .status", rule, since),)
    plain = Finding(rule, Severity.HIGH, Confidence.CERTAIN, resource, since, evidence)
    return replace(plain, **fields)  # pyright: ignore[reportArgumentType]


OOM = found("pod.oom_killed", CHECKOUT, ago_s=900, container="checkout")
LOOP = found("pod.crash_loop", CHECKOUT, ago_s=800, container="checkout")
UNREADY = found("service.endpoints_not_ready", Ref("Service", "shop", "checkout"), ago_s=780)
REFUSED = found(
    "app.dependency_unreachable", FRONTEND, ago_s=770, joins={"service": "shop/checkout"}
)
STORY = (OOM, LOOP, UNREADY, REFUSED)


def shop(*more: Resource, changes: tuple[Change, ...] = ()) -> Cluster:
    pod = Resource({"kind": "Pod", "metadata": {"name": POD.name, "namespace": POD.namespace}})
    resources = (
        deployment("checkout"),
        deployment("frontend", env={"CHECKOUT_ADDR": "checkout:8080"}),
        deployment("cart"),
        service("checkout", {"app": "checkout"}),
        pod,
    )
    return Cluster(now=NOW, resources=(*resources, *more), changes=changes)


def ranked(*findings: Finding, cluster: Cluster | None = None, **asked: object) -> Ranking:
    seen = cluster or shop()
    return rank(list(findings), seen, topology(seen), **asked)  # pyright: ignore[reportArgumentType]


def test_a_crash_by_memory_is_the_root_and_all_that_follows_its_symptom() -> None:
    ranking = ranked(*STORY)
    assert [root.finding for root in ranking.roots] == [OOM]
    assert set(ranking.symptoms) == {LOOP, UNREADY, REFUSED}
    assert [one.rule for one in ranking.roots[0].chain] == [
        "pod.oom_killed",
        "pod.crash_loop",
        "service.endpoints_not_ready",
        "app.dependency_unreachable",
    ]


def test_an_effect_that_came_long_before_is_not_explained() -> None:
    early = replace(REFUSED, since=NOW - timedelta(hours=5))
    assert {root.finding for root in ranked(OOM, early).roots} == {OOM, early}


def test_a_container_that_restarts_may_have_begun_earlier_than_its_last_end() -> None:
    born = (NOW - timedelta(hours=6)).isoformat()
    again = {"containerStatuses": [{"name": "checkout", "restartCount": 14}]}
    metadata = {"name": "checkout-2", "namespace": "shop", "creationTimestamp": born}
    pod = Resource({"kind": "Pod", "metadata": metadata, "status": again})
    late = replace(OOM, since=NOW - timedelta(minutes=1), affected=(pod.ref,))
    ranking = ranked(late, REFUSED, cluster=shop(pod))
    assert [root.finding for root in ranking.roots] == [late]


@pytest.mark.parametrize(
    ("unready_s", "roots"),
    [(1800, ["rbac.denied"]), (700, ["pod.probe.http_status", "rbac.denied"])],
)
def test_what_a_program_that_was_never_ready_complains_of_now_and_then_began_with_it(
    unready_s: int, roots: list[str]
) -> None:
    """The first complaint that is left came five minutes after the probe began to fail."""
    made, since = NOW - timedelta(seconds=1860), NOW - timedelta(seconds=unready_s)
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": since.isoformat()}
    metadata = {"name": "checkout-2", "namespace": "shop", "creationTimestamp": made.isoformat()}
    one = Resource({"kind": "Pod", "metadata": metadata, "status": {"conditions": [ready]}})
    told = {"container": "checkout", "affected": (one.ref,)}
    denied = found("rbac.denied", CHECKOUT, ago_s=400, **told)
    probed = found("pod.probe.http_status", CHECKOUT, ago_s=700, **told)
    answer = ranked(denied, probed, cluster=shop(one))
    assert sorted(root.finding.rule for root in answer.roots) == roots


def test_what_does_not_join_is_a_second_root() -> None:
    other = found("pod.image_pull.not_found", CART, ago_s=300)
    assert [root.finding for root in ranked(*STORY, other).roots] == [OOM, other]


def test_what_was_asked_about_comes_first_and_the_rest_is_still_told() -> None:
    other = found("pod.image_pull.not_found", CART, ago_s=2000)
    ranking = ranked(*STORY, other, focus=frozenset({FRONTEND}), namespace="shop")
    assert ranking.roots[0].finding == OOM
    assert ranking.roots[0].confidence > ranking.roots[1].confidence


def test_a_fault_of_another_namespace_that_touches_nothing_here_is_elsewhere() -> None:
    far = found("pod.oom_killed", Ref("Deployment", "batch", "report"))
    ranking = ranked(far, focus=frozenset({CHECKOUT}), namespace="shop")
    assert (ranking.verdict, ranking.roots, ranking.elsewhere) == (Verdict.HEALTHY, (), (far,))


def test_a_mere_risk_is_no_answer_beside_a_fault_and_one_without() -> None:
    risk = found("pod.memory_near_limit", CART, severity=Severity.MEDIUM)
    beside = ranked(*STORY, risk)
    assert [root.finding for root in beside.roots] == [OOM]
    assert beside.elsewhere == (risk,)
    assert [root.finding for root in ranked(risk).roots] == [risk]


def test_what_was_switched_off_answers_a_question_about_it_and_no_other() -> None:
    report = Ref("CronJob", "shop", "report")
    off = found(
        "cron.suspended", report, severity=Severity.INFO, joins={"missed_by": "shop/report"}
    )
    assert [one.finding for one in ranked(off, focus=frozenset({report})).roots] == [off]
    assert ranked(off, focus=frozenset({CHECKOUT}), namespace="shop").roots == ()
    assert ranked(off).roots == ()
    assert ranked(replace(off, joins={}), namespace="shop").roots == ()
    assert [one.finding for one in ranked(OOM, off, namespace="shop").roots] == [OOM]


def test_a_node_whose_clock_is_off_is_why_tokens_are_refused_on_it() -> None:
    node = Ref("Node", "", "node-3")
    clock = found("node.custom_condition", node, severity=Severity.MEDIUM)
    refused = found("app.credentials_refused", CHECKOUT, ago_s=500, joins={"node": "node-3"})
    assert [one.finding for one in ranked(clock, refused, namespace="shop").roots] == [clock]
    other = replace(refused, joins={"node": "node-4"})
    assert [one.finding for one in ranked(clock, other, namespace="shop").roots] == [other]


def test_an_autoscaler_is_to_blame_only_where_another_node_would_help() -> None:
    none_added = found("autoscaler.no_scale_up", CHECKOUT, ago_s=500)
    for reason, root in (("cpu", none_added.rule), ("volume", "pod.unschedulable.volume")):
        waits = found(f"pod.unschedulable.{reason}", CHECKOUT, ago_s=520)
        assert [one.finding.rule for one in ranked(waits, none_added).roots] == [root]


def test_who_refuses_credentials_is_not_to_blame_for_its_callers() -> None:
    stale = found("config.changed_not_reloaded", FRONTEND, ago_s=900)
    refused = found("app.credentials_refused", FRONTEND, ago_s=600)
    refuses = found("app.credentials_refused", CHECKOUT, ago_s=601)
    assert [one.finding for one in ranked(refused, refuses).roots] == [refused]
    assert [one.finding for one in ranked(stale, refused, refuses).roots] == [stale]


def test_hygiene_is_never_a_cause() -> None:
    untidy = found("workload.no_requests", CHECKOUT, severity=Severity.LOW)
    ranking = ranked(untidy)
    assert (ranking.verdict, ranking.notes) == (Verdict.HEALTHY, (untidy,))


def test_security_of_any_severity_is_a_note_and_never_a_cause() -> None:
    open_door = found("sec.anonymous_binding", CHECKOUT, severity=Severity.CRITICAL)
    alone, beside = ranked(open_door), ranked(open_door, *STORY)
    assert (alone.verdict, alone.notes) == (Verdict.HEALTHY, (open_door,))
    assert [root.finding for root in beside.roots] == [OOM]
    assert open_door not in (*beside.symptoms, *beside.elsewhere)


def test_without_a_pod_to_look_at_nothing_is_called_healthy() -> None:
    empty = Cluster(now=NOW, resources=())
    assert ranked(cluster=empty).verdict is Verdict.INSUFFICIENT_DATA


def test_the_last_change_soon_before_the_first_sign_is_named() -> None:
    before = Change(NOW - timedelta(minutes=20), "deploy", "r2", CHECKOUT, "image 1 -> 2")
    after = Change(NOW - timedelta(minutes=5), "deploy", "r3", CHECKOUT, "image 2 -> 3")
    ranking = ranked(*STORY, cluster=shop(changes=(before, after)))
    assert ranking.roots[0].change == before
    assert [at for at, _ in timeline(ranking.roots, shop(changes=(before, after)))] == sorted(
        at for at, _ in timeline(ranking.roots, shop(changes=(before, after)))
    )


def test_confidence_rises_with_what_is_explained_and_falls_with_what_was_not_seen() -> None:
    alone, explaining = ranked(OOM).roots[0], ranked(*STORY).roots[0]
    unseen = ("logs", "events", "metrics")
    blind = replace(shop(), not_checked=tuple(NotChecked(one, "forbidden") for one in unseen))
    assert alone.confidence < explaining.confidence
    assert ranked(OOM, cluster=blind).roots[0].confidence < alone.confidence


def test_a_symptom_alone_is_reported_with_less_confidence_than_a_cause() -> None:
    assert ranked(LOOP).roots[0].confidence < ranked(OOM).roots[0].confidence


def test_two_that_explain_each_other_have_one_root() -> None:
    back = found(
        "app.dependency_unreachable", CHECKOUT, ago_s=760, joins={"service": "shop/frontend"}
    )
    cluster = shop(service("frontend", {"app": "frontend"}))
    assert len(ranked(REFUSED, back, cluster=cluster).roots) == 1


ELSE = found("pod.image_pull.not_found", CART, ago_s=300)


@given(st.permutations([*STORY, ELSE]))
def test_the_order_of_findings_changes_nothing(order: list[Finding]) -> None:
    assert [root.finding for root in ranked(*order).roots] == [OOM, ELSE]


@given(st.sets(st.sampled_from(STORY), min_size=1))
def test_a_symptom_never_outranks_a_root_that_explains_it(some: set[Finding]) -> None:
    ranking = ranked(*sorted(some, key=lambda one: one.rule))
    explained = {one.rule for root in ranking.roots for one in root.explains}
    assert not explained & {root.finding.rule for root in ranking.roots}
    if OOM in some:
        assert not is_symptom(ranking.roots[0].finding.rule)
