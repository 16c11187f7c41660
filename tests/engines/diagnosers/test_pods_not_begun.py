"""Pods that are gated, that a node cannot set up, that wait for a sidecar, or that were disrupted."""

import pytest

from mcp_servers.engines.diagnose import diagnose
from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref
from tests.factories import (
    HASH,
    cluster,
    condition,
    container,
    deployment,
    ended,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    roots,
    rules,
    running,
    stamp,
    thing,
    waiting,
)

NO_ADDRESS = (
    'Failed to create pod sandbox: plugin type="bridge" failed (add): no addresses available'
)
MOUNT = (
    'MountVolume.SetUp failed for volume "pv-reports" : mount failed: exit status 32: '
    "mount.nfs: Connection timed out"
)
SUMMARY = (
    "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data]: "
    "timed out waiting for the condition"
)


def made(*, unavailable: bool = True, **more: object) -> tuple[Json, Json]:
    told = [condition("Available", "False", ago=20)] if unavailable else []
    owner = deployment(replicas=1, ready=0, conditions=told, **more)
    return owner, replica_set(owner)


def gated(*, ago: float = 30, reason: str = "SchedulingGated") -> Cluster:
    workload, owner = made()
    spec = {"nodeName": "", "schedulingGates": [{"name": "example.com/quota"}]}
    held = condition("PodScheduled", "False", reason=reason, ago=ago)
    one = pod(owner, phase="Pending", ready=False, conditions=[held], spec=spec, status=[], age=ago)
    return cluster(workload, owner, one)


def test_a_pod_behind_a_scheduling_gate_names_it_and_explains_its_workload() -> None:
    seen = gated()
    finding = found(seen, "pod.scheduling_gated")
    assert finding.severity is Severity.MEDIUM
    assert finding.params["gates"] == "example.com/quota"
    assert finding.fix is None
    assert roots(seen) == ["pod.scheduling_gated"]
    assert "deploy.unavailable" in rules(seen)


def test_a_gate_that_is_young_or_was_lifted_is_silent() -> None:
    assert "pod.scheduling_gated" not in rules(gated(ago=4))
    assert "pod.scheduling_gated" not in rules(gated(reason="Unschedulable"))


def preparing(*, status: Json | None = None, **more: object) -> list[Json]:
    workload, owner = made()
    one = pod(
        owner,
        phase="Pending",
        status=[status or waiting(reason="ContainerCreating")],
        age=30,
        **more,
    )
    return [workload, owner, one]


def sandbox(*, count: int = 7, ago: float = 2, status: Json | None = None) -> Cluster:
    objects = preparing(status=status)
    neighbour = pod(
        replica_set(deployment("other")), status=[waiting("other", "ContainerCreating")], age=30
    )
    events = [
        event(one, "FailedCreatePodSandBox", NO_ADDRESS, count=count, ago=ago, first=ago + 20)
        for one in (objects[2], neighbour)
    ]
    return cluster(*objects, neighbour, events=events)


def test_a_node_that_cannot_make_a_sandbox_is_quoted_with_the_pods_that_wait_there() -> None:
    told = sandbox()
    finding = next(
        one
        for one in diagnose(told)
        if one.rule == "pod.sandbox_failed" and one.resource.name == "web"
    )
    assert finding.severity is Severity.HIGH
    assert "no addresses available" in finding.params["message"]
    assert finding.params["others"] == f"other-{HASH}-x2x9p"
    assert finding.joins["node"] == "node-1"
    assert "pod.sandbox_failed" in roots(told)
    assert "deploy.unavailable" not in roots(told)


def test_one_failed_sandbox_or_one_that_came_in_the_end_is_silent() -> None:
    assert "pod.sandbox_failed" not in rules(sandbox(count=1))
    here = [one for one in diagnose(sandbox(status=running(since=1))) if one.resource.name == "web"]
    assert "pod.sandbox_failed" not in {one.rule for one in here}


def test_a_node_without_network_is_why_its_sandboxes_fail() -> None:
    objects = preparing()
    host = node(conditions=[condition("NetworkUnavailable", "True", message="no route", ago=40)])
    said = event(objects[2], "FailedCreatePodSandBox", NO_ADDRESS, count=7, ago=2, first=25)
    assert roots(cluster(*objects, host, events=[said])) == ["node.pid_or_network"]


def mounting(
    *messages: str, after: str = "", ago: float = 3, status: Json | None = None
) -> Cluster:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "reports"}}
    objects = preparing(status=status, spec={"volumes": [volume]})
    claim = thing(
        "PersistentVolumeClaim",
        "reports",
        spec={
            "volumeName": "pv-reports",
            "storageClassName": "nfs",
            "accessModes": ["ReadWriteMany"],
        },
        status={"phase": "Bound"},
    )
    nfs = {"server": "10.0.0.9", "path": "/exports/reports"}
    volume_made = thing(
        "PersistentVolume", "pv-reports", spec={"nfs": nfs}, status={"phase": "Bound"}
    )
    events = [
        event(objects[2], "FailedMount", one, count=6, ago=ago + n, first=25)
        for n, one in enumerate(messages)
    ]
    if after:
        events.append(event(objects[2], after, "done", ago=1, kind="Normal"))
    return cluster(*objects, claim, volume_made, thing("StorageClass", "nfs"), events=events)


def test_a_volume_that_cannot_be_mounted_names_its_server_and_quotes_the_kubelet() -> None:
    seen = mounting(SUMMARY, MOUNT)
    finding = found(seen, "pod.volume_mount_failed")
    assert finding.severity is Severity.HIGH
    assert (finding.params["volume"], finding.params["driver"]) == (
        "pv-reports",
        "nfs 10.0.0.9:/exports/reports",
    )
    assert "mount.nfs: Connection timed out" in finding.params["message"]
    assert finding.joined("claim") == {"shop/reports"}
    assert roots(seen) == ["pod.volume_mount_failed"]


@pytest.mark.parametrize(
    "seen",
    [
        mounting(MOUNT, after="Pulled"),
        mounting(MOUNT, status=running(since=2)),
        mounting(
            'MountVolume.SetUp failed for volume "conf" : configmap "conf" not found', SUMMARY
        ),
        mounting('persistentvolumeclaim "reports" not found'),
        mounting(
            "MountVolume.MountDevice failed: driver name ebs.csi.example.com not found in the list "
            "of registered CSI drivers"
        ),
    ],
    ids=["pulled since", "runs", "configuration is absent", "claim is absent", "driver is absent"],
)
def test_a_mount_that_worked_in_the_end_or_has_a_sharper_reason_is_silent(seen: Cluster) -> None:
    assert "pod.volume_mount_failed" not in rules(seen)


def with_sidecar(
    sidecar: Json, app: Json | None = None, *, age: float = 30, **probe: object
) -> Json:
    spec = {
        "initContainers": [container("mesh", restartPolicy="Always", **probe)],
        "containers": [container()],
    }
    return pod(
        made()[1],
        phase="Pending",
        status=[app or waiting(reason="PodInitializing")],
        pod_status={"initContainerStatuses": [sidecar]},
        spec=spec,
        age=age,
    )


def starting() -> Json:
    return running("mesh", ready=False, since=29)


def test_a_sidecar_that_has_not_started_is_named_with_what_waits_for_it() -> None:
    one = with_sidecar(starting())
    said = log(one, "ERROR cannot read /etc/certs/ca.pem", name="mesh")
    seen = cluster(*made(), one, logs=[said])
    finding = found(seen, "pod.sidecar_unready")
    assert (finding.container, finding.params["waiting"]) == ("mesh", "web")
    assert "ca.pem" in finding.params["log_line"]
    assert any("mesh, web" in cited.text for cited in finding.evidence)
    assert roots(seen) == ["pod.sidecar_unready"]


def test_a_sidecar_that_is_killed_for_memory_is_a_symptom_of_that() -> None:
    killed = waiting("mesh", "CrashLoopBackOff", lastState=ended(137, "OOMKilled"), restartCount=4)
    seen = cluster(*made(), with_sidecar(killed))
    assert {"pod.sidecar_unready", "pod.oom_killed"} <= rules(seen)
    assert roots(seen) == ["pod.oom_killed"]


@pytest.mark.parametrize(
    "one",
    [
        with_sidecar(starting(), age=1),
        with_sidecar(
            starting(),
            age=10,
            startupProbe={"exec": {}, "periodSeconds": 10, "failureThreshold": 90},
        ),
        with_sidecar(running("mesh"), running()),
    ],
    ids=["young", "within its startup budget", "started"],
)
def test_a_sidecar_that_has_time_left_or_has_started_is_silent(one: Json) -> None:
    assert "pod.sidecar_unready" not in rules(cluster(*made(), one))


def disrupted(reason: str = "PreemptionByScheduler", *others: Json, ago: float = 15) -> Cluster:
    workload, owner = made()
    told = condition("DisruptionTarget", "True", reason=reason, message="preempting", ago=ago)
    gone = pod(owner, "gone1", phase="Failed", ready=False, conditions=[told], age=600)
    said = event(
        gone, "Preempted", "Preempted by pod batch/trainer-0 on node node-1", ago=ago, kind="Normal"
    )
    return cluster(workload, owner, gone, *others, events=[said])


def test_a_preempted_pod_without_a_replacement_names_who_took_its_place() -> None:
    seen = disrupted()
    finding = found(seen, "pod.disrupted")
    assert finding.severity is Severity.MEDIUM
    assert finding.resource == Ref("Deployment", "shop", "web")
    assert finding.params["preemptor"] == "batch/trainer-0"
    assert roots(seen) == ["pod.disrupted"]


def test_a_disruption_is_history_once_a_replacement_is_ready_and_has_a_moment_to_get_there() -> (
    None
):
    ready = pod(made()[1], "new22", age=15, changed=14)
    replaced = disrupted("EvictionByEvictionAPI", ready)
    assert found(replaced, "pod.disrupted").severity is Severity.INFO
    assert found(disrupted(ago=1), "pod.disrupted").severity is Severity.INFO


def test_a_disruption_of_some_time_ago_is_history_where_the_workload_has_all_its_pods() -> None:
    other = pod(made()[1], "old33", age=600)
    told = disrupted("PreemptionByScheduler", other, ago=90)
    assert found(told, "pod.disrupted").severity is Severity.INFO


def test_a_pod_that_stood_there_before_replaces_nothing() -> None:
    older = pod(made()[1], "old33", age=600)
    seen = disrupted("EvictionByEvictionAPI", older)
    assert found(seen, "pod.disrupted").severity is Severity.MEDIUM


def test_what_the_kubelet_ended_is_told_by_the_rules_of_evictions() -> None:
    assert "pod.disrupted" not in rules(disrupted("TerminationByKubelet"))


def test_a_taint_of_a_dead_node_is_explained_by_the_node() -> None:
    host = node(conditions=[condition("Ready", "Unknown", reason="NodeStatusUnknown", ago=20)])
    seen = disrupted("DeletionByTaintManager")
    whole = cluster(*(one.raw for one in seen.resources), host)
    assert roots(whole)[0] == "node.not_ready"
    assert "pod.disrupted" not in roots(whole)
    assert stamp(15) == found(whole, "pod.disrupted").params["disrupted_at"]
