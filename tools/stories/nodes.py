"""Nodes with their leases, and the static pods of the control plane."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tools.stories.naming import uid
from tools.stories.pods import spread
from tools.stories.times import micro, stamp
from tools.stories.world import World

Json = dict[str, Any]

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
VERSION = "v1.32.9"


@dataclass(frozen=True)
class Machine:
    """What a node offers. Pressure: since when the kubelet reports MemoryPressure."""

    name: str
    zone: str
    cpus: int = 4
    memory_gib: int = 16
    control: bool = False
    pressure_since: datetime | None = None


def make_node(world: World, machine: Machine, index: int, created: datetime) -> None:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"std-{machine.cpus}x{machine.memory_gib}",
        "topology.kubernetes.io/region": machine.zone[:-1],
        "topology.kubernetes.io/zone": machine.zone,
    }
    if machine.control:
        labels[CONTROL_PLANE] = ""
    annotations = {"node.alpha.kubernetes.io/ttl": "0"}
    taints = _taints(machine)
    cidr = f"10.244.{index}.0/24"
    world.add(
        "cluster/nodes",
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": world.meta(
                "Node", "", machine.name, created, labels=labels, annotations=annotations
            ),
            "spec": {"podCIDR": cidr, "podCIDRs": [cidr]} | ({"taints": taints} if taints else {}),
            "status": _status(world, machine, index, created),
        },
    )
    _lease(world, machine.name, created)


def _taints(machine: Machine) -> list[Json]:
    taints: list[Json] = []
    if machine.control:
        taints.append({"effect": "NoSchedule", "key": CONTROL_PLANE})
    if machine.pressure_since:
        taints.append(
            {
                "effect": "NoSchedule",
                "key": "node.kubernetes.io/memory-pressure",
                "timeAdded": stamp(machine.pressure_since),
            }
        )
    return taints


def _status(world: World, machine: Machine, index: int, created: datetime) -> Json:
    memory_kib = machine.memory_gib * 1048576 - 331_776
    size: Json = {
        "cpu": str(machine.cpus),
        "ephemeral-storage": "101430960Ki",
        "hugepages-2Mi": "0",
        "memory": f"{memory_kib}Ki",
        "pods": "110",
    }
    # The kubelet keeps 100Mi for hard eviction and 10 % of the disk.
    usable = {"ephemeral-storage": "93478772582", "memory": f"{memory_kib - 102_400}Ki"}
    return {
        "addresses": [
            {"address": f"10.20.0.{11 + index}", "type": "InternalIP"},
            {"address": machine.name, "type": "Hostname"},
        ],
        "allocatable": size | usable,
        "capacity": size,
        "conditions": _conditions(world, machine, created),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": uid(world.name, "boot", machine.name),
            "containerRuntimeVersion": "containerd://1.7.27",
            "kernelVersion": "6.1.0-39-cloud-amd64",
            "kubeProxyVersion": VERSION,
            "kubeletVersion": VERSION,
            "machineID": uid(world.name, "machine", machine.name).replace("-", ""),
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "systemUUID": uid(world.name, "system", machine.name),
        },
    }


def _conditions(world: World, machine: Machine, created: datetime) -> list[Json]:
    beat = stamp(world.captured_at - timedelta(seconds=41))
    quiet = {
        "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    }
    conditions = [
        _condition(kind, "False", *words, beat, stamp(created)) for kind, words in quiet.items()
    ]
    if machine.pressure_since:
        words = ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        since = stamp(machine.pressure_since)
        conditions[0] = _condition("MemoryPressure", "True", *words, beat, since)
    up = stamp(created + timedelta(seconds=31))
    ready = _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", beat, up)
    return [*conditions, ready]


def _condition(kind: str, status: str, reason: str, text: str, beat: str, changed: str) -> Json:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": text,
        "lastHeartbeatTime": beat,
        "lastTransitionTime": changed,
    }


def _lease(world: World, node: str, created: datetime) -> None:
    beat = world.captured_at - timedelta(seconds=4, microseconds=182_331)
    world.add(
        "cluster/leases",
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": world.meta("Lease", "kube-node-lease", node, created),
            "spec": {
                "holderIdentity": node,
                "leaseDurationSeconds": 40,
                "renewTime": micro(beat),
            },
        },
    )


def workers(world: World) -> list[str]:
    """Names of the nodes that take ordinary pods."""
    nodes = world.of_kind("Node")
    return [
        node["metadata"]["name"]
        for node in nodes
        if CONTROL_PLANE not in node["metadata"]["labels"]
    ]


def places(world: World, count: int, *seed: object) -> list[str]:
    """Worker nodes for `count` pods of something."""
    return spread(workers(world), count, world.name, *seed)
