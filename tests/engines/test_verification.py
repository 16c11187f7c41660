from dataclasses import replace

from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.verification import judged
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Level, Plan, Step, Verb, Write
from mcp_servers.facts.kubernetes import Ref
from tests.factories import (
    at,
    cluster,
    container,
    deployment,
    node,
    pod,
    replica_set,
    service,
    workload,
)

WEB, CART = Ref("Deployment", "shop", "web"), Ref("Deployment", "shop", "cart")
SEEN = cluster(*workload(), node())


def finding(
    rule: str = "pod.oom_killed",
    severity: Severity = Severity.HIGH,
    resource: Ref = WEB,
    container_name: str = "web",
    cause: str = "",
) -> Finding:
    return Finding(
        rule,
        severity,
        Confidence.CERTAIN,
        resource,
        None,
        (),
        container=container_name,
        cause_key=cause,
    )


MEANT = finding()


def plan(meant: Finding | None = MEANT, target: Ref = WEB) -> Plan:
    step = Step("raise_memory", Write(Verb.STRATEGIC, target), None)
    rule = meant.rule if meant else ""
    return Plan(
        "fix.memory",
        rule,
        target,
        (step,),
        Level.MEDIUM,
        finding=fingerprint(meant) if meant else "",
    )


def test_a_finding_that_is_gone_is_cleared() -> None:
    assert judged([MEANT], [], plan(), SEEN).verified


def test_one_that_is_still_there_is_not() -> None:
    assert not judged([MEANT], [MEANT], plan(), SEEN).cleared


def test_the_same_fault_of_another_container_was_not_what_the_plan_was_for() -> None:
    other = finding(container_name="sidecar")
    assert judged([MEANT, other], [other], plan(), SEEN).verified


def test_what_is_left_as_history_counts_as_gone() -> None:
    assert judged([MEANT], [replace(MEANT, severity=Severity.INFO)], plan(), SEEN).verified
    context = finding("cron.suspended", Severity.INFO)
    assert not judged([context], [context], plan(context), SEEN).cleared


def test_a_fault_that_only_changed_its_cause_is_a_new_one() -> None:
    before, after = (
        finding("pod.probe.http_status", cause=f"readiness {code}") for code in (404, 500)
    )
    verdict = judged([before], [after], plan(before), SEEN)
    assert verdict.cleared
    assert verdict.new == (after,)


def test_a_new_fault_of_the_target_counts_from_the_severity_of_the_old_one_on() -> None:
    graver, lighter = finding("pod.crash_loop"), finding("workload.single_point", Severity.LOW)
    verdict = judged([MEANT], [graver, lighter], plan(), SEEN)
    assert verdict.new == (graver,)
    assert not verdict.verified


def test_so_does_one_of_those_that_depend_on_it() -> None:
    broken = finding(
        "service.endpoints_not_ready", Severity.CRITICAL, Ref("Service", "shop", "web"), ""
    )
    assert judged([MEANT], [broken], plan(), SEEN).new == (broken,)
    calling = deployment(
        "cart",
        containers=[container("cart", env=[{"name": "WEB_URL", "value": "http://web:8080"}])],
    )
    seen = cluster(*workload(), calling, node())
    failing = finding("app.dependency_unreachable", Severity.HIGH, CART, "cart")
    assert judged([MEANT], [failing], plan(), seen).new == (failing,)


def test_a_fault_elsewhere_and_one_that_was_there_before_do_not_count() -> None:
    elsewhere = finding("pod.crash_loop", Severity.CRITICAL, Ref("Deployment", "other", "db"))
    known = finding("pod.crash_loop", Severity.CRITICAL)
    assert judged([MEANT, known], [elsewhere, known], plan(), SEEN).verified


def test_a_fault_of_a_pod_counts_for_the_workload_above_it() -> None:
    made = replica_set(deployment())
    one = pod(made)
    seen = cluster(deployment(), made, one, service())
    told = replace(finding("pod.stuck_terminating"), resource=WEB)
    target = Ref("Pod", "shop", one["metadata"]["name"])
    assert judged([MEANT], [told], plan(MEANT, target), seen).new == (told,)


def test_without_a_finding_only_what_is_grave_speaks_against_a_change() -> None:
    """A person who scales to zero wants what a rule then notes."""
    asked = plan(None)
    noted, grave = finding("workload.scaled_to_zero", Severity.MEDIUM), finding("pod.crash_loop")
    assert judged([], [noted], asked, SEEN).verified
    assert not judged([], [grave], asked, SEEN).verified


def test_a_plan_of_an_older_record_is_known_by_rule_and_target() -> None:
    old = replace(plan(), finding="")
    assert not judged([MEANT], [MEANT], old, SEEN).cleared
    assert judged([MEANT], [], old, SEEN).verified


def test_that_new_pods_are_not_measured_yet_does_not_speak_against_a_change() -> None:
    away = replace(finding("hpa.metrics_unavailable"), since=at(1))
    assert judged([MEANT], [away], plan(), SEEN).verified
    for since in (at(3), None):
        assert judged([MEANT], [replace(away, since=since)], plan(), SEEN).new
