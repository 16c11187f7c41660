"""From an HTTP request to the part that answers it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from core.clock import utc_now
from sandbox.kubernetes_api import changing, reading
from sandbox.kubernetes_api.access import Access, Wish, forbidden, forbidden_path
from sandbox.kubernetes_api.admission import warnings
from sandbox.kubernetes_api.binding import bind
from sandbox.kubernetes_api.callers import ADMIN, caller_of
from sandbox.kubernetes_api.calls import Call, target_of
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.deleting import delete
from sandbox.kubernetes_api.documents import document
from sandbox.kubernetes_api.fields import at
from sandbox.kubernetes_api.kinds import REVIEWS, Kind
from sandbox.kubernetes_api.options import DeleteOptions, check_listing, check_writing
from sandbox.kubernetes_api.pod_changes import PARTS
from sandbox.kubernetes_api.pod_logs import follow_log, read_log
from sandbox.kubernetes_api.reviews import review
from sandbox.kubernetes_api.shapes import shape_of
from sandbox.kubernetes_api.statuses import Refusal, method_not_allowed, no_such_resource, not_found
from sandbox.kubernetes_api.views import view
from sandbox.kubernetes_api.watching import Watch
from sandbox.kubernetes_api.writing import Writing

Json = dict[str, Any]
Now = Callable[[], datetime]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_OK, _CREATED = 200, 201


class KubernetesApi:
    """Answers requests about one cluster. All of it runs on one event loop, so nothing is locked."""

    def __init__(self, cluster: Cluster, *, token: str, now: Now = utc_now) -> None:
        self.cluster = cluster
        self._access = Access(cluster.store)
        self._tokens = {token: ADMIN}
        self._now = now
        self._pages = reading.Pages()
        self._stopping = False

    def stop(self) -> None:
        """End every watch, so that a server need not wait for its clients."""
        self._stopping = True
        self.cluster.store.wake()

    async def __call__(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return as_json(refusal.status, code=refusal.code)

    async def _answer(self, request: Request) -> Response:
        caller = caller_of(request.headers, self._tokens, self._access)
        path = request.url.path
        target = target_of(path)
        if target is None:
            verb = request.method.lower()
            if not self._access.allows_path(caller, verb, path):
                raise forbidden_path(caller, verb, path)
            return document(self.cluster, request)
        body = await request.body()
        call = Call(caller, request.method, target, request.query_params, request.headers, body)
        wish = _wish(call)
        kind = self.cluster.kinds.at(target.group, target.version, target.plural)
        if not self._access.allows(caller, wish):
            raise forbidden(caller, wish, kind)
        if kind is None:
            raise no_such_resource()
        return self._resource(call, kind)

    def _resource(self, call: Call, kind: Kind) -> Response:
        if kind in REVIEWS and call.verb == "create":
            return as_json(review(self._access, call, kind), code=_CREATED)
        if kind.resource == "bindings" and call.verb == "create":
            return self._bound(call)
        if call.verb in {"create", "update", "patch"}:
            check_writing(call)
        if call.target.subresource:
            return self._subresource(call, kind)
        if call.verb not in kind.verbs or not _is_addressed(call, kind):
            raise method_not_allowed()
        if call.verb in {"get", "list", "watch"}:
            return self._read(call, kind)
        return self._write(call, kind)

    def _read(self, call: Call, kind: Kind) -> Response:
        if call.verb != "get":
            check_listing(call)
        shape = shape_of(call, kind, self._now)
        if call.verb == "watch":
            watch = Watch.of(call, kind, self.cluster.store, shape.one)
            lines = watch.lines(lambda: self._stopping)
            return StreamingResponse(lines, media_type="application/json")
        if call.verb == "get":
            call.version()
            one = reading.get(self.cluster, kind, call.target.namespace, call.target.name)
            return as_json(shape.one(one))
        return as_json(shape.page(reading.list_page(self.cluster, self._pages, call, kind)))

    def _write(self, call: Call, kind: Kind) -> Response:
        writing = Writing(self.cluster, call, kind, self._now())
        before = self.cluster.store.get(writing.key)
        match call.verb:
            case "create":
                return self._written(writing, writing.create(call.content()), None)
            case "update":
                return self._written(writing, writing.replace(call.content()), before)
            case "patch":
                return self._written(writing, changing.patch(writing), before)
            case "delete":
                return as_json(delete(writing, DeleteOptions.of(call)))
            case _:
                options = DeleteOptions.of(call)
                page = reading.list_page(self.cluster, self._pages, call, kind)
                for one in page.items:
                    delete(writing.at(one), options)
                return as_json(reading.list_body(page, kind))

    def _written(self, writing: Writing, one: Json, before: Json | None) -> Response:
        shape = shape_of(writing.call, writing.kind, self._now)
        response = as_json(shape.one(one), code=_OK if before else _CREATED)
        for text in (*writing.warnings, *warnings(self.cluster.store, one, before)):
            response.headers.append("warning", _warning(text))
        return response

    def _subresource(self, call: Call, kind: Kind) -> Response:
        name, writing = call.target.subresource, Writing(self.cluster, call, kind, self._now())
        if name not in kind.subresources:
            raise no_such_resource() if kind.builtin else not_found(kind, call.target.name)
        match name, call.verb:
            case "log", "get":
                return self._log(writing.current(), call)
            case "binding", "create":
                return as_json(bind(writing), code=_CREATED)
            case "eviction", "create":
                return as_json(changing.evict(writing), code=_CREATED)
            case _ if (name, call.verb) in _PARTS:
                return as_json(_PARTS[name, call.verb](writing))
            case _:
                raise method_not_allowed()

    def _bound(self, call: Call) -> Response:
        """A Binding on its own: the pod is the one of its name."""
        pods = self.cluster.kinds.at("", "v1", "pods")
        assert pods
        named = str(at(call.content(), "metadata", "name") or "")
        writing = Writing(self.cluster, call, pods, self._now())
        about = {"metadata": {"name": named, "namespace": call.target.namespace}}
        return as_json(bind(writing.at(about)), code=_CREATED)

    def _log(self, pod: Json, call: Call) -> Response:
        log = read_log(self.cluster, pod, call, now=self._now())
        if not call.flag("follow"):
            return PlainTextResponse(log)
        followed = follow_log(
            self.cluster, pod, call, now=self._now, is_over=lambda: self._stopping
        )
        return StreamingResponse(followed, media_type="text/plain; charset=utf-8")


def _shown(writing: Writing) -> Json:
    return view(writing.kind, writing.current())


def _replaced(writing: Writing) -> Json:
    return writing.replace(writing.call.content())


# Parts that are sent and shown as the whole object.
_OWN_FORM = ("status", *PARTS)
_PARTS: Mapping[tuple[str, str], Callable[[Writing], Json]] = {
    ("scale", "get"): lambda writing: changing.scale_of(writing.current()),
    ("scale", "update"): changing.replace_scale,
    ("scale", "patch"): changing.patch_scale,
    **{(part, "get"): _shown for part in _OWN_FORM},
    **{(part, "update"): _replaced for part in _OWN_FORM},
    **{(part, "patch"): changing.patch for part in _OWN_FORM},
    ("finalize", "update"): lambda writing: writing.finalize(writing.call.content()),
}


def _warning(told: str) -> str:
    readable = "".join(c if c.isascii() and c.isprintable() else "?" for c in told)
    quoted = readable.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'


def _is_addressed(call: Call, kind: Kind) -> bool:
    """A new object has no address yet, a change needs one; a collection to write is a namespace's."""
    named = bool(call.target.name)
    if call.verb in {"create", "deletecollection"}:
        return not named and (bool(call.target.namespace) or not kind.namespaced)
    return named or call.verb in {"list", "watch"}


def _wish(call: Call) -> Wish:
    target = call.target
    return Wish(
        call.verb, target.group, target.plural, target.namespace, target.name, target.subresource
    )


def as_json(body: Any, *, code: int = 200) -> Response:
    return Response(orjson.dumps(body), code, media_type="application/json")


def routes(api: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    """Everything that is not another API's belongs to Kubernetes, as on a real server."""

    async def endpoint(request: Request) -> Response:
        return await api(request)

    return [Route("/{path:path}", endpoint, methods=METHODS)]
