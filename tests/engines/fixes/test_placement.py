from mcp_servers.facts.kubernetes import Cluster, Json
from tests.engines.fixes.judging import advice, plan, result, taken_back
from tests.factories import cluster, condition, deployment, node, pod, replica_set, waiting

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def unplaced(
    spec: Json, said: str, *nodes: Json, annotations: dict[str, str] | None = None
) -> Cluster:
    owner = deployment(pod_spec=spec, ready=0, annotations=annotations or {})
    made = replica_set(owner)
    stated = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    waits = pod(made, phase="Pending", ready=False, conditions=[stated], status=[waiting()])
    waits["spec"].pop("nodeName")
    return cluster(owner, made, waits, *(nodes or (node(labels={"pool": "compute"}),)))


NO_LABEL = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."


def test_a_label_no_node_has_becomes_the_one_that_is_nearly_so_called() -> None:
    seen = unplaced(
        {"nodeSelector": {"pool": "compute-v2", "kubernetes.io/arch": "amd64"}}, NO_LABEL
    )
    one = plan(seen, "pod.unschedulable.node_selector")
    assert result(seen, one)["spec"]["template"]["spec"]["nodeSelector"] == {
        "pool": "compute",
        "kubernetes.io/arch": "amd64",
    }
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_so_does_one_in_a_required_affinity() -> None:
    term = {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["comptue"]}]}
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}}}
    seen = unplaced({"affinity": affinity}, NO_LABEL)
    after = result(seen, plan(seen, "pod.unschedulable.node_selector"))["spec"]["template"]["spec"]
    [told] = after["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    assert told["matchExpressions"][0]["values"] == ["compute"]


def test_a_label_unlike_any_is_left_to_a_person() -> None:
    assert (
        advice(
            unplaced({"nodeSelector": {"pool": "gpu"}}, NO_LABEL), "pod.unschedulable.node_selector"
        )
        == "no_near_label"
    )


def test_a_rule_of_licences_is_not_loosened() -> None:
    why = {"licence-bound": "true"}
    seen = unplaced({"nodeSelector": {"pool": "compute-v2"}}, NO_LABEL, annotations=why)
    assert advice(seen, "pod.unschedulable.node_selector") == "placement_is_a_rule"


APART = "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."


def test_pods_that_must_be_apart_should_be_apart() -> None:
    term = {
        "labelSelector": {"matchLabels": {"app": "web"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    seen = unplaced({"affinity": {"podAntiAffinity": {REQUIRED: [term]}}}, APART)
    one = plan(seen, "pod.unschedulable.pod_affinity")
    rules = result(seen, one)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    assert rules == {preferred: [{"weight": 100, "podAffinityTerm": term}]}
    assert taken_back(seen, one) == seen.all("Deployment")[0].raw


def test_a_rule_that_draws_pods_together_is_not_softened() -> None:
    term = {
        "labelSelector": {"matchLabels": {"app": "db"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    said = "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."
    seen = unplaced({"affinity": {"podAffinity": {REQUIRED: [term]}}}, said)
    assert advice(seen, "pod.unschedulable.pod_affinity") == "affinity_draws_together"
