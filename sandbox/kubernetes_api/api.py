"""From an HTTP request to the part that answers it."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core.clock import utc_now
from sandbox.kubernetes_api import discovery, reading
from sandbox.kubernetes_api.calls import Call, Caller, Target, target_of
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.pod_logs import read_log
from sandbox.kubernetes_api.statuses import (
    Refusal,
    method_not_allowed,
    no_such_resource,
    unauthorized,
)

Json = dict[str, Any]
Now = Callable[[], datetime]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ADMIN = Caller("admin", ("system:masters", "system:authenticated"))


class KubernetesApi:
    """Answers requests about one cluster. All of it runs on one event loop, so nothing is locked."""

    def __init__(self, cluster: Cluster, *, token: str, now: Now = utc_now) -> None:
        self.cluster = cluster
        self._token = token
        self._now = now
        self._pages = reading.Pages()

    async def __call__(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return as_json(refusal.status, code=refusal.code)

    async def _answer(self, request: Request) -> Response:
        caller = self._caller(request)
        if found := self._document(request):
            return found
        target = target_of(request.url.path)
        if target is None:
            return PlainTextResponse("404 page not found\n", 404)
        kind = self.cluster.kinds.at(target.group, target.version, target.plural)
        if kind is None:
            raise no_such_resource()
        body = await request.body()
        call = Call(caller, request.method, target, request.query_params, request.headers, body)
        return await self._resource(call, kind)

    async def _resource(self, call: Call, kind: Kind) -> Response:
        target, verb = call.target, call.verb
        if verb == "get" and target.subresource == "log" and kind.resource == "pods":
            pod = reading.get(self.cluster, kind, target.namespace, target.name)
            return PlainTextResponse(read_log(self.cluster, pod, call, now=self._now()))
        if verb == "get":
            return as_json(reading.get(self.cluster, kind, target.namespace, target.name))
        if verb == "list":
            page = reading.list_page(self.cluster, self._pages, call, kind)
            return as_json(reading.list_body(page, kind))
        raise method_not_allowed()

    def _caller(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return Caller("system:anonymous", ("system:unauthenticated",))
        if scheme.lower() == "bearer" and secrets.compare_digest(token, self._token):
            return ADMIN
        raise unauthorized()

    def _document(self, request: Request) -> Response | None:
        """Discovery and the other documents that are about no object."""
        path, kinds = request.url.path.rstrip("/"), self.cluster.kinds
        if path == "/version":
            return as_json(discovery.VERSION)
        if path in {"/healthz", "/livez", "/readyz"}:
            return PlainTextResponse("ok")
        if path in {"/api", "/apis"}:
            if discovery.AGGREGATED in request.headers.get("accept", "").replace(" ", ""):
                body = discovery.aggregated(kinds, core=path == "/api")
                return as_json(body, media_type=discovery.AGGREGATED)
            address = request.url.netloc
            return as_json(
                discovery.core_versions(address) if path == "/api" else discovery.group_list(kinds)
            )
        return self._group_document(path)

    def _group_document(self, path: str) -> Response | None:
        groups = self.cluster.kinds.groups()
        _, root, *parts = [*path.split("/"), ""][:-1]
        if root == "api":
            parts = ["", *parts]
        versions = groups.get(parts[0]) if root in {"api", "apis"} and parts else None
        if versions is None:
            return None
        match parts:
            case [group] if group:
                return as_json(
                    {"kind": "APIGroup", "apiVersion": "v1", **discovery.api_group(group, versions)}
                )
            case [group, version] if version in versions:
                name = f"{group}/{version}" if group else version
                return as_json(discovery.resource_list(name, versions[version]))
            case _:
                return None


def as_json(body: Any, *, code: int = 200, media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(body), code, media_type=media_type)


def routes(api: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    """Everything that is not another API's belongs to Kubernetes, as on a real server."""

    async def endpoint(request: Request) -> Response:
        return await api(request)

    return [Route("/{path:path}", endpoint, methods=METHODS)]


__all__ = ["ADMIN", "KubernetesApi", "Target", "as_json", "routes"]
