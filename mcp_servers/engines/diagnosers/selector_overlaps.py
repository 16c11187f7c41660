"""Controllers of one namespace that claim the same pods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcp_servers.engines import citing
from mcp_servers.engines.fields import section, strings
from mcp_servers.engines.namespaces import is_system
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches, written
from mcp_servers.engines.settling import is_finished, is_terminating
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, refs

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass
class _Overlap:
    """Two controllers, and the pods that both select by whose they are."""

    first: Resource
    second: Resource
    pods: dict[Ref, list[Resource]] = field(default_factory=dict[Ref, list[Resource]])


def selector_overlaps(cluster: Cluster) -> Iterator[Finding]:
    """`workload.selector_overlap`: two selectors match one pod; who owns whom is not in between."""
    index = _by_label(cluster)
    overlaps: dict[tuple[Ref, Ref], _Overlap] = {}
    known: dict[tuple[str, frozenset[tuple[str, str]]], list[Resource]] = {}
    for pod in cluster.all("Pod"):
        if is_system(pod.namespace) or is_finished(pod) or is_terminating(pod) or not pod.labels:
            continue
        worn = (pod.namespace, frozenset(strings(pod.labels).items()))
        if worn not in known:
            known[worn] = _claimants(index, pod)
        for first, second in _pairs(known[worn]):
            seen = overlaps.setdefault((first.ref, second.ref), _Overlap(first, second))
            seen.pods.setdefault(top_owner(cluster, pod), []).append(pod)
    for _, overlap in sorted(overlaps.items()):
        yield _finding(overlap)


Index = Mapping[tuple[str, str, str], list[Resource]]


def _by_label(cluster: Cluster) -> Index:
    """Controllers that nothing owns, under one label of their selector: pods look themselves up."""
    found: dict[tuple[str, str, str], list[Resource]] = {}
    for kind in KINDS:
        for one in cluster.all(kind):
            equal = sorted(strings(one.spec, "selector", "matchLabels").items())
            if equal and top_owner(cluster, one) == one.ref and not is_terminating(one):
                found.setdefault((one.namespace, *equal[0]), []).append(one)
    return found


def _claimants(index: Index, pod: Resource) -> list[Resource]:
    near = [
        one
        for label in strings(pod.labels).items()
        for one in index.get((pod.namespace, *label), [])
    ]
    taken = [one for one in near if matches(_selector(one), pod.labels)]
    return sorted(taken, key=lambda one: one.ref)


def _selector(controller: Resource) -> Json:
    return section(controller.spec, "selector")


def _pairs(claimants: list[Resource]) -> Iterator[tuple[Resource, Resource]]:
    for position, first in enumerate(claimants):
        for second in claimants[position + 1 :]:
            yield first, second


def _finding(overlap: _Overlap) -> Finding:
    """A risk where each reaches for the other's; where only one does, it miscounts at most."""
    first, second = overlap.first, overlap.second
    mutual = {first.ref, second.ref} <= overlap.pods.keys() or _same(first, second)
    shared = [pod for pods in overlap.pods.values() for pod in pods]
    births = [one.created_at for one in (first, second) if one.created_at]
    path = ".spec.selector.matchLabels"
    return Finding(
        rule="workload.selector_overlap",
        severity=Severity.MEDIUM if mutual else Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=first.ref,
        since=max(births, default=None),
        evidence=(
            *(citing.field(one, path, _labels(one)) for one in (first, second)),
            citing.field(shared[0], ".metadata.labels", written(strings(shared[0].labels))),
        ),
        params={
            "other": f"{second.kind} {second.name}",
            "selector": _labels(first),
            "other_selector": _labels(second),
            "pods": ", ".join(pod.name for pod in shared[:3]),
            "count": str(len(shared)),
        },
        affected=refs(shared),
        cause_key=str(second.ref),
    )


def _labels(controller: Resource) -> str:
    return written(strings(controller.spec, "selector", "matchLabels"))


def _same(first: Resource, second: Resource) -> bool:
    return _selector(first) == _selector(second)
