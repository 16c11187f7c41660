"""The dependency graph as people look at it: every edge of the topology and those that the ranking
does without (owners, network policies, addresses in ConfigMaps that many share, calls that were measured), around what
was asked about."""

from collections.abc import Iterable, Iterator, Sequence

from mcp_servers.engines.configured_calls import addresses_in
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.network_policies import selector
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matching
from mcp_servers.engines.topology import (
    Edge,
    Relation,
    Topology,
    services_of,
    workloads,
)
from mcp_servers.facts.kubernetes import Cluster, Ref

# What is told first.
ORDER = (
    Relation.CALLS,
    Relation.ROUTES_TO,
    Relation.SELECTS,
    Relation.LIMITED_BY,
    Relation.REFERS_TO,
    Relation.SCALES,
    Relation.RUNS_ON,
    Relation.OWNED_BY,
)
# Whoever shares a node, an account or a ConfigMap does not depend on each other for that.
_LEADS_ON = (
    Relation.CALLS,
    Relation.ROUTES_TO,
    Relation.SELECTS,
    Relation.SCALES,
    Relation.OWNED_BY,
)


def dependency_edges(
    cluster: Cluster, topology: Topology, measured: Iterable[Edge] = ()
) -> list[Edge]:
    """Every edge there is, each once."""
    more = (*_owners(cluster), *_policies(cluster), *_config_calls(cluster, topology), *measured)
    found = dict.fromkeys([*topology.edges, *more])
    return [one for one in found if one.dependent != one.dependency]


def around(edges: Sequence[Edge], focus: Iterable[Ref], hops: int) -> list[Edge]:
    """The edges within so many hops of the focus, both ways."""
    touching: dict[Ref, list[Edge]] = {}
    for edge in edges:
        touching.setdefault(edge.dependent, []).append(edge)
        touching.setdefault(edge.dependency, []).append(edge)
    found: dict[Edge, None] = {}
    here = set(focus)
    known = set(here)
    for _ in range(hops):
        near = [edge for ref in sorted(here) for edge in touching.get(ref, ())]
        found.update(dict.fromkeys(near))
        leading = [one for one in near if one.relation in _LEADS_ON]
        ends = {ref for one in leading for ref in (one.dependent, one.dependency)}
        here = {ref for ref in ends if ref.kind != "Node"} - known
        known |= here
    return list(found)


def of_namespace(edges: Iterable[Edge], namespace: str) -> list[Edge]:
    """The edges with an end in a namespace; those that leave it or come into it included."""
    return [
        one for one in edges if namespace in (one.dependent.namespace, one.dependency.namespace)
    ]


def crosses(edge: Edge) -> bool:
    """Whether an edge leads from one namespace to another."""
    one, other = edge.dependent.namespace, edge.dependency.namespace
    return bool(one and other) and one != other


def in_order(edges: Iterable[Edge]) -> list[Edge]:
    """Calls first, owners last; what crosses namespaces before the rest of its kind."""
    return sorted(
        edges,
        key=lambda one: (
            ORDER.index(one.relation), not crosses(one), one.dependent, one.dependency
        ),
    )  # fmt: skip


def is_absent(cluster: Cluster, ref: Ref) -> bool:
    """Whether an object is certainly not there: others of its kind, or none at all, were seen."""
    if cluster.get(ref) is not None:
        return False
    unseen = {one.what for one in cluster.not_checked}
    return ref.kind not in unseen and bool(cluster.all(ref.kind, ref.namespace or None))


def _owners(cluster: Cluster) -> Iterator[Edge]:
    """Pods, and what lies between them and their workload; a ReplicaSet of old without pods is none."""
    for kind in ("Pod", "ReplicaSet", "Job"):
        for one in cluster.all(kind):
            owner = one.controller()
            if owner and not (kind == "ReplicaSet" and not whole(one.spec, "replicas")):
                above = Ref(text(owner, "kind"), one.namespace, text(owner, "name"))
                above = Ref("Node", "", above.name) if above.kind == "Node" else above
                yield Edge(one.ref, above, Relation.OWNED_BY)


def _policies(cluster: Cluster) -> Iterator[Edge]:
    for policy in cluster.all("NetworkPolicy"):
        for pod in matching(cluster, "Pod", policy.namespace, selector(policy)):
            yield Edge(top_owner(cluster, pod), policy.ref, Relation.LIMITED_BY)


def _config_calls(cluster: Cluster, topology: Topology) -> Iterator[Edge]:
    for workload in workloads(cluster):
        own = set(services_of(cluster, workload))
        for ref in topology.dependencies(workload.ref, Relation.REFERS_TO):
            config = cluster.get(ref) if ref.kind == "ConfigMap" else None
            for _, service in addresses_in(cluster, config, workload.namespace) if config else ():
                if service not in own:
                    yield Edge(workload.ref, service, Relation.CALLS)
