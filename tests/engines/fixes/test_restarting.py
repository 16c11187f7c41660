import pytest

from mcp_servers.engines.fixes import repair
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.fixes import Advice, Level, Plan, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import asked, checked, result, risk_of, told
from tests.factories import (
    budget,
    cluster,
    condition,
    container,
    deployment,
    node,
    pod,
    replica_set,
    running,
    thing,
)

WEB = Ref("Deployment", "shop", "web")


def serving(*more: Json, replicas: int = 3, **parts: object) -> Cluster:
    owner = deployment(replicas=replicas, **parts)  # type: ignore[arg-type]  # parts of any kind
    made = replica_set(owner)
    return cluster(owner, made, *(pod(made, f"aa{n}bb") for n in range(replicas)), node(), *more)


def test_a_restart_is_an_annotation_and_has_nothing_to_take_back() -> None:
    seen = serving()
    one = asked(seen, "fix.restart", WEB)
    assert isinstance(one, Plan)
    notes = result(seen, one)["spec"]["template"]["metadata"]["annotations"]
    assert notes == {"kubectl.kubernetes.io/restartedAt": "2026-03-10T12:00:00Z"}
    assert one.steps[0].inverse is None
    facts = dict(risk_of(seen, one, one.steps[0]).facts)
    assert facts["pods_restart"] == {"pods": "3", "ready": "3", "away": "1"}


def test_a_single_replica_makes_it_high() -> None:
    one = asked(serving(replicas=1), "fix.restart", WEB)
    assert isinstance(one, Plan)
    assert one.base is Level.HIGH


def test_what_is_missing_stands_before_a_restart() -> None:
    spec = container(envFrom=[{"configMapRef": {"name": "settings"}}])
    seen = serving(thing("ConfigMap", "other", data={}), containers=[spec])
    one = asked(seen, "fix.restart", WEB)
    assert isinstance(one, Advice)
    assert one.why == "root_still_there"


def test_a_helm_release_may_be_restarted_because_no_manifest_changes() -> None:
    seen = serving(annotations={"meta.helm.sh/release-name": "shop"})
    assert isinstance(asked(seen, "fix.restart", WEB), Plan)


def stuck(
    *more: Json, ready: bool = False, on: str = "node-1", nodes: tuple[Json, ...] = ()
) -> Cluster:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container("db")]}}
    owner = thing(
        "StatefulSet", "db", spec={"replicas": 2, "template": template}, status={"readyReplicas": 1}
    )
    one = pod(
        owner, "0", status=[running("db", ready=ready)], spec={"nodeName": on}, labels={"app": "db"}
    )
    return cluster(owner, one, *(nodes or (node(),)), *more)


def evicting(seen: Cluster) -> Plan | Advice:
    finding = Finding(
        "sts.revision_stuck", Severity.HIGH, Confidence.CERTAIN, Ref("StatefulSet", "shop", "db"), None, (),
        {"pod": "db-0"}, affected=(Ref("Pod", "shop", "db-0"),),
    )  # fmt: skip
    one = told(repair(finding, seen), seen)
    assert isinstance(one, Plan | Advice)
    return one


def test_a_broken_pod_is_asked_to_leave_by_the_eviction_api() -> None:
    one = evicting(stuck())
    assert isinstance(one, Plan)
    [step] = one.steps
    assert step.write.verb is Verb.EVICT
    assert step.write.target == Ref("Pod", "shop", "db-0")
    assert step.write.uid
    assert one.base is Level.HIGH


def budget_of_db(*, healthy: int) -> Json:
    selector = {"matchLabels": {"app": "db"}}
    guarded = {
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": selector},
    }
    held = budget(guarded, allowed=0)
    held["status"]["currentHealthy"] = healthy
    return held


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (stuck(ready=True), "last_ready_replica"),
        (stuck(nodes=(node(conditions=[condition("Ready", "Unknown")]),)), "node_lost"),
        (stuck(budget_of_db(healthy=0)), "no_headroom"),
    ],
)
def test_not_one_that_still_counts_or_that_nobody_could_confirm(seen: Cluster, why: str) -> None:
    one = evicting(seen)
    assert isinstance(one, Advice)
    assert one.why == why


def test_a_broken_pod_may_go_while_its_budget_has_as_many_healthy_ones_as_it_wants() -> None:
    assert isinstance(evicting(stuck(budget_of_db(healthy=2))), Plan)


def test_preflight_says_what_a_budget_leaves() -> None:
    one = evicting(stuck())
    assert isinstance(one, Plan)
    check = checked(stuck(budget_of_db(healthy=0)), one)["pdb"]
    assert not check.ok
    assert check.told == "eviction_forbidden"
