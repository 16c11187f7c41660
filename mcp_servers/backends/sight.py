"""Which part of a cluster somebody may see."""

from dataclasses import dataclass

from core.errors import Forbidden
from mcp_servers.backends.kinds import Kind
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.kubernetes import Resource

# Cluster-wide kinds that say nothing about other people's namespaces.
NEUTRAL = {
    "Namespace",
    "Node",
    "NodeMetrics",
    "StorageClass",
    "IngressClass",
    "PriorityClass",
    "RuntimeClass",
    "CustomResourceDefinition",
    "GatewayClass",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """These namespaces and what is common to all; None: everything."""

    namespaces: frozenset[str] | None = None

    def places(self, kind: Kind, namespace: str) -> tuple[str, ...]:
        """The namespaces to ask, ("",) for all at once. Raises `Forbidden` for what is hidden.

        The sentence is the same whether a hidden namespace exists or not.
        """
        if self.namespaces is None:
            return (namespace,)
        if not kind.namespaced:
            if kind.name in NEUTRAL:
                return ("",)
            raise self._hidden("hidden_kind", kind=kind.name)
        if not namespace:
            return tuple(sorted(self.namespaces))
        if namespace not in self.namespaces:
            raise self._hidden("hidden_namespace", namespace=namespace)
        return (namespace,)

    def admits(self, resource: Resource) -> bool:
        """Whether an object may be shown; only namespaces themselves need this second look."""
        hidden = self.namespaces is not None and resource.name not in self.namespaces
        return not (resource.kind == "Namespace" and hidden)

    def _hidden(self, key: str, **facts: str) -> Forbidden:
        mine = ", ".join(sorted(self.namespaces or ())) or SENTENCES.said("no_namespace_at_all")
        return SENTENCES.error(Forbidden, key, mine=mine, **facts)
