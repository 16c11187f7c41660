"""Fake providers: real servers on loopback, in a thread of their own.

The product talks to them through the real SDKs, over real sockets, with real server-sent events.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from evals.providers.anthropic_api import anthropic_stream
from evals.providers.checking import what_is_wrong
from evals.providers.openai_api import openai_stream, responses_stream
from evals.providers.saying import Json, Reply, Say


@dataclass
class Provider:
    """A running fake: its address, its script, and what it was asked.

    `meets`: nobody is answered before so many requests have come. `most` were answered at the same time.
    """

    base_url: str = ""
    script: list[Reply] = field(default_factory=list[Reply])
    meets: int = 0
    most: int = 0
    at_once: int = 0
    requests: list[Json] = field(default_factory=list[Json])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    speaking: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    met: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, body: Json) -> Say:
        """The next reply of the script; the last one is said for ever."""
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return reply if isinstance(reply, Say) else reply(body)

    async def meet(self) -> None:
        """Wait for the others."""
        if len(self.requests) >= self.meets:
            self.met.set()
        await self.met.wait()


def application(provider: Provider) -> Starlette:
    async def anthropic(request: Request) -> Response:
        return await _answered(request, provider, anthropic_stream)

    async def openai(request: Request) -> Response:
        return await _answered(request, provider, openai_stream)

    async def responses(request: Request) -> Response:
        return await _answered(request, provider, responses_stream)

    return Starlette(
        routes=[
            Route("/v1/responses", responses, methods=["POST"]),
            Route("/v1/messages", anthropic, methods=["POST"]),
            Route("/v1/chat/completions", openai, methods=["POST"]),
        ]
    )


# What the providers call an error of this status, where their names differ.
ANTHROPIC_NAMES = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
OPENAI_NAMES = {401: "invalid_api_key", 429: "rate_limit_exceeded", 500: "server_error"}


def error_body(say: Say, path: str) -> Json:
    """A refusal in the words of the provider that is asked at `path`."""
    if path == "/v1/messages":
        named = say.error or ANTHROPIC_NAMES.get(say.status, "api_error")
        message = "Scripted"
        if say.error == "too_long":
            named, message = "invalid_request_error", "prompt is too long:"
        error = {"type": named, "message": f"{message} failure {say.status}"}
        return {"type": "error", "error": error}
    code = "context_length_exceeded" if say.error == "too_long" else say.error
    error = {"message": f"Scripted failure {say.status}", "type": "invalid_request_error"}
    return {"error": {**error, "code": code or OPENAI_NAMES.get(say.status)}}


async def _answered(request: Request, provider: Provider, stream: Any) -> Response:
    body: Json = await request.json()
    provider.requests.append(body)
    provider.headers.append(dict(request.headers))
    provider.asked.set()
    await provider.meet()
    say = provider.next(body)
    if wrong := what_is_wrong(body):
        say = Say(status=400, error=wrong)
    told = error_body(say, request.url.path)
    if say.status != 200:
        headers = {"Retry-After": say.retry_after} if say.retry_after else {}
        return JSONResponse(told, status_code=say.status, headers=headers)
    pieces = [say.raw] if say.raw is not None else list(stream(say, body["model"]))
    if say.error_after is not None:
        pieces[say.error_after :] = [f"event: error\ndata: {json.dumps(told)}\n\n"]
    sent = _sent(pieces, say, provider)
    return StreamingResponse(sent, media_type="text/event-stream")


async def _sent(pieces: Sequence[str], say: Say, provider: Provider) -> AsyncIterator[str]:
    """Ending without the closing events is what a broken connection looks like to a client."""
    provider.at_once += 1
    provider.most = max(provider.most, provider.at_once)
    try:
        await asyncio.sleep(say.pause_s)
        for piece in pieces[: say.cut_after]:
            yield piece
            provider.speaking.set()
            await asyncio.sleep(say.drip_s)
    except asyncio.CancelledError:
        provider.abandoned.set()
        raise
    finally:
        provider.at_once -= 1


@contextmanager
def provider_serving(*script: Reply) -> Generator[Provider]:
    """A fake provider on a free port of loopback, for as long as the block lasts."""
    provider = Provider(script=list(script) or [Say("Nothing to say.")])
    config = uvicorn.Config(
        application(provider), host="127.0.0.1", port=0, log_level="critical", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    provider.base_url = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)
