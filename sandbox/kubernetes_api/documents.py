"""The answers that are about no object: version, health, discovery, OpenAPI."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.kubernetes_api import discovery, openapi
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.kinds import Kinds

Json = dict[str, Any]

_LEGACY = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def document(cluster: Cluster, request: Request) -> Response:
    kinds = cluster.kinds
    path = request.url.path.rstrip("/")
    if path in {"/healthz", "/livez", "/readyz"}:
        return PlainTextResponse("ok")
    if path in {"/api", "/apis"}:
        return _roots(kinds, request, path)
    if path == "/openapi/v2":
        return Response(openapi.legacy(), media_type=_LEGACY)
    body = _body(cluster, path)
    if body is None:
        return PlainTextResponse("404 page not found\n", 404)
    return Response(orjson.dumps(body), media_type="application/json")


def _roots(kinds: Kinds, request: Request, path: str) -> Response:
    if discovery.AGGREGATED in request.headers.get("accept", "").replace(" ", ""):
        body = orjson.dumps(discovery.aggregated(kinds, core=path == "/api"))
        return Response(body, headers={"content-type": discovery.AGGREGATED})
    address = request.url.netloc
    told = discovery.core_versions(address) if path == "/api" else discovery.group_list(kinds)
    return Response(orjson.dumps(told), media_type="application/json")


def _body(cluster: Cluster, path: str) -> Json | None:
    kinds, groups = cluster.kinds, cluster.kinds.groups()
    match path.split("/")[1:]:
        case ["version"]:
            return discovery.VERSION
        case ["openapi", "v3"]:
            return openapi.index(kinds)
        case ["openapi", "v3", *rest]:
            return openapi.group_version(kinds, "/".join(rest), cluster.whole_schema)
        case ["api", version] if version in groups.get("", {}):
            return discovery.resource_list(version, groups[""][version])
        case ["apis", group] if group in groups:
            about = discovery.api_group(group, groups[group])
            return {"kind": "APIGroup", "apiVersion": "v1", **about}
        case ["apis", group, version] if version in groups.get(group, {}):
            return discovery.resource_list(f"{group}/{version}", groups[group][version])
        case _:
            return None
