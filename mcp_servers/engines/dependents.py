"""Who would feel it when an object changes: those that select, route to, call or scale it."""

from collections.abc import Iterable

from mcp_servers.engines.topology import Relation, Topology, topology
from mcp_servers.facts.kubernetes import Cluster, Ref

# A node's pods and a ConfigMap's readers are no callers: what happens to those has its own cause.
FELT_BY = (Relation.SELECTS, Relation.ROUTES_TO, Relation.CALLS, Relation.SCALES)
# Service, its callers, and what routes to those.
DEPTH = 3


def dependents_of(cluster: Cluster, targets: Iterable[Ref]) -> set[Ref]:
    """All that depend on one of the targets, directly or by one that does; never a target itself."""
    edges = cluster.derived("topology", lambda: topology(cluster))
    known = set(targets)
    found = set(known)
    for _ in range(DEPTH):
        found |= _next(edges, found)
    return found - known


def _next(edges: Topology, refs: Iterable[Ref]) -> set[Ref]:
    return {above for ref in refs for above in edges.dependents(ref, *FELT_BY)}
