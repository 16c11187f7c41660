"""OpenAPI v3, as little as clients need to go on: which paths are patched, with which parameters.

Schemas are left out, so `kubectl explain` has nothing to show and field validation happens here.
"""

from typing import Any

from sandbox.kubernetes_api.kinds import Kind, Kinds

Json = dict[str, Any]


def index(kinds: Kinds) -> Json:
    places = [
        _place(group, version) for group, found in kinds.groups().items() for version in found
    ]
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}}


def group_version(kinds: Kinds, place: str) -> Json | None:
    for group, versions in kinds.groups().items():
        for version, found in versions.items():
            if _place(group, version) == place:
                return {
                    "openapi": "3.0.0",
                    "info": {"title": "Midwatch practice cluster", "version": "v1.32.0"},
                    "paths": {
                        _path(kind): _operations(kind) for kind in found if "patch" in kind.verbs
                    },
                    "components": {"schemas": {}},
                }
    return None


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _path(kind: Kind) -> str:
    namespace = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{_place(kind.group, kind.version)}/{namespace}{kind.plural}/{{name}}"


def _operations(kind: Kind) -> Json:
    about = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    operation: Json = {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": about,
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }
    return {"patch": operation}
