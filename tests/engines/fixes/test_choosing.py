"""Which of several findings about one object is repaired."""

from typing import Any

from mcp_servers.autofix.telling import Telling
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.fixes.choosing import chosen
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Advice, Plan
from mcp_servers.facts.kubernetes import Cluster, Ref
from tests.engines.fixes.test_memory import killed
from tests.engines.fixes.test_rollback import BAD, GOOD, broken
from tests.factories import cluster, container, deployment, node, pod, replica_set, waiting

WEB = Ref("Deployment", "shop", "web")


def about(rule: str, resource: Ref = WEB, **more: Any) -> Finding:
    return Finding(rule, Severity.HIGH, Confidence.CERTAIN, resource, None, (), **more)


def of(seen: Cluster, rule: str) -> Finding:
    return next(one for one in diagnose(seen) if one.rule == rule)


def stuck() -> Cluster:
    """A new revision whose pods do not become ready while the old one serves."""
    owner = deployment(containers=[container(image=BAD)], ready=1)
    now = replica_set(owner, "bad1bad1b", revision=2, ready=0)
    before = replica_set(owner, "good1good", revision=1, replicas=1, ready=1, image=GOOD)
    failing = pod(now, status=[waiting(reason="CrashLoopBackOff", restartCount=7)])
    return cluster(owner, now, before, failing, pod(before, "aa0bb"), node())


def test_of_causes_the_one_that_leads_to_steps_is_repaired() -> None:
    seen = killed()
    finding, way = chosen([about("pvc.lost"), of(seen, "pod.oom_killed")], [], [], seen)
    assert (finding.rule, type(way)) == ("pod.oom_killed", Plan)


def test_what_a_cause_brings_about_is_not_repaired_in_its_place() -> None:
    seen = killed()
    cause = about("app.slow_queries")
    finding, way = chosen([cause], [of(seen, "pod.oom_killed")], [], seen)
    assert finding == cause
    assert isinstance(way, Advice)


def test_an_earlier_revision_ends_what_a_revision_brought() -> None:
    seen = stuck()
    cause, symptom = of(seen, "pod.crash_loop"), about("deploy.progress_deadline")
    finding, way = chosen([cause], [symptom], [], seen)
    assert finding == cause
    assert isinstance(way, Plan)
    assert (way.fix, way.rule) == ("fix.rollback", "pod.crash_loop")


def test_an_earlier_revision_does_not_end_what_came_from_elsewhere() -> None:
    seen = stuck()
    for rule in ("pod.image_pull.rate_limited", "node.not_ready", "pod.unschedulable.taint"):
        _, way = chosen([about(rule)], [about("deploy.progress_deadline")], [], seen)
        assert isinstance(way, Advice), rule


def test_a_cause_elsewhere_is_named_and_comes_first() -> None:
    seen = broken()
    behind = about("service.selector_near_miss", Ref("Service", "data", "db"))
    _, way = chosen([], [of(seen, "pod.image_pull.not_found")], [behind], seen)
    assert isinstance(way, Advice)
    assert way.why == "caused_elsewhere"
    for language, said in (("en", "comes from Service data/db"), ("zh", "来自 Service data/db")):
        assert said in Telling(language).advice(way)


def test_without_a_cause_what_is_found_is_repaired() -> None:
    seen = broken()
    _, way = chosen([], [of(seen, "pod.image_pull.not_found")], [], seen)
    assert isinstance(way, Plan)
