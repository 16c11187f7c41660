"""What surrounds every request: its id, its bounds, its measure, and headers browsers obey."""

import asyncio
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import monotonic_s
from core.telemetry import Metrics, bound, logger

# A client may send a whole conversation along, though only its newest message is read.
MAX_BODY_BYTES = 4 * 1024 * 1024
# Pages are sent as files: these may be as great as what is read of one, and a little more.
FILES = "/api/v1/knowledge/documents/"
MAX_FILE_BYTES = 21 * 1024 * 1024
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
log = logger("midwatch.http")


class Envelope:
    """Around every request: its id, its measure, one log line, and headers that browsers obey.

    The next part of its body is waited for `patience_s`, and no longer.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, patience_s: float) -> None:
        self._app, self._metrics, self._patience_s = app, metrics, patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        started_s = monotonic_s()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_headers(headers, request_id)
                headers.update(scope["state"].get("rate_headers") or {})
                self._note(scope, int(message["status"]), monotonic_s() - started_s)
            await send(message)

        with bound(request_id=request_id):
            bounded = _bounded(receive, _most_bytes(scope), self._patience_s)
            await self._app(scope, bounded, answered)

    def _note(self, scope: Scope, status: int, duration_s: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        self._metrics.request_answered(scope["method"], route, status, duration_s)
        if scope["path"] not in QUIET:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round(duration_s * 1000),
            )


def _most_bytes(scope: Scope) -> int:
    is_file = scope["method"] == "PUT" and scope["path"].startswith(FILES)
    return MAX_FILE_BYTES if is_file else MAX_BODY_BYTES


def _bounded(receive: Receive, most: int, patience_s: float) -> Receive:
    """`receive` that refuses a body over the bound or too slow, as soon as it is.

    After the body it waits as long as it takes: that is how one hears that the caller went away.
    """
    size, whole = 0, False

    async def bounded() -> Message:
        nonlocal size, whole
        try:
            async with asyncio.timeout(None if whole else patience_s):
                message = await receive()
        except TimeoutError as error:
            told = f"The next part of the body did not come within {patience_s:g} s."
            raise HTTPException(408, f"{told} Send it again.") from error
        size, whole = size + len(message.get("body", b"")), not message.get("more_body")
        if size > most:
            raise HTTPException(413, f"A request has at most {most} bytes.")
        return message

    return bounded


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else str(uuid4())


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "cache-control" not in headers:
        headers["Cache-Control"] = "no-store"
