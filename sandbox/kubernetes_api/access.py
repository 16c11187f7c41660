"""Who may do what: the Roles, ClusterRoles and bindings of the snapshot, read as a real server does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.kubernetes_api.calls import Caller
from sandbox.kubernetes_api.fields import at, entries, texts
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.statuses import Refusal, details
from sandbox.store import Key, Store

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
_SERVICE_ACCOUNT = "system:serviceaccount:"

# What every signed-in user may do (the bootstrap roles system:discovery and system:basic-user).
_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY_PATHS = ("/api", "/apis", "/openapi")
_BASIC_RESOURCES = frozenset(
    {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
)


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing somebody wants to do to resources."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource_path(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Access:
    """Answers from the bindings as they are now, so that a written binding counts at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allows(self, caller: Caller, wish: Wish) -> str | None:
        """Why it is allowed, None if it is not."""
        if "system:masters" in caller.groups:
            return "allowed for the group system:masters"
        basic = wish.verb == "create" and (wish.group, wish.resource) in _BASIC_RESOURCES
        if basic and "system:authenticated" in caller.groups:
            return "allowed for every signed-in user"
        for reason, rule in self.rules(caller, wish.namespace):
            if _grants(rule, wish):
                return reason
        return None

    def allows_path(self, caller: Caller, verb: str, path: str) -> bool:
        """May the caller ask for a path that names no resource?"""
        if "system:masters" in caller.groups or path in _PUBLIC_PATHS:
            return True
        discovery = path.startswith(_DISCOVERY_PATHS)
        if discovery and verb == "get" and "system:authenticated" in caller.groups:
            return True
        return any(
            ({"*", verb} & set(texts(rule, "verbs"))) and _path_matches(rule, path)
            for _, rule in self.rules(caller, "")
        )

    def rules(self, caller: Caller, namespace: str) -> Iterator[tuple[str, Json]]:
        """Every rule bound to the caller, cluster-wide and in `namespace`, and by what it is bound."""
        for binding in self._store.list(f"clusterrolebindings.{RBAC}"):
            if subject := _subject(binding, caller, ""):
                yield from self._bound(binding, "ClusterRoleBinding", "", subject)
        for binding in self._store.list(f"rolebindings.{RBAC}", namespace) if namespace else ():
            if subject := _subject(binding, caller, namespace):
                yield from self._bound(binding, "RoleBinding", namespace, subject)

    def _bound(
        self, binding: Json, kind: str, namespace: str, subject: Json
    ) -> Iterator[tuple[str, Json]]:
        role_kind, role_name = (
            str(at(binding, "roleRef", "kind")),
            str(at(binding, "roleRef", "name")),
        )
        resource = "roles" if role_kind == "Role" else "clusterroles"
        name = binding["metadata"]["name"]
        where = f"{name}/{namespace}" if namespace else name
        reason = (
            f'RBAC: allowed by {kind} "{where}" of {role_kind} "{role_name}" to {_shown(subject)}'
        )
        for rule in self.rules_of(resource, role_name, namespace) or ():
            yield reason, rule

    def rules_of(self, resource: str, name: str, namespace: str) -> list[Json] | None:
        """What a role of `roles` or `clusterroles` lets do, None when there is none of that name."""
        place = namespace if resource == "roles" else ""
        role = self._store.get(Key(f"{resource}.{RBAC}", place, name))
        return None if role is None else entries(role, "rules")


def forbidden(caller: Caller, wish: Wish, kind: Kind | None = None) -> Refusal:
    name = f' "{wish.name}"' if wish.name else ""
    where = f' in the namespace "{wish.namespace}"' if wish.namespace else " at the cluster scope"
    message = (
        f"{wish.resource}{f'.{wish.group}' if wish.group else ''}{name} is forbidden: "
        f'User "{caller.user}" cannot {wish.verb} resource "{wish.resource_path}" '
        f'in API group "{wish.group}"{where}'
    )
    about = details(kind, wish.name) if kind else {}
    return Refusal(403, "Forbidden", message, about)


def forbidden_path(caller: Caller, verb: str, path: str) -> Refusal:
    return Refusal(403, "Forbidden", f'forbidden: User "{caller.user}" cannot {verb} path "{path}"')


def _grants(rule: Json, wish: Wish) -> bool:
    names = texts(rule, "resourceNames")
    return (
        bool({"*", wish.verb} & set(texts(rule, "verbs")))
        and bool({"*", wish.group} & set(texts(rule, "apiGroups")))
        and bool(_resource_names(wish) & set(texts(rule, "resources")))
        and (not names or wish.name in names)
    )


def _resource_names(wish: Wish) -> set[str]:
    if wish.subresource:
        return {"*", wish.resource_path, f"*/{wish.subresource}"}
    return {"*", wish.resource}


def _path_matches(rule: Json, path: str) -> bool:
    return any(
        path == allowed or (allowed.endswith("*") and path.startswith(allowed[:-1]))
        for allowed in texts(rule, "nonResourceURLs")
    )


def _subject(binding: Json, caller: Caller, namespace: str) -> Json | None:
    """The first subject of a binding that the caller is."""
    subjects = entries(binding, "subjects")
    return next((one for one in subjects if _is(one, caller, namespace)), None)


def _shown(subject: Json) -> str:
    place = f"/{subject['namespace']}" if subject.get("namespace") else ""
    return f'{subject["kind"]} "{subject["name"]}{place}"'


def _is(subject: Json, caller: Caller, namespace: str) -> bool:
    name = str(subject.get("name", ""))
    match subject.get("kind"):
        case "User":
            return name == caller.user
        case "Group":
            return name in caller.groups
        case "ServiceAccount":
            of = subject.get("namespace") or namespace
            return caller.user == f"{_SERVICE_ACCOUNT}{of}:{name}"
        case _:
            return False
