from mcp_servers.facts.fixes import Advice, Level, Plan, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.engines.fixes.judging import advice, asked, plan, result, risk_of, taken_back
from tests.factories import (
    budget,
    cluster,
    condition,
    deployment,
    node,
    pod,
    replica_set,
    stamp,
    thing,
)

NODE = Ref("Node", "", "node-1")


def cordoned(**more: object) -> Json:
    taint = {
        "key": "node.kubernetes.io/unschedulable",
        "effect": "NoSchedule",
        "timeAdded": stamp(60 * 48),
    }
    return node(spec={"unschedulable": True, "taints": [taint]}, **more)


def test_a_node_left_closed_is_opened_and_can_be_closed_again() -> None:
    seen = cluster(cordoned(), node("node-2"))
    one = plan(seen, "node.left_cordoned")
    assert "unschedulable" not in result(seen, one)["spec"]
    assert one.base is Level.LOW
    assert risk_of(seen, one, one.steps[0]).level is Level.LOW
    assert taken_back(seen, one) == seen.all("Node")[0].raw


def test_a_node_that_is_not_ready_stays_closed() -> None:
    assert (
        advice(cluster(cordoned(conditions=[condition("Ready", "False")])), "node.left_cordoned")
        == "node_not_ready"
    )


def drained(*more: Json, replicas: int = 2, with_budget: Json | None = None) -> Cluster:
    owner = deployment(replicas=replicas)
    made = replica_set(owner)
    pods = [pod(made, f"aa{n}bb") for n in range(replicas)]
    return cluster(
        owner, made, *pods, *([with_budget] if with_budget else []), node(), node("node-2"), *more
    )


def test_a_drain_closes_the_node_and_evicts_its_pods_one_by_one() -> None:
    one = asked(drained(), "fix.drain", NODE)
    assert isinstance(one, Plan)
    assert [step.write.verb for step in one.steps] == [Verb.STRATEGIC, Verb.EVICT, Verb.EVICT]
    assert one.base is Level.HIGH
    assert all(step.write.uid for step in one.steps)


def test_pods_of_daemon_sets_and_of_the_node_itself_stay() -> None:
    agent = thing(
        "DaemonSet", "agent", spec={"template": {"metadata": {}, "spec": {"containers": []}}}
    )
    static = pod(name="proxy-node-1", annotations={"kubernetes.io/config.mirror": "x"})
    one = asked(drained(agent, pod(agent, "zz9zz"), static), "fix.drain", NODE)
    assert isinstance(one, Plan)
    assert [step.write.target.name for step in one.steps[1:]] == [
        "web-7d4b9c6f5d-aa0bb",
        "web-7d4b9c6f5d-aa1bb",
    ]


def why_not(seen: Cluster) -> Advice:
    one = asked(seen, "fix.drain", NODE)
    assert isinstance(one, Advice)
    return one


def test_a_budget_that_allows_nothing_stops_it_before_the_first_eviction() -> None:
    told = why_not(drained(with_budget=budget(deployment(), allowed=0)))
    assert told.why == "drain_blocked"
    assert "web-7d4b9c6f5d-aa0bb (web)" in told.params["pods"]


def test_pods_that_nobody_makes_anew_stop_it() -> None:
    assert why_not(drained(pod(name="one-off"))).why == "drain_bare_pods"


def test_pods_of_protected_namespaces_are_never_evicted() -> None:
    owner = deployment("coredns", namespace="kube-system")
    assert why_not(drained(owner, pod(replica_set(owner)))).why == "drain_protected"
