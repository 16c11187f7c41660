"""What a change may touch, how often, and who may decide about it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.guards import (
    api_failing,
    approvals_needed,
    names_typed,
    never,
    out_of_bounds,
    own_approval,
    should_stop,
    size,
    too_soon,
    unattended,
)
from mcp_servers.facts.fixes import Level, Plan, Step, Verb, Write
from mcp_servers.facts.guards import Asked, Budget, Grant, Limits, Past, Policy, Share, Size
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import NOW, cluster, workload

WEB = Ref("Deployment", "shop", "web")
TEMPLATE: Json = {"spec": {"template": {"spec": {"containers": [{"name": "web"}]}}}}


def write(target: Ref = WEB, body: Json = TEMPLATE, verb: Verb = Verb.STRATEGIC) -> Write:
    return Write(verb, target, body, "u")


def plan(*writes: Write, target: Ref = WEB, fix: str = "fix.memory") -> Plan:
    steps = tuple(Step("act", one, one) for one in writes or (write(target),))
    return Plan(fix, "pod.oom_killed", target, steps, Level.MEDIUM)


def seen(replicas: int = 2) -> Cluster:
    return cluster(*workload("web", replicas=replicas))


def refusal(of: Plan, policy: Policy | None = None, seen_as: Cluster | None = None) -> str:
    found = out_of_bounds(of, seen_as or seen(), policy or Policy())
    return found.key if found else ""


def past(status: str = "verified", ago_min: float = 5, **fields: object) -> Past:
    at = NOW - timedelta(minutes=ago_min)
    return Past("fix.memory", "f", WEB, status, at, at, bool(fields.get("asked_back")))


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", "safe"])
def test_protected_namespaces_are_never_written_to(namespace: str) -> None:
    policy = Policy(protected=frozenset({"safe"}))
    target = Ref("Deployment", namespace, "web")
    assert refusal(plan(target=target), policy) == "namespace_protected"


def test_where_namespaces_are_listed_no_other_is_written_to() -> None:
    assert refusal(plan(), Policy(allowed=frozenset({"other"}))) == "namespace_not_allowed"
    assert refusal(plan(), Policy(allowed=frozenset({"shop"}))) == ""


@given(st.sampled_from(["Secret", "ConfigMap", "Namespace", "ClusterRole", "NetworkPolicy",
                        "ResourceQuota", "CustomResourceDefinition", "PersistentVolume"]),
       st.sampled_from(list(Verb)))  # fmt: skip
def test_kinds_that_are_left_to_people_are_refused_whatever_the_verb(kind: str, verb: Verb) -> None:
    target = Ref(kind, "shop", "x")
    assert refusal(plan(write(target, {"spec": {}}, verb), target=target)) == "kind_protected"


def test_nothing_is_deleted_but_what_was_made() -> None:
    job = Ref("Job", "shop", "again")
    made = Step("act", write(job, verb=Verb.CREATE), write(job, {}, Verb.DELETE))
    fine = Plan("fix.job_rerun", "job.failed", job, (made,), Level.LOW)
    assert refusal(fine) == ""
    assert refusal(plan(write(job, {}, Verb.DELETE), target=job)) == "kind_protected"
    assert refusal(plan(write(WEB, {}, Verb.EVICT))) == "kind_protected"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (WEB, {"metadata": {"finalizers": []}}),
        (WEB, {"metadata": {"annotations": {"a": "b"}}, **TEMPLATE}),
        (WEB, {"status": {"replicas": 1}}),
        (Ref("Node", "", "n1"), {"spec": {"taints": []}}),
        (Ref("PersistentVolumeClaim", "shop", "data"), {"spec": {"volumeName": "x"}}),
    ],
)
def test_fields_beyond_the_few_that_repairs_need_are_refused(target: Ref, body: Json) -> None:
    assert refusal(plan(write(target, body), target=target)) == "field_protected"


def test_a_way_back_is_held_to_the_same_bounds() -> None:
    back = write(Ref("Secret", "shop", "x"), {"data": {}})
    sly = Plan("fix.memory", "r", WEB, (Step("act", write(), back),), Level.LOW)
    assert refusal(sly) == "kind_protected"


def test_budgets_bound_objects_namespaces_and_pods() -> None:
    nodes = [write(Ref("Node", "", f"n{n}"), {"spec": {"unschedulable": True}}) for n in range(6)]
    assert refusal(plan(*nodes)) == "objects"
    elsewhere = write(Ref("Deployment", "data", "web"))
    assert refusal(plan(write(), elsewhere)) == "namespaces"
    assert refusal(plan(), seen_as=seen(replicas=11)) == "pods"
    assert refusal(plan(), Policy(limits=Limits(pods=11)), seen(replicas=11)) == ""


@given(st.integers(1, 40), st.integers(0, 200))
def test_replicas_grow_by_doubling_or_five_and_no_more(now: int, wanted: int) -> None:
    policy = Policy(limits=Limits(pods=1000))
    scale = plan(write(body={"spec": {"replicas": wanted}}, verb=Verb.SCALE))
    found = refusal(scale, policy, seen(replicas=now))
    assert (found == "replicas") == (wanted > max(2 * now, now + 5))


def test_what_the_policy_never_wants_is_refused() -> None:
    policy = Policy(never=(Grant(fixes=frozenset({"fix.memory"})),))
    assert refusal(plan(), policy) == "never"
    assert refusal(plan(fix="fix.cpu"), policy) == ""


def test_what_is_never_wanted_at_a_risk_counts_for_the_risk_it_comes_out_as() -> None:
    policy = Policy(never=(Grant(levels=frozenset({Level.HIGH})),))
    assert never(plan(), Level.MEDIUM, policy) is None
    assert never(plan(), Level.HIGH, policy) is not None


def soon(*before: Past, pods: int = 2) -> str:
    found = too_soon(plan(), "f", Size(1, 1, pods), before, NOW, Policy())
    return found.key if found else ""


def test_an_object_rests_after_a_change_of_it_was_rolled_back() -> None:
    assert soon(past("rolled_back", 29)) == "after_rollback"
    assert soon(past("rolled_back", 31)) == ""
    assert soon(past("rolled_back", 5, asked_back=True)) == ""


def test_the_same_repair_is_not_tried_a_third_time_within_the_hour() -> None:
    assert soon(past(ago_min=50)) == ""
    assert soon(past(ago_min=50), past(ago_min=20)) == "repeated"
    assert soon(past(ago_min=70), past(ago_min=20)) == ""


def test_an_hour_has_room_for_ten_changes() -> None:
    other = Past("fix.cpu", "g", Ref("Deployment", "shop", "x"), "verified", NOW, NOW)
    assert soon(*[other] * 9) == ""
    assert soon(*[other] * 10) == "writes_per_hour"


def test_an_hour_has_room_for_so_many_objects_and_pods_too() -> None:
    elsewhere = Past("fix.cpu", "g", Ref("Deployment", "shop", "x"), "verified", NOW, NOW)
    drained = replace(elsewhere, writes=3, objects=9, pods=9)
    assert soon(drained) == ""
    assert soon(replace(drained, objects=10)) == "objects_per_hour"
    assert soon(replace(drained, pods=29)) == "pods_per_hour"
    assert soon(replace(drained, pods=29), pods=0) == ""
    assert soon(replace(drained, pods=29, started_at=NOW - timedelta(minutes=61))) == ""


def share(who: str, policy: Policy, *before: Past, pods: int = 1) -> str:
    found = too_soon(plan(), "f", Size(1, 1, pods), before, NOW, policy, who=who)
    return found.key if found else ""


@pytest.mark.parametrize("name", ["writes", "objects", "pods"])
def test_one_may_do_less_in_an_hour_than_all_together(name: str) -> None:
    elsewhere = Past("fix.cpu", "g", Ref("Deployment", "shop", "x"), "verified", NOW, NOW, pods=1)
    mine, others = [replace(elsewhere, by="ann")] * 2, [replace(elsewhere, by="bob")] * 5
    policy = Policy(limits=Limits(each=Share(**{f"{name}_per_hour": 5})))
    assert share("ann", policy, *mine, *others) == ""
    assert share("ann", policy, *mine, *mine, *mine) == f"own_{name}"
    assert share("bob", policy, *mine, *mine, *mine) == ""
    earlier = [replace(one, started_at=NOW - timedelta(minutes=61)) for one in mine]
    assert share("ann", policy, *earlier, *earlier, *earlier) == ""


def test_who_is_named_has_a_budget_of_their_own() -> None:
    elsewhere = Past("fix.cpu", "g", Ref("Deployment", "shop", "x"), "verified", NOW, NOW)
    bots = Budget(("nightly-*", "bot"), Share(writes_per_hour=1))
    policy = Policy(budgets=(bots,), limits=Limits(each=Share(writes_per_hour=2)))
    for who in ("nightly-east", "bot"):
        assert share(who, policy) == ""
        assert share(who, policy, replace(elsewhere, by=who)) == "own_writes"
    assert share("botany", policy, replace(elsewhere, by="botany")) == ""


def test_one_goes_to_few_namespaces_in_an_hour() -> None:
    def there(namespace: str) -> Past:
        target = Ref("Deployment", namespace, "x")
        return Past("fix.cpu", "g", target, "verified", NOW, NOW, by="ann")

    many = [there(f"team-{n}") for n in range(5)]
    assert share("ann", Policy(), *many[:4]) == ""
    assert share("ann", Policy(), *many) == "own_namespaces"
    assert share("ann", Policy(), *many[:4], there("shop")) == ""
    assert share("bob", Policy(), *many) == ""


def test_a_change_is_as_much_as_it_writes_touches_and_restarts() -> None:
    assert size(plan(), seen(replicas=3)) == Size(1, 1, 3)
    scaled = plan(write(body={"spec": {"replicas": 5}}, verb=Verb.SCALE))
    assert size(scaled, seen(replicas=3)) == Size(1, 1, 2)


def asked(failed: int, answered: int, ago_min: float = 1) -> list[Asked]:
    at = NOW - timedelta(minutes=ago_min)
    return [Asked(at, False)] * failed + [Asked(at, True)] * answered


@pytest.mark.parametrize(
    ("calls", "stopped"),
    [
        (asked(2, 8), False),
        (asked(3, 7), True),
        (asked(9, 0), False),  # too few to say anything
        (asked(10, 0), True),
        (asked(10, 0, ago_min=11), False),
        (asked(10, 0, ago_min=11) + asked(0, 10), False),
    ],
)
def test_more_than_a_fifth_of_requests_without_an_answer_stop_all_writing(
    calls: list[Asked], stopped: bool
) -> None:
    assert (api_failing(calls, NOW, Policy()) is not None) == stopped


def stops(*before: Past) -> str:
    found = should_stop(before, None, Policy())
    return found.key if found else ""


def test_two_failures_in_a_row_or_three_in_an_hour_stop_all_writing() -> None:
    assert stops(past("rolled_back", 1)) == ""
    assert stops(past("rolled_back", 1), past("failed", 2)) == "failed_in_a_row"
    mixed = [past("failed", 1), past(ago_min=2), past("unknown", 3), past(ago_min=4)]
    assert stops(*mixed) == ""
    assert stops(*mixed, past("rolled_back", 5)) == "failed_in_an_hour"
    assert stops(*mixed, past("rolled_back", 90)) == ""


def test_failures_before_writing_was_resumed_count_no_more() -> None:
    bad = [past("failed", 10), past("failed", 20)]
    assert should_stop(bad, NOW - timedelta(minutes=5), Policy()) is None
    assert stops(*bad) == "failed_in_a_row"
    assert stops(*(past("rolled_back", n, asked_back=True) for n in range(5))) == ""


@given(st.sampled_from(list(Level)), st.none() | st.sampled_from(list(Level)))
def test_nobody_approves_their_own_change_above_the_level_allowed(
    level: Level, own: Level | None
) -> None:
    policy = Policy(own=own)
    assert own_approval("ann", "bob", level, policy) is None
    may = own is not None and level.weight <= own.weight
    assert (own_approval("ann", "ann", level, policy) is None) == may


def test_high_risk_wants_the_name_typed_and_critical_risk_two_people() -> None:
    assert [names_typed(one) for one in Level] == [False, False, True, True]
    assert [approvals_needed(one) for one in Level] == [1, 1, 1, 2]


def test_nothing_goes_without_a_person_unless_the_policy_says_so() -> None:
    assert not unattended("fix.uncordon", "", Level.LOW, NOW, Policy())
    grant = Grant(frozenset({"fix.memory"}), frozenset({"shop"}), frozenset({Level.LOW}))
    policy = Policy(unattended=(grant,))
    assert unattended("fix.memory", "shop", Level.LOW, NOW, policy)
    assert not unattended("fix.memory", "shop", Level.MEDIUM, NOW, policy)
    assert not unattended("fix.memory", "data", Level.LOW, NOW, policy)
    assert not unattended("fix.cpu", "shop", Level.LOW, NOW, policy)


@given(st.sampled_from([Level.HIGH, Level.CRITICAL]))
def test_high_risk_never_goes_without_a_person(level: Level) -> None:
    assert not unattended("fix.drain", "", level, NOW, Policy(unattended=(Grant(),)))


def test_hours_bound_what_goes_without_a_person() -> None:
    policy = Policy(unattended=(Grant(hours=(9, 17)),))
    inside, outside = NOW.replace(hour=9, minute=0), NOW.replace(hour=17, minute=0)
    assert unattended("fix.cpu", "shop", Level.LOW, inside, policy)
    assert not unattended("fix.cpu", "shop", Level.LOW, outside, policy)
    night = Policy(unattended=(Grant(hours=(22, 6)),))
    hours = [hour for hour in range(24)
             if unattended("fix.cpu", "", Level.LOW, NOW.replace(hour=hour), night)]  # fmt: skip
    assert hours == [0, 1, 2, 3, 4, 5, 22, 23]
