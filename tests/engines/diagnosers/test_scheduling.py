"""Pods that no node takes."""

import pytest

from mcp_servers.engines.scheduling import clauses, leading
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    cluster,
    condition,
    container,
    deployment,
    event,
    found,
    node,
    pod,
    replica_set,
    roots,
    rules,
    running,
    stamp,
    thing,
)

PREEMPTION = " preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."


def pending(said: str, *others: Json, age: float = 30, **spec: object) -> Cluster:
    made = deployment(replicas=3, status={"updatedReplicas": 3})
    owner = replica_set(made)
    unscheduled = condition("PodScheduled", "False", reason="Unschedulable", message=said)
    one = pod(
        owner,
        ready=False,
        status=[running(ready=False)],
        conditions=[unscheduled],
        phase="Pending",
        age=age,
        spec={"nodeName": "", **spec},
    )
    one["status"]["containerStatuses"] = []
    return cluster(made, owner, one, *others)


def asking(**requests: str) -> list[Json]:
    return [container("web", resources={"requests": requests})]


def test_a_request_larger_than_any_node_is_told_with_the_numbers() -> None:
    said = "0/2 nodes are available: 2 Insufficient cpu." + PREEMPTION
    told = pending(said, node(), node("node-2"), containers=asking(cpu="6"))
    finding = found(told, "pod.unschedulable.cpu")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["request"] == "6"
    assert (finding.params["free"], finding.params["largest"]) == ("4", "4")
    assert finding.fix is not None
    assert finding.fix.id == "fix.resources"


def test_memory_that_others_asked_for_is_not_free() -> None:
    taken = pod(name="big", spec={"containers": asking(memory="6Gi"), "nodeName": "node-1"})
    said = "0/1 nodes are available: 1 Insufficient memory."
    told = pending(said, node(), taken, containers=asking(memory="4Gi"))
    assert found(told, "pod.unschedulable.memory").params["free"] == "2Gi"


def test_a_device_that_no_node_lists_decides_over_any_taint() -> None:
    said = "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint {team: ml}."
    told = pending(said, node(), containers=asking(**{"nvidia.com/gpu": "1"}))
    finding = found(told, "pod.unschedulable.extended")
    assert finding.params["resource_name"] == "nvidia.com/gpu"
    assert "pod.unschedulable.taint" not in rules(told)


def test_a_device_misspelt_is_told_with_what_the_nodes_offer() -> None:
    said = "0/1 nodes are available: 1 Insufficient nvidia.com/gpus."
    gpu = node(allocatable={"nvidia.com/gpu": "4"})
    told = pending(said, gpu, containers=asking(**{"nvidia.com/gpus": "1"}))
    finding = found(told, "pod.unschedulable.extended")
    assert finding.params["near"] == "nvidia.com/gpu"
    assert any("nvidia.com/gpu" in one.text for one in finding.evidence)


def test_a_spread_that_fails_counts_the_pods_of_each_domain() -> None:
    said = "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints."
    spread = {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    nodes = [node(labels={"zone": "a"}), node("node-2", labels={"zone": "b"})]
    told = pending(said, *nodes, topologySpreadConstraints=[spread])
    owner = told.all("ReplicaSet")[0].raw
    told = cluster(*(one.raw for one in told.resources), pod(owner, "bb1bb"), pod(owner, "cc1cc"))
    finding = found(told, "pod.unschedulable.topology_spread")
    assert (finding.params["topology"], finding.params["skew"]) == ("zone", "1")
    [cited] = [one for one in finding.evidence if "topologySpread" in one.ref]
    assert "(a: 2, b: 0)" in cited.text


def test_a_full_node_is_named_with_its_limit_of_pods() -> None:
    full = node(allocatable={"pods": "1"})
    told = pending("0/2 nodes are available: 2 Too many pods.", full, node("node-2"), pod())
    finding = found(told, "pod.unschedulable.node_full")
    assert finding.params["node"] == "node-1"
    assert any("pods = 1 (1 run there)" in one.text for one in finding.evidence)


def test_a_host_port_is_told_with_the_pod_that_holds_it() -> None:
    said = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    port = [container("web", ports=[{"containerPort": 80, "hostPort": 8080}])]
    holder = pod(name="holder", spec={"containers": port})
    finding = found(pending(said, node(), holder, containers=port), "pod.unschedulable.host_port")
    assert (finding.params["port"], finding.params["holder"]) == ("8080", "Pod shop/holder")
    assert any(one.ref.startswith("Pod shop/holder") for one in finding.evidence)


def test_the_control_planes_own_taint_never_decides() -> None:
    said = (
        "0/4 nodes are available: 3 node(s) had untolerated taint "
        "{node-role.kubernetes.io/control-plane: }, 1 Insufficient cpu."
    )
    assert [one.reason for one in leading(clauses(said))] == ["cpu"]


def test_a_taint_of_another_team_is_named_with_its_nodes() -> None:
    said = "0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: ml}."
    tainted = node(spec={"taints": [{"key": "dedicated", "value": "ml", "effect": "NoSchedule"}]})
    finding = found(pending(said, tainted), "pod.unschedulable.taint")
    assert finding.params["taint"] == "dedicated: ml"
    assert finding.joins["node"] == "node-1"
    assert finding.fix is None


SELECTOR = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."


def test_a_label_that_no_node_has_is_told_with_the_nearest() -> None:
    nodes = [node(labels={"disk": "ssd"}), node("node-2", labels={"disk": "hdd"})]
    finding = found(
        pending(SELECTOR, *nodes, nodeSelector={"disk": "sdd"}), "pod.unschedulable.node_selector"
    )
    assert finding.params["label"] == "disk=sdd"
    assert "disk=ssd" in finding.params["near"]
    assert finding.fix is not None
    assert finding.fix.id == "fix.node_selector"


def test_a_selector_that_some_node_meets_is_not_the_reason() -> None:
    said = "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 Insufficient cpu."
    told = pending(said, node(labels={"disk": "ssd"}), node("node-2"), nodeSelector={"disk": "ssd"})
    assert "pod.unschedulable.cpu" in rules(told)
    assert "pod.unschedulable.node_selector" not in rules(told)


CORDONED = "0/2 nodes are available: 1 node(s) were unschedulable, 1 Insufficient cpu."


def closed(hours: float = 72) -> Json:
    taint = {
        "key": "node.kubernetes.io/unschedulable",
        "effect": "NoSchedule",
        "timeAdded": stamp(hours * 60),
    }
    return node("node-2", spec={"unschedulable": True, "taints": [taint]})


def test_a_closed_node_that_would_fit_is_the_reason_and_left_open_by_mistake() -> None:
    full = node(allocatable={"cpu": "10m"})
    told = pending(CORDONED, full, closed())
    finding = found(told, "pod.unschedulable.cordoned")
    assert finding.fix is not None
    assert finding.fix.target == Ref("Node", "", "node-2")
    left = found(told, "node.left_cordoned")
    assert left.joins["node"] == finding.joins["node"] == "node-2"
    assert left.params["cordoned_at"] == stamp(72 * 60)
    assert "pod.unschedulable.cpu" not in rules(told)


def test_a_node_closed_a_moment_ago_is_context() -> None:
    told = pending(CORDONED, node(allocatable={"cpu": "10m"}), closed(hours=0.2))
    assert found(told, "pod.unschedulable.cordoned").severity is Severity.INFO
    assert "node.left_cordoned" not in rules(told)


def test_a_node_under_announced_maintenance_is_silent() -> None:
    host = closed()
    host["metadata"]["annotations"]["example.com/maintenance"] = "until Friday"
    assert rules(cluster(host)) == set()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
            "pod_affinity",
        ),
        (
            "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
            "topology_spread",
        ),
        (
            "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
            "host_port",
        ),
        ("0/3 nodes are available: 3 Too many pods.", "node_full"),
        ("0/3 nodes are available: 3 node(s) had volume node affinity conflict.", "volume"),
        ('0/3 nodes are available: persistentvolumeclaim "data" not found.', "volume"),
        (
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
            + PREEMPTION,
            "volume",
        ),
    ],
)
def test_every_reason_has_its_rule(said: str, reason: str) -> None:
    told = rules(pending(said, node()))
    assert {one for one in told if one.startswith("pod.unschedulable")} == {
        f"pod.unschedulable.{reason}"
    }


def test_a_volume_that_no_node_is_near_to_says_where_it_is() -> None:
    zone = "topology.kubernetes.io/zone"
    claim = thing("PersistentVolumeClaim", "data-web-0", spec={"volumeName": "pv-1"})
    term = {"matchExpressions": [{"key": zone, "operator": "In", "values": ["z3"]}]}
    volume = thing(
        "PersistentVolume",
        "pv-1",
        namespace="",
        spec={"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}},
    )
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}]
    said = "0/2 nodes are available: 2 node(s) had volume node affinity conflict."
    nodes = [node(labels={zone: "z1"}), node("node-2", labels={zone: "z2"})]
    finding = found(
        pending(said, claim, volume, *nodes, volumes=volumes), "pod.unschedulable.volume"
    )
    assert (finding.params["label"], finding.params["near"]) == (f"{zone}=z3", "z1, z2")


def test_a_claim_is_joined_so_that_its_own_fault_can_explain() -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}]
    said = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    assert (
        found(pending(said, volumes=volumes), "pod.unschedulable.volume").joins["claim"]
        == "shop/data-web-0"
    )


def test_a_pod_just_made_or_a_node_on_its_way_is_no_fault_yet() -> None:
    said = "0/2 nodes are available: 2 Insufficient cpu."
    assert rules(pending(said, node(), age=1)) == set()
    waiting_pod = pending(said, node())
    scaling = event(
        waiting_pod.all("Pod")[0].raw, "TriggeredScaleUp", "pod triggered scale-up", ago=4
    )
    coming = cluster(*(one.raw for one in waiting_pod.resources), events=[scaling])
    assert found(coming, "pod.unschedulable.cpu").severity is Severity.INFO


def test_an_autoscaler_at_its_maximum_says_so() -> None:
    waiting_pod = pending("0/2 nodes are available: 2 Insufficient cpu.", node())
    said = "pod didn't trigger scale-up: 2 max node group size reached"
    refused = event(waiting_pod.all("Pod")[0].raw, "NotTriggerScaleUp", said, count=12)
    told = cluster(*(one.raw for one in waiting_pod.resources), events=[refused])
    assert found(told, "autoscaler.no_scale_up").params["at_limit"] == "true"


@pytest.mark.parametrize(
    ("asked", "reasons", "answer"),
    [
        ("12", "1 Insufficient cpu", "pod.unschedulable.cpu"),
        ("12", "1 Insufficient cpu, 1 Insufficient memory", "pod.unschedulable.cpu"),
        ("3", "1 Insufficient cpu", "autoscaler.no_scale_up"),
        ("12", "1 Insufficient cpu, 1 max node group size reached", "autoscaler.no_scale_up"),
        ("12", "1 in backoff after failed scale-up", "autoscaler.no_scale_up"),
    ],
)
def test_an_autoscaler_is_not_to_blame_for_a_pod_that_no_node_could_hold(
    asked: str, reasons: str, answer: str
) -> None:
    """It may have a group of larger nodes that is at its limit; then that is the matter."""
    short = "0/2 nodes are available: 2 Insufficient cpu."
    waits = pending(short, node(), node("node-2"), containers=asking(cpu=asked))
    said = f"pod didn't trigger scale-up: {reasons}"
    refused = event(waits.all("Pod")[0].raw, "NotTriggerScaleUp", said, count=12)
    assert roots(cluster(*(one.raw for one in waits.resources), events=[refused])) == [answer]


def test_a_scheduler_that_nobody_runs_is_told_after_a_while() -> None:
    made = deployment(replicas=3, status={"updatedReplicas": 3})
    owner = replica_set(made)
    spec = {"nodeName": "", "schedulerName": "default-schduler"}
    one = pod(owner, phase="Pending", spec=spec, age=20, ready=False)
    finding = found(cluster(made, owner, one), "pod.scheduler_absent")
    assert finding.params["near"] == "default-scheduler"
    young = pod(owner, phase="Pending", spec=spec, age=1, ready=False)
    assert "pod.scheduler_absent" not in rules(cluster(made, owner, young))
