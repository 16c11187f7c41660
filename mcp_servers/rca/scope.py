"""Which objects a question is about, and which others stand for the same thing."""

import re
from collections.abc import Iterable

from core.errors import NotFound, OpsError
from core.sentences import Fact
from mcp_servers.backends.sentences import SENTENCES, no_namespace
from mcp_servers.engines.lookups import not_found
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.topology import Relation, Topology
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.rca.refusals import not_seen, refused

NAME_IN_TEXT = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
APP_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
NAMEABLE = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "Service",
    "Ingress",
    "Pod",
    "Node",
    "PersistentVolumeClaim",
    "HorizontalPodAutoscaler",
    "ConfigMap",
    "ReplicaSet",
)

# While these are hidden, an unknown name may still be right.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod")


def check_namespace(cluster: Cluster, namespace: str) -> None:
    """Raise `NotFound` with the nearest names when the namespace does not exist."""
    known = sorted({one.name for one in cluster.all("Namespace")} | _used(cluster.resources))
    if namespace and known and namespace not in known:
        raise no_namespace(namespace, known)


def _used(resources: Iterable[Resource]) -> set[str]:
    return {one.namespace for one in resources if one.namespace}


def objects_named(cluster: Cluster, *, namespace: str, kind: str, name: str) -> list[Resource]:
    """Every object a question may mean by this name, those of the kind before all others.

    A name alone may stand for what people usually talk about; with its kind, for anything in sight.
    Raises `NotFound` naming the nearest, `Forbidden` when it may be among what cannot be seen.
    """
    kinds = {
        *NAMEABLE,
        *(one.kind for one in cluster.resources if one.kind.lower() == kind.lower()),
    }
    nameable = [
        one
        for one_kind in sorted(kinds, key=_place)
        for one in cluster.all(one_kind)
        if not namespace or one.namespace in ("", namespace)
    ]
    found = [one for one in nameable if one.name == name] or [
        one
        for one in nameable
        if one.controller() is None and any(one.labels.get(key) == name for key in APP_LABELS)
    ]
    if not found:
        raise _not_found(cluster, nameable, namespace=namespace, kind=kind, name=name)
    return [one for one in found if one.kind.lower() == kind.lower()] or found


def _place(kind: str) -> int:
    return NAMEABLE.index(kind) if kind in NAMEABLE else len(NAMEABLE)


def mentioned(cluster: Cluster, words: str, *, namespace: str) -> list[Resource]:
    """The objects that a sentence names in full; none is an ordinary answer."""
    names = set(NAME_IN_TEXT.findall(words.lower()))
    return [
        one
        for kind in NAMEABLE
        for one in cluster.all(kind)
        if one.name in names and (not namespace or one.namespace in ("", namespace))
    ]


def namespace_mentioned(cluster: Cluster, words: str) -> str:
    """The one namespace that a sentence names; "" for none or several."""
    names = set(NAME_IN_TEXT.findall(words.lower()))
    found = [one.name for one in cluster.all("Namespace") if one.name in names]
    return found[0] if len(found) == 1 else ""


# How many names a hint gives when none is near what was asked for.
MOST_NAMED = 8


def _not_found(
    cluster: Cluster, nameable: list[Resource], *, namespace: str, kind: str, name: str
) -> OpsError:
    what = kind or SENTENCES.said("object")
    facts: dict[str, Fact] = {"what": what, "name": name, "namespace": namespace}
    key = "not_named_in" if namespace else "not_named"
    top = {one.name for one in nameable if one.controller() is None}
    told = not_found(cluster, Ref(kind, namespace, name), top).params
    if told["elsewhere"]:
        there = SENTENCES.said("exists_as", names=str(told["elsewhere"]))
        return SENTENCES.error(NotFound, key, hint=there, **facts)
    if told["near"]:
        near = SENTENCES.said("near", names=str(told["near"]))
        return SENTENCES.error(NotFound, key, hint=near, **facts)
    hidden = refused(cluster, WORKLOADS)
    if hidden:
        return not_seen(name, namespace, hidden)
    known = sorted({one.name for one in nameable if one.kind.lower() == kind.lower()})
    there = SENTENCES.said("known", names=", ".join(known[:MOST_NAMED])) if known else ""
    return SENTENCES.error(NotFound, key, hint=there, **facts)


def standing_for(
    cluster: Cluster, topology: Topology, objects: Iterable[Resource]
) -> frozenset[Ref]:
    """The objects themselves, their controllers, and the Services and workloads joined to them."""
    focus: set[Ref] = set()
    for one in objects:
        owner = top_owner(cluster, one) if one.kind in ("Pod", "ReplicaSet", "Job") else one.ref
        focus |= {one.ref, owner}
        focus |= set(topology.dependencies(owner, Relation.SELECTS, Relation.SCALES))
        focus |= set(topology.dependents(owner, Relation.SELECTS))
    return frozenset(focus)
