"""Who may grant: nobody writes a role, or binds one, that can do more than they can themselves.

The way out is the one of a real server: the verb `escalate` on the role, or `bind` on the role that
a binding names.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.kubernetes_api.access import RBAC, Access, Wish
from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.fields import at, entries, section, texts
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.statuses import Refusal, denied

Json = dict[str, Any]

_RESOURCES = {"Role": "roles", "ClusterRole": "clusterroles"}
_EVERYTHING: list[Json] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
# The order in which a server tells the parts of a rule.
_PARTS = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "nonResourceURLs": "NonResourceURLs",
    "resourceNames": "ResourceNames",
    "verbs": "Verbs",
}


def check_granting(access: Access, call: Call, kind: Kind, one: Json, before: Json | None) -> None:
    """Refused when `one`, in the place of `before`, grants what the caller does not hold."""
    if kind.group != RBAC or "system:masters" in call.caller.groups:
        return
    if kind.kind in _RESOURCES and _changes(before, one, "rules", "aggregationRule"):
        _check_role(access, call, kind, one)
    elif at(one, "roleRef", "kind") in _RESOURCES and _changes(before, one, "roleRef", "subjects"):
        _check_binding(access, call, kind, one)


def _changes(before: Json | None, one: Json, *parts: str) -> bool:
    return before is None or any(at(before, part) != at(one, part) for part in parts)


def _check_role(access: Access, call: Call, kind: Kind, one: Json) -> None:
    name, namespace = str(one["metadata"]["name"]), call.target.namespace
    if access.allows(call.caller, Wish("escalate", RBAC, _RESOURCES[kind.kind], namespace, name)):
        return
    if section(one, "aggregationRule") and _missing(access, call, _EVERYTHING):
        why = "must have cluster-admin privileges to use an aggregationRule"
        raise denied(kind, one, why)
    _check_held(access, call, kind, one, entries(one, "rules"))


def _check_binding(access: Access, call: Call, kind: Kind, one: Json) -> None:
    resource = _RESOURCES[at(one, "roleRef", "kind")]
    role, namespace = str(at(one, "roleRef", "name")), call.target.namespace
    if access.allows(call.caller, Wish("bind", RBAC, resource, namespace, role)):
        return
    granted = access.rules_of(resource, role, namespace)
    if granted is None:
        about = {"name": role, "group": RBAC, "kind": resource}
        raise Refusal(404, "NotFound", f'{resource}.{RBAC} "{role}" not found', about)
    _check_held(access, call, kind, one, granted)


def _check_held(access: Access, call: Call, kind: Kind, one: Json, granted: Iterable[Json]) -> None:
    missing = _missing(access, call, granted)
    if not missing:
        return
    lines = "\n".join(sorted({_shown(rule) for rule in _joined(missing)}))
    why = (
        f'user "{call.caller.user}" (groups=[{_quoted(call.caller.groups)}]) is attempting to grant '
        f"RBAC permissions not currently held:\n{lines}"
    )
    raise denied(kind, one, why)


def _missing(access: Access, call: Call, granted: Iterable[Json]) -> list[Json]:
    """The single rights among those granted that no rule of the caller covers."""
    held = [rule for _, rule in access.rules(call.caller, call.target.namespace)]
    single = (right for rule in granted for right in _single(rule))
    return [right for right in single if not any(_covers(rule, right) for rule in held)]


def _single(rule: Json) -> Iterator[Json]:
    """A rule taken apart: one verb on one resource, or on one path."""
    names = texts(rule, "resourceNames")
    for group in texts(rule, "apiGroups"):
        for resource in texts(rule, "resources"):
            for verb in texts(rule, "verbs"):
                right: Json = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                yield from (
                    ({**right, "resourceNames": [one]} for one in names) if names else [right]
                )
    for path in texts(rule, "nonResourceURLs"):
        for verb in texts(rule, "verbs"):
            yield {"nonResourceURLs": [path], "verbs": [verb]}


def _covers(held: Json, right: Json) -> bool:
    if not {"*", *right["verbs"]} & set(texts(held, "verbs")):
        return False
    if "nonResourceURLs" in right:
        [path] = right["nonResourceURLs"]
        return any(
            path == one or (one.endswith("*") and path.startswith(one[:-1]))
            for one in texts(held, "nonResourceURLs")
        )
    [resource], names = right["resources"], texts(held, "resourceNames")
    _, _, subresource = resource.partition("/")
    covering = {"*", resource, *([f"*/{subresource}"] if subresource else [])}
    return (
        bool({"*", *right["apiGroups"]} & set(texts(held, "apiGroups")))
        and bool(covering & set(texts(held, "resources")))
        and (
            not names
            or (bool(at(right, "resourceNames")) and set(right["resourceNames"]) <= set(names))
        )
    )


def _joined(rights: Iterable[Json]) -> list[Json]:
    """Rights on one resource as one rule with all their verbs."""
    joined: dict[tuple[str, str, str], Json] = {}
    paths: list[Json] = []
    for right in rights:
        if "nonResourceURLs" in right:
            paths.append(right)
            continue
        [group], [resource] = right["apiGroups"], right["resources"]
        key = group, resource, "".join(texts(right, "resourceNames"))
        known = joined.setdefault(key, {**right, "verbs": []})
        known["verbs"] += [verb for verb in right["verbs"] if verb not in known["verbs"]]
    return [*joined.values(), *paths]


def _shown(rule: Json) -> str:
    parts = (f"{shown}:[{_quoted(rule[part])}]" for part, shown in _PARTS.items() if part in rule)
    return f"{{{', '.join(parts)}}}"


def _quoted(words: Iterable[str]) -> str:
    return " ".join(f'"{word}"' for word in words)
