"""Who owns whom: from a pod up to the workload that a person would change."""

import re

from mcp_servers.engines.fields import rows, text
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

POD_HASH = "pod-template-hash"
# No chain is longer; a circle of owners, which only broken data has, ends here.
LONGEST_CHAIN = 8

# Controllers by what they append to a pod's name, the most telling first.
_POD_NAMES = (
    ("Deployment", re.compile(r"(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}$")),
    ("StatefulSet", re.compile(r"(.+)-\d+$")),
    ("CronJob", re.compile(r"(.+)-\d{6,10}-[a-z0-9]{5}$")),
    ("DaemonSet", re.compile(r"(.+)-[a-z0-9]{5}$")),
    ("Job", re.compile(r"(.+)-[a-z0-9]{5}$")),
    ("ReplicaSet", re.compile(r"(.+)-[a-z0-9]{5}$")),
)


def owner_chain(cluster: Cluster, resource: Resource) -> tuple[Ref, ...]:
    """The controllers above an object, the nearest first; () when nothing controls it.

    A ReplicaSet that is not in sight still leads to its Deployment: its name is the
    Deployment's with the pod template's hash behind it.
    """
    key = ("owners", resource.ref, resource.uid)
    return cluster.derived(key, lambda: _chain(cluster, resource))


def _chain(cluster: Cluster, resource: Resource) -> tuple[Ref, ...]:
    chain: list[Ref] = []
    current, seen_as = resource, resource.ref
    while len(chain) < LONGEST_CHAIN:
        above = _above(cluster, current, seen_as, resource.labels.get(POD_HASH, ""))
        if above is None or above in chain:
            break
        chain.append(above)
        current, seen_as = cluster.get(above) or Resource({}), above
    return tuple(chain)


def top_owner(cluster: Cluster, resource: Resource) -> Ref:
    """The object a person would change: the last of the owner chain, or the object itself."""
    chain = owner_chain(cluster, resource)
    return chain[-1] if chain else resource.ref


def workload_of(cluster: Cluster, resource: Resource) -> Resource | None:
    """The top owner itself, if it is in sight."""
    return cluster.get(top_owner(cluster, resource))


def pods_by_owner(cluster: Cluster) -> dict[Ref, list[Resource]]:
    """Every pod under its top owner."""
    return cluster.derived("pods by owner", lambda: _pods_by_owner(cluster))


def _pods_by_owner(cluster: Cluster) -> dict[Ref, list[Resource]]:
    owned: dict[Ref, list[Resource]] = {}
    for pod in cluster.all("Pod"):
        owned.setdefault(top_owner(cluster, pod), []).append(pod)
    return owned


def pods_under(cluster: Cluster, owner: Ref) -> list[Resource]:
    """The pods that have this controller anywhere above them."""
    return cluster.derived("pods under", lambda: _pods_under(cluster)).get(owner, [])


def _pods_under(cluster: Cluster) -> dict[Ref, list[Resource]]:
    under: dict[Ref, list[Resource]] = {}
    for pod in cluster.all("Pod"):
        for owner in owner_chain(cluster, pod):
            under.setdefault(owner, []).append(pod)
    return under


def owner_by_name(cluster: Cluster, pod: Ref) -> Ref:
    """The workload that a pod which is gone belonged to, judged by its name; else the pod."""
    for kind, shape in _POD_NAMES:
        match = shape.match(pod.name)
        owner = match and cluster.get(Ref(kind, pod.namespace, match.group(1)))
        if owner:
            return top_owner(cluster, owner)
    return pod


def _above(cluster: Cluster, resource: Resource, seen_as: Ref, pod_hash: str) -> Ref | None:
    owner = resource.controller() or _only_owner(resource)
    if owner is not None:
        name, namespace = text(owner, "name"), seen_as.namespace
        kind = text(owner, "kind")
        return Ref(kind, "" if kind == "Node" else namespace, name) if name else None
    if seen_as.kind == "ReplicaSet":
        return _deployment_above(cluster, seen_as, pod_hash or resource.labels.get(POD_HASH, ""))
    if seen_as.kind == "Pod" and pod_hash:
        return _deployment_of_pod(cluster, seen_as, pod_hash)
    return None


def _only_owner(resource: Resource) -> dict[str, str] | None:
    """An owner that forgot to say that it controls, as hand-written snapshots have it."""
    owners = rows(resource.metadata, "ownerReferences")
    return owners[0] if len(owners) == 1 and "controller" not in owners[0] else None


def _deployment_above(cluster: Cluster, replica_set: Ref, pod_hash: str) -> Ref | None:
    """The Deployment by the ReplicaSet's name; without its hash at hand it must be in sight."""
    name, _, last = replica_set.name.rpartition("-")
    deployment = Ref("Deployment", replica_set.namespace, name)
    if cluster.get(replica_set) is None:
        sure = last == pod_hash or (not pod_hash and cluster.get(deployment) is not None)
    else:
        sure = last == pod_hash and cluster.get(deployment) is not None
    return deployment if sure else None


def _deployment_of_pod(cluster: Cluster, pod: Ref, pod_hash: str) -> Ref | None:
    name, found, _ = pod.name.partition(f"-{pod_hash}")
    deployment = Ref("Deployment", pod.namespace, name)
    return deployment if found and cluster.get(deployment) is not None else None
