"""A part of the troubled cluster: pods not begun, nodes and volumes that ran out, stale settings."""

from mcp_servers.engines.changes import changes_in
from mcp_servers.facts.kubernetes import Cluster, Json
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    condition,
    container,
    deployment,
    ended,
    event,
    node,
    pod,
    replica_set,
    running,
    stamp,
    thing,
    waiting,
    workload,
)


def waiting_and_used_up() -> Cluster:
    owner = replica_set(deployment("late"))
    gate = {"nodeName": "", "schedulingGates": [{"name": "example.com/queue"}]}
    held = condition("PodScheduled", "False", reason="SchedulingGated")
    gated = pod(owner, "gate9", phase="Pending", ready=False, conditions=[held], spec=gate)
    boxless = pod(owner, "box99", phase="Pending", status=[waiting("late", "ContainerCreating")])
    unmounted = pod(owner, "mnt99", phase="Pending", status=[waiting("late", "ContainerCreating")])
    spec = {"initContainers": [container("mesh", restartPolicy="Always")]}
    mesh = {"initContainerStatuses": [running("mesh", ready=False)]}
    behind = pod(
        owner,
        "mesh9",
        phase="Pending",
        status=[waiting("late", "PodInitializing")],
        spec=spec,
        pod_status=mesh,
    )
    preempted = condition("DisruptionTarget", "True", reason="PreemptionByScheduler")
    gone = pod(replica_set(deployment("lost")), phase="Failed", ready=False, conditions=[preempted])
    host = node("node-7")
    events = [
        event(boxless, "FailedCreatePodSandBox", "no addresses available", count=4),
        event(unmounted, "FailedMount", 'failed for volume "data" : mount failed', count=4),
        event(host, "SystemOOM", "System OOM encountered, victim process: java, pid: 7"),
    ]
    objects = [gated, boxless, unmounted, behind, gone, host, *_daemon(), *_jobs(), *_front()]
    whole = cluster(*objects, *_stale(), *_full(), events=events, series=_series())
    return cluster(
        *objects, *_stale(), *_full(), events=events, series=_series(), changes=changes_in(whole)
    )


def _daemon() -> list[Json]:
    counts = {"desiredNumberScheduled": 2, "currentNumberScheduled": 1, "numberReady": 0}
    template = {"spec": {"containers": [container("agent")]}}
    made = thing("DaemonSet", "agent", spec={"template": template}, status=counts)
    return [made, pod(made, "dae99", status=[running("agent", ready=False)])]


def _jobs() -> list[Json]:
    again = thing("Job", "again", spec={"template": {}}, status={"failed": 2, "active": 1})
    failed = running("main", ready=False, state=ended(3))
    spec = {"containers": [container("main")], "restartPolicy": "Never"}
    first = pod(again, "one99", phase="Failed", ready=False, status=[failed], spec=spec)
    used = {"used": {"pods": "10"}, "hard": {"pods": "10"}}
    return [
        again,
        first,
        thing("Job", "asleep", spec={"suspend": True, "template": {}}),
        thing("ResourceQuota", "team", status=used),
    ]


def _front() -> list[Json]:
    held = thing("IngressClass", "edge", spec={"controller": "example.com/edge"})
    spec = {"ingressClassName": "edge", "rules": []}
    return [
        held,
        thing("Ingress", "waits", spec=spec, status={"loadBalancer": {}}),
        deployment("edge", replicas=1, ready=0, namespace="edge-system"),
    ]


def _stale() -> list[Json]:
    source = [{"configMapRef": {"name": "limits"}}]
    held = thing("ConfigMap", "limits", data={"level": "b"})
    entry = {"manager": "kubectl-edit", "time": stamp(60), "fieldsV1": {"f:data": {}}}
    held["metadata"]["managedFields"] = [entry]
    return [*workload("stale", containers=[container("stale", envFrom=source)]), held]


def _full() -> list[Json]:
    return [thing("PersistentVolumeClaim", "full", spec={}, status={"phase": "Bound"})]


def _series() -> list[Series]:
    labels = (("namespace", "shop"), ("persistentvolumeclaim", "full"))
    served = (("namespace", "shop"), ("service", "stale"))
    times = [at(5 * n) for n in range(96)][::-1]
    rising = tuple((when, 0.1 if when <= at(55) else 4.0) for when in times)
    used, whole = "kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"
    return [
        Series(used, labels, ((at(1), 9.7),), role=used),
        Series(whole, labels, ((at(1), 10.0),), role=whole),
        Series("request_p95", served, rising, role="request_p95"),
    ]
