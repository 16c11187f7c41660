"""DaemonSets: one pod on every node that is for it."""

from typing import Any

from sandbox.controllers.deployments import template_hash
from sandbox.controllers.replicas import count_available, create_pod, delete_pod, is_ready, new_pod
from sandbox.controllers.scheduler import selected, untolerated
from sandbox.controllers.stateful_sets import REVISION
from sandbox.controllers.strategies import share_of
from sandbox.controllers.world import DAEMON_SETS, NODES, PODS, World, leaving
from sandbox.fields import at, entries, number, section
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

_ME = "daemonset-controller"
_GENERATION = "pod-template-generation"
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a folder
_TOLERATED = (
    "not-ready",
    "unreachable",
    "disk-pressure",
    "memory-pressure",
    "pid-pressure",
    "unschedulable",
)


def reconcile(world: World, key: Key) -> None:
    owner = world.store.get(key)
    if owner is None or leaving(owner):
        return
    nodes = [node["metadata"]["name"] for node in world.store.list(NODES) if _wants(owner, node)]
    pods = world.adopted(PODS, owner)
    _adjust(world, owner, nodes, pods)
    pods = [pod for pod in world.owned(PODS, owner) if not leaving(pod)]
    world.set_status(DAEMON_SETS, owner, _status(world, key, owner, nodes, pods))


def _wants(owner: Json, node: Json) -> bool:
    spec = section(owner, "spec", "template", "spec")
    tolerations = [*entries(spec, "tolerations"), *_own_tolerations()]
    return selected(spec, node) and not untolerated({"tolerations": tolerations}, node)


def _own_tolerations() -> list[Json]:
    return [
        {
            "key": f"node.kubernetes.io/{trouble}",
            "operator": "Exists",
            "effect": "NoExecute" if trouble in {"not-ready", "unreachable"} else "NoSchedule",
        }
        for trouble in _TOLERATED
    ]


def node_of(pod: Json) -> str:
    """Where a pod is, or is meant to be."""
    if name := at(pod, "spec", "nodeName"):
        return str(name)
    required = section(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    fields = [
        field
        for term in entries(required, "nodeSelectorTerms")
        for field in entries(term, "matchFields")
    ]
    return str(fields[0]["values"][0]) if fields else ""


def _adjust(world: World, owner: Json, nodes: list[str], pods: list[Json]) -> None:
    by_node = {node_of(pod): pod for pod in pods}
    for name in nodes:
        if name not in by_node:
            create_pod(world, owner, _pod_for(world, owner, name), by=_ME)
    for pod in pods:
        ended = at(pod, "status", "phase") in {"Failed", "Succeeded"}
        if (node_of(pod) not in nodes or ended) and not leaving(pod):
            delete_pod(world, owner, pod, by=_ME)
    _update(world, owner, nodes, [pod for pod in pods if node_of(pod) in nodes])


def _update(world: World, owner: Json, nodes: list[str], pods: list[Json]) -> None:
    strategy = section(owner, "spec", "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return
    told = section(strategy, "rollingUpdate").get("maxUnavailable", 1)
    unready = len(nodes) - sum(is_ready(pod) and not leaving(pod) for pod in pods)
    room = max(1, share_of(told, len(nodes), up=True)) - unready
    for pod in pods:
        if leaving(pod) or is_current(owner, pod):
            continue
        if not is_ready(pod) or room > 0:
            room -= 1 if is_ready(pod) else 0
            delete_pod(world, owner, pod, by=_ME)


def is_current(owner: Json, pod: Json) -> bool:
    """Was the pod made from the template as it is? Pods of a picture are told by their containers."""
    template = section(owner, "spec", "template")
    if section(pod, "metadata", "labels").get(REVISION) == template_hash(template):
        return True
    return [_as_written(one) for one in entries(pod, "spec", "containers")] == entries(
        template, "spec", "containers"
    )


def _as_written(container: Json) -> Json:
    """Without the account's token, which admission mounts into every container of a real cluster."""
    mounts = [
        one for one in entries(container, "volumeMounts") if one.get("mountPath") != _TOKEN_PATH
    ]
    rest = {name: told for name, told in container.items() if name != "volumeMounts"}
    return {**rest, "volumeMounts": mounts} if mounts else rest


def _pod_for(world: World, owner: Json, node: str) -> Json:
    stem = f"{owner['metadata']['name']}-"
    pod = new_pod(owner, stem + random_ending(), generated_from=stem)
    pod["metadata"]["labels"] |= {
        REVISION: template_hash(section(owner, "spec", "template")),
        _GENERATION: str(number(owner, "metadata", "generation") or 1),
    }
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    told = entries(section(owner, "spec", "template", "spec"), "tolerations")
    tolerations = [*told, *_own_tolerations()]
    pod["spec"] |= {"affinity": affinity, "tolerations": tolerations}
    return pod


def _status(world: World, key: Key, owner: Json, nodes: list[str], pods: list[Json]) -> Json:
    here = [pod for pod in pods if node_of(pod) in nodes]
    wait_s = number(owner, "spec", "minReadySeconds")
    available = count_available(world, key, here, wait_s)
    status = {
        **section(owner, "status"),
        "currentNumberScheduled": len({node_of(pod) for pod in here}),
        "desiredNumberScheduled": len(nodes),
        "numberMisscheduled": len(pods) - len(here),
        "numberReady": sum(map(is_ready, here)),
        "numberAvailable": available,
        "numberUnavailable": len(nodes) - available,
        "updatedNumberScheduled": sum(is_current(owner, pod) for pod in here),
        "observedGeneration": number(owner, "metadata", "generation"),
    }
    optional = ("numberAvailable", "numberUnavailable", "updatedNumberScheduled")
    return {name: told for name, told in status.items() if told or name not in optional}
