"""What is served: /version, /api, /apis and one list of resources for each group and version."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.kubernetes_api.kinds import Kind, Kinds

Json = dict[str, Any]

VERSION: Json = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.0+midwatch.practice",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

# Subresource → the kind of the object that is sent and returned, when it is not the resource's own.
_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "binding": ("", "v1", "Binding"),
    "eviction": ("policy", "v1", "Eviction"),
}
_SUBRESOURCE_VERBS = {"log": ("get",), "binding": ("create",), "eviction": ("create",)}
_USUAL_SUBRESOURCE_VERBS = ("get", "patch", "update")


def core_versions(address: str) -> Json:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(kinds: Kinds) -> Json:
    groups = [api_group(name, versions) for name, versions in kinds.groups().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(name: str, versions: Mapping[str, Sequence[Kind]]) -> Json:
    served = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": served, "preferredVersion": served[0]}


def resource_list(group_version: str, kinds: Sequence[Kind]) -> Json:
    resources = [entry for kind in kinds for entry in _entries(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": sorted(resources, key=lambda entry: entry["name"]),
    }


def _entries(kind: Kind) -> Iterator[Json]:
    entry: Json = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        entry["shortNames"] = list(kind.short)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    yield entry
    for name in kind.subresources:
        group, version, kind_name = _SUBRESOURCE_KINDS.get(name, ("", "", kind.kind))
        told = {"group": group, "version": version} if version else {}
        yield {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind_name,
            "verbs": list(_SUBRESOURCE_VERBS.get(name, _USUAL_SUBRESOURCE_VERBS)),
            **told,
        }


def aggregated(kinds: Kinds, *, core: bool) -> Json:
    """All groups in one answer, as kubectl asks for since 1.26."""
    groups = {name: found for name, found in kinds.groups().items() if (name == "") == core}
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None}
            if name
            else {"creationTimestamp": None},
            "versions": [
                _aggregated_version(version, found) for version, found in versions.items()
            ],
        }
        for name, versions in groups.items()
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(version: str, kinds: Sequence[Kind]) -> Json:
    resources = [_aggregated_resource(kind) for kind in sorted(kinds, key=lambda kind: kind.plural)]
    return {"version": version, "resources": resources, "freshness": "Current"}


def _aggregated_resource(kind: Kind) -> Json:
    own, *subresources = _entries(kind)
    told: Json = {
        "resource": kind.plural,
        "responseKind": _kind(kind.group, kind.version, kind.kind),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": own["verbs"],
        "shortNames": list(kind.short),
        "categories": list(kind.categories),
    }
    if subresources:
        told["subresources"] = [
            {
                "subresource": entry["name"].partition("/")[2],
                "responseKind": _kind(
                    entry.get("group", kind.group),
                    entry.get("version", kind.version),
                    entry["kind"],
                ),
                "verbs": entry["verbs"],
            }
            for entry in subresources
        ]
    return told


def _kind(group: str, version: str, kind: str) -> Json:
    return {"group": group, "version": version, "kind": kind}
