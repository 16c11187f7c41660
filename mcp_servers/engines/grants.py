"""Who is granted what: every RoleBinding and ClusterRoleBinding with the role it names."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_servers.engines.fields import rows, text
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

RBAC_KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_BOOTSTRAPPING = "kubernetes.io/bootstrapping"


@dataclass(frozen=True)
class Grant:
    """One binding; `role` is None when what it names is not there."""

    binding: Resource
    role_ref: Ref
    role: Resource | None

    @property
    def subjects(self) -> list[Json]:
        return rows(self.binding.raw, "subjects")

    @property
    def is_built_in(self) -> bool:
        """Whether the API server makes and mends this binding itself."""
        return _BOOTSTRAPPING in self.binding.labels or self.binding.name.startswith("system:")


def grants(cluster: Cluster) -> list[Grant]:
    return cluster.derived("grants", lambda: list(_grants(cluster)))


def account_of(subject: Json, binding: Resource) -> Ref | None:
    """The ServiceAccount that a subject is; None for users and groups."""
    if text(subject, "kind") != "ServiceAccount":
        return None
    namespace = text(subject, "namespace") or binding.namespace
    return Ref("ServiceAccount", namespace, text(subject, "name"))


def subject_named(subject: Json) -> str:
    """A subject as people write it: `ServiceAccount shop/web`, `Group developers`."""
    place = f"{text(subject, 'namespace')}/" if text(subject, "namespace") else ""
    return f"{text(subject, 'kind')} {place}{text(subject, 'name')}"


def is_built_in_role(role: Resource) -> bool:
    return _BOOTSTRAPPING in role.labels or role.name.startswith("system:")


def _grants(cluster: Cluster) -> Iterator[Grant]:
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for binding in cluster.all(kind):
            named = text(binding.raw, "roleRef", "kind")
            place = binding.namespace if named == "Role" else ""
            ref = Ref(named, place, text(binding.raw, "roleRef", "name"))
            yield Grant(binding, ref, cluster.get(ref))
