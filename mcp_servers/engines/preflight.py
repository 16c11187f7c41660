"""What can be known before a server is asked: protection, quota, budgets, room, owners."""

from mcp_servers.engines.namespaces import is_system
from mcp_servers.facts.fixes import Check, Plan
from mcp_servers.facts.kubernetes import Cluster


def preflight(
    plan: Plan, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> tuple[Check, ...]:
    """The checks that need no server. `protected` are namespaces beyond those of the cluster.

    Access review, schema and dry run are the server's.
    """
    namespace = plan.target.namespace
    closed = is_system(namespace) or namespace in protected
    told = "namespace_protected" if closed else "not_protected"
    return (Check("protected", not closed, told, {"namespace": namespace}),)
