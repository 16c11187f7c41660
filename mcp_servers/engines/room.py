"""Whether pods would have a place: on a node, and under the quotas of their namespace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.scheduling import NOTHING, Room, blocking_taints, requests, selects
from mcp_servers.engines.settling import is_ready
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

HOSTNAME = "kubernetes.io/hostname"
_PLAIN = {"cpu": "requests.cpu", "memory": "requests.memory"}


def as_pod(template: Json, namespace: str) -> Resource:
    """A pod as a template would make it."""
    metadata = {**section(template, "metadata"), "namespace": namespace}
    return Resource({"kind": "Pod", "metadata": metadata, "spec": section(template, "spec")})


def usable_nodes(cluster: Cluster, pod: Resource) -> list[Resource]:
    """Ready, open nodes that labels and taints allow this pod."""
    return [
        node
        for node in cluster.all("Node")
        if node.spec.get("unschedulable") is not True
        and is_ready(node)
        and selects(pod, node)
        and not blocking_taints(pod, node)
    ]


def places(cluster: Cluster, pod: Resource, *, instead_of: Sequence[Resource] = ()) -> int:
    """How many such pods the nodes would take now, with these others gone."""
    room, leaving = Room(cluster), {one.ref for one in instead_of}
    asked = {**requests(pod), "pods": Fraction(1)}
    total = 0
    for node in usable_nodes(cluster, pod):
        free = dict(room.free_on(node))
        for other in room.pods_on(node):
            if other.ref in leaving:
                _give_back(free, other)
        total += max(0, min(_times(free.get(name, NOTHING), one) for name, one in asked.items()))
    return total


def unplaced(pod: Resource) -> Resource:
    """The pod as the scheduler would be given it again."""
    spec = {name: told for name, told in pod.spec.items() if name != "nodeName"}
    return Resource({**pod.raw, "spec": spec})


def is_bound_to(cluster: Cluster, pod: Resource, node: Resource) -> bool:
    """Whether a volume of the pod can only be reached from this node."""
    for mounted in rows(pod.spec, "volumes"):
        claim = text(mounted, "persistentVolumeClaim", "claimName")
        held = cluster.get(Ref("PersistentVolumeClaim", pod.namespace, claim)) if claim else None
        name = text(held.spec, "volumeName") if held else ""
        volume = cluster.get(Ref("PersistentVolume", "", name)) if name else None
        if volume is not None and _is_of_node(volume, node):
            return True
    return False


def _is_of_node(volume: Resource, node: Resource) -> bool:
    if section(volume.spec, "local") or section(volume.spec, "hostPath"):
        return True
    names = [
        set(words(one, "values"))
        for term in rows(volume.spec, "nodeAffinity", "required", "nodeSelectorTerms")
        for one in rows(term, "matchExpressions")
        if text(one, "key") == HOSTNAME
    ]
    return any(node.name in one for one in names)


def _give_back(free: dict[str, Fraction], pod: Resource) -> None:
    for name, amount in {**requests(pod), "pods": Fraction(1)}.items():
        free[name] = free.get(name, NOTHING) + amount


def _times(free: Fraction, asked: Fraction) -> int:
    return int(free // asked) if asked > 0 else 1_000


def largest(cluster: Cluster, resource: str) -> Fraction | None:
    """The most of a resource that one node offers in all; None when no node is in sight."""
    found = [
        quantity(section(one.status, "allocatable").get(resource)) for one in cluster.all("Node")
    ]
    return max((one for one in found if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Left:
    """What a quota leaves of one resource."""

    quota: str
    resource: str
    left: Fraction
    hard: str


def quota_left(cluster: Cluster, namespace: str) -> list[Left]:
    """What every quota without a scope leaves; those with one bind only some pods."""
    return [one for quota in cluster.all("ResourceQuota", namespace) for one in _left(quota)]


def _left(quota: Resource) -> Iterator[Left]:
    if quota.spec.get("scopes") or quota.spec.get("scopeSelector"):
        return
    used = strings(quota.status, "used")
    hard = strings(quota.status, "hard") or strings(quota.spec, "hard")
    for name, most in hard.items():
        bound, taken = quantity(most), quantity(used.get(name, "0"))
        if bound is not None and taken is not None:
            yield Left(quota.name, name, bound - taken, most)


def pod_charges(template: Json) -> dict[str, Fraction]:
    """What one pod of a template counts for under a quota: `requests.cpu`, `limits.memory`, `pods`."""
    pod = as_pod(template, "")
    charged = {f"requests.{name}": one for name, one in requests(pod).items()}
    limits = as_pod(_with_limits_as_requests(template), "")
    charged |= {f"limits.{name}": one for name, one in requests(limits).items()}
    plain = {short: charged[name] for short, name in _PLAIN.items() if name in charged}
    return {**charged, **plain, "pods": Fraction(1)}


def _with_limits_as_requests(template: Json) -> Json:
    spec = dict(section(template, "spec"))
    for part in ("initContainers", "containers"):
        spec[part] = [
            {**one, "resources": {"requests": section(one, "resources", "limits")}}
            for one in rows(spec, part)
        ]
    return {"spec": spec}


def exceeded(cluster: Cluster, namespace: str, more: Mapping[str, Fraction]) -> list[Left]:
    """The quotas that this much more would break; what is used already is not held against it."""
    return [
        one
        for one in quota_left(cluster, namespace)
        if (wanted := more.get(one.resource, NOTHING)) > 0 and wanted > one.left
    ]


def added(before: Json, after: Json, replicas: int) -> dict[str, Fraction]:
    """How much more a quota is charged for `replicas` pods of `after` in place of `before`."""
    old, new = pod_charges(before), pod_charges(after)
    return {
        name: (new.get(name, NOTHING) - old.get(name, NOTHING)) * replicas for name in {*old, *new}
    }
