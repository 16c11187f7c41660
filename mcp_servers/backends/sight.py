"""Which part of a cluster somebody may see, and as whom the cluster is asked for them."""

from dataclasses import dataclass

from core.errors import Forbidden
from core.principal import Principal
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


# Names and groups that Kubernetes keeps for its own parts, and the group that may do anything.
KEPT_NAMES = "system:"
ALMIGHTY = "system:masters"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of the cluster, whose rights there decide what a request may."""

    user: str
    groups: tuple[str, ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        """Impersonation as the API server reads it: UTF-8, each group a header of its own."""
        said = [("Impersonate-User", self.user)]
        said += [("Impersonate-Group", group) for group in self.groups]
        return [(name, value.encode().decode("latin-1")) for name, value in said]


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Who callers of Midwatch are to the cluster: `user` has {user} for their name here, `groups` are
    pairs of a role here and a group there."""

    user: str
    groups: tuple[tuple[str, str], ...] = ()

    def identity(self, caller: Principal) -> Identity | None:
        """None for Midwatch itself. Raises `Forbidden` for a name that cannot be one of a person."""
        if caller.itself:
            return None
        user = self.user.replace("{user}", caller.subject)
        if not user.isprintable() or user.startswith(KEPT_NAMES):
            raise SENTENCES.error(Forbidden, "no_user_of_the_cluster", user=user[:100])
        return Identity(user, tuple(group for role, group in self.groups if role in caller.roles))


@dataclass(frozen=True, slots=True)
class Sight:
    """These namespaces and what is common to all; None: everything. `identity` None: Midwatch's own."""

    namespaces: frozenset[str] | None = None
    identity: Identity | None = None

    @classmethod
    def of(cls, caller: Principal, callers: Impersonation | None) -> "Sight":
        return cls(caller.namespaces, callers.identity(caller) if callers else None)

    @property
    def user(self) -> str:
        """As whom the cluster is asked; "": as Midwatch."""
        return self.identity.user if self.identity else ""

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
