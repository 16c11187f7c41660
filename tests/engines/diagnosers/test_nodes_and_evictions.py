"""Nodes in trouble and the pods they put off."""

from dataclasses import replace

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json, Ref
from tests.factories import (
    OLD,
    cluster,
    condition,
    deployment,
    event,
    found,
    memory_series,
    node,
    pod,
    replica_set,
    rules,
    stamp,
    thing,
    workload,
)

LOW = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. "
    "Container web was using 900Mi, request is 128Mi, has larger consumption of memory."
)
OWN = 'Container web exceeded its local ephemeral storage limit "1Gi". '


def evicted(message: str = LOW, *, ago: float = 20) -> list[Json]:
    made = deployment(replicas=2)
    owner = replica_set(made)
    status = {"reason": "Evicted", "message": message, "containerStatuses": []}
    ended_at = {"type": "DisruptionTarget", "reason": "TerminationByKubelet", "status": "True"}
    ended_at |= {"lastTransitionTime": stamp(ago), "message": message}
    gone = pod(owner, "gone1", phase="Failed", pod_status=status, conditions=[ended_at])
    return [made, owner, gone, pod(owner, "aa1bb", changed=ago - 1), pod(owner, "aa2bb")]


def test_an_eviction_names_the_node_the_resource_and_what_was_used() -> None:
    finding = found(cluster(*evicted()), "pod.evicted.node_pressure")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.joins["node"] == "node-1"
    told = finding.params
    assert (told["resource_name"], told["used"], told["request"]) == ("memory", "900Mi", "128Mi")
    assert (told["threshold"], told["available"]) == ("100Mi", "61Mi")


@pytest.mark.parametrize(
    "message",
    [
        OWN,
        "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
        'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". ',
    ],
)
def test_outgrowing_ones_own_storage_is_not_the_nodes_fault(message: str) -> None:
    finding = found(cluster(*evicted(message)), "pod.evicted.own_storage")
    assert finding.params["limit"] == "1Gi"
    assert finding.fix is not None
    assert finding.fix.id == "fix.ephemeral"


def test_an_eviction_long_recovered_is_context() -> None:
    finding = found(cluster(*evicted(ago=OLD)), "pod.evicted.node_pressure")
    assert finding.severity is Severity.INFO


def test_an_evicted_pod_that_was_cleaned_away_is_told_by_its_event() -> None:
    objects = evicted()
    gone = objects.pop(2)
    said = event(gone, "Evicted", LOW)
    finding = found(cluster(*objects, events=[said]), "pod.evicted.node_pressure")
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.since == said.last_at


def test_memory_pressure_names_who_uses_most_beyond_its_request() -> None:
    pressed = condition("MemoryPressure", "True", reason="KubeletHasInsufficientMemory", ago=25)
    quiet, hungry = workload("quiet"), workload("hungry")
    series = [
        memory_series(quiet[2], [100, 100], name="quiet"),
        memory_series(hungry[2], [900, 3000], name="hungry"),
    ]
    told = cluster(node(conditions=[pressed]), *quiet, *hungry, series=series)
    finding = found(told, "node.memory_pressure")
    assert finding.params["hungriest"] == "Deployment shop/hungry"
    assert finding.params["used"] == "2.93Gi"
    assert finding.joins["node"] == "node-1"


def test_pressure_that_passed_lately_still_explains() -> None:
    host = node()
    said = event(host, "EvictionThresholdMet", "Attempting to reclaim memory", ago=30)
    finding = found(cluster(host, *evicted(), events=[said]), "node.memory_pressure")
    assert finding.params["evicted"] == "1"
    assert finding.params["present"] == ""


def test_reclaiming_memory_says_nothing_about_the_disk() -> None:
    host = node()
    said = event(host, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", ago=30)
    assert rules(cluster(host, events=[said])) == {"node.disk_pressure"}


def test_disk_pressure_and_missing_process_ids_are_told() -> None:
    states = [condition("DiskPressure", "True"), condition("PIDPressure", "True")]
    assert rules(cluster(node(conditions=states))) == {"node.disk_pressure", "node.pid_or_network"}


def test_a_lost_node_is_told_with_its_heartbeat_and_its_pods() -> None:
    lost = condition("Ready", "Unknown", reason="NodeStatusUnknown", ago=12)
    lease = thing("Lease", "node-1", namespace="kube-node-lease", spec={"renewTime": stamp(13)})
    finding = found(cluster(node(conditions=[lost]), lease, *workload()), "node.not_ready")
    assert finding.severity is Severity.CRITICAL
    assert finding.params["heartbeat"] == stamp(13)
    assert finding.params["pods"] == "2"


@pytest.mark.parametrize(
    "host",
    [
        node(),
        node(conditions=[condition("Ready", "False", ago=0.5)]),
        node(conditions=[condition("Ready", "False", ago=3)], age=4),
    ],
    ids=["healthy", "blip", "joining"],
)
def test_a_node_that_is_well_or_settling_is_silent(host: Json) -> None:
    assert rules(cluster(host, *workload())) == set()


def test_an_event_about_a_node_bears_its_name_as_uid() -> None:
    host = node()
    said = event(host, "NodeHasDiskPressure", "Node node-1 status is now: NodeHasDiskPressure")
    told = cluster(host, events=[replace(said, about_uid="node-1")])
    assert rules(told) == {"node.disk_pressure"}


def test_an_eviction_is_history_once_the_limit_it_went_over_is_higher() -> None:
    objects = evicted(OWN)
    limits = objects[0]["spec"]["template"]["spec"]["containers"][0].setdefault("resources", {})
    limits["limits"] = {"ephemeral-storage": "1Gi"}
    assert found(cluster(*objects), "pod.evicted.own_storage").severity is Severity.HIGH
    limits["limits"] = {"ephemeral-storage": "1536Mi"}
    assert found(cluster(*objects), "pod.evicted.own_storage").severity is Severity.INFO


def test_reclaiming_process_ids_says_nothing_about_the_disk() -> None:
    host = node()
    said = event(host, "EvictionThresholdMet", "Attempting to reclaim pids", ago=30)
    assert rules(cluster(host, events=[said])) == {"node.pid_or_network"}


def test_pods_that_went_for_process_ids_are_not_counted_for_the_disk() -> None:
    host = node(conditions=[condition("DiskPressure", "True"), condition("PIDPressure", "True")])
    gone = evicted()
    for one in gone:
        if one["kind"] == "Pod" and one["status"].get("reason") == "Evicted":
            one["status"]["message"] = "The node was low on resource: pids."
    assert found(cluster(host, *gone), "node.disk_pressure").params["evicted"] == ""
