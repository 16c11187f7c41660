"""Nodes as their kubelets report them."""

from typing import Any

from evals.clusters.parts import condition
from evals.clusters.world import Json, World, days

WELL = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


def node(
    world: World,
    name: str,
    *,
    cpu: str = "3920m",
    memory: str = "14632Mi",
    zone: str = "",
    arch: str = "amd64",
    labels: Json | None = None,
    taints: list[Json] | None = None,
    version: str = "v1.31.4",
    ready: bool = True,
    pressed: str = "",
    pressed_since: float = 20,
    **spec: Any,
) -> Json:
    """A node; `pressed` is the pressure condition it has, `spec` what else its spec says."""
    seen = world.ago(world.dice.uniform(0.2, 4))
    told = {"kubernetes.io/arch": arch, "kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
    if zone:
        told |= {
            "topology.kubernetes.io/zone": zone,
            "topology.kubernetes.io/region": zone.rstrip("abcdef")
            if zone[-1].isalpha()
            else zone[:-2],
        }
    room = {"cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "95491281146"}
    one: Json = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {**world.meta(name, born=days(140)), "labels": {**told, **(labels or {})}},
        "spec": {**({"taints": taints} if taints else {}), **spec},
        "status": {
            "addresses": [
                {
                    "address": f"10.0.{world.dice.randrange(90)}.{world.dice.randrange(2, 250)}",
                    "type": "InternalIP",
                },
                {"address": name, "type": "Hostname"},
            ],
            "allocatable": room,
            "capacity": {
                **room,
                "cpu": str(int(cpu.rstrip("m")) // 1000 + 1) if cpu.endswith("m") else cpu,
            },
            "conditions": _conditions(world, seen, pressed, pressed_since, ready),
            "nodeInfo": {
                "architecture": arch,
                "containerRuntimeVersion": "containerd://1.7.22",
                "kernelVersion": "6.1.0-28-cloud-amd64",
                "kubeletVersion": version,
                "operatingSystem": "linux",
                "osImage": "Ubuntu 22.04.5 LTS",
            },
        },
    }
    return world.add(one)


def _conditions(
    world: World, seen: str, pressed: str, pressed_since: float, ready: bool
) -> list[Json]:
    since = world.ago(days(80))
    told = [
        condition(kind, "False", *words, since, lastHeartbeatTime=seen)
        for kind, words in WELL.items()
        if kind != pressed
    ]
    if pressed:
        short = {"MemoryPressure": "Memory", "DiskPressure": "Disk", "PIDPressure": "PID"}[pressed]
        reason = f"KubeletHasInsufficient{short}" if short != "Disk" else "KubeletHasDiskPressure"
        words = f"kubelet has insufficient {short.lower()} available"
        at = world.ago(pressed_since)
        told.append(condition(pressed, "True", reason, words, at, lastHeartbeatTime=seen))
    if ready:
        words = "kubelet is posting ready status"
        told.append(
            condition("Ready", "True", "KubeletReady", words, since, lastHeartbeatTime=seen)
        )
    return told


def lost(world: World, one: Json, minutes: float) -> Json:
    """The node as the controller marks it when its kubelet has been silent for so long."""
    heard, noticed = world.ago(minutes + 0.7), world.ago(minutes)
    text = "Kubelet stopped posting node status."
    one["status"]["conditions"] = [
        condition(kind, "Unknown", "NodeStatusUnknown", text, noticed, lastHeartbeatTime=heard)
        for kind in (*WELL, "Ready")
    ]
    one["spec"]["taints"] = [
        {"key": "node.kubernetes.io/unreachable", "effect": effect, "timeAdded": noticed}
        for effect in ("NoSchedule", "NoExecute")
    ]
    return one


def lease(world: World, name: str, renewed: float) -> Json:
    at = world.moment(renewed).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return world.add(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": world.meta(name, "kube-node-lease", born=days(140)),
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": at},
        }
    )


def pool(world: World, *names: str, **same: Any) -> list[Json]:
    return [node(world, name, **same) for name in names]
