"""The HTTP APIs of Anthropic and OpenAI, as far as their SDKs use them, answering from a script.

Real servers on loopback, in a thread of their own: the product talks to them through the real
SDKs, over real sockets, with real server-sent events.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]


@dataclass(frozen=True)
class Say:
    """One reply of the model. What makes it a bad one is named by its field.

    `pause_s` waits before the first event, `drip_s` before every further one; `cut_after` closes
    the connection after so many events, `error_after` says an error there instead; `raw` is sent as
    it is, instead of events. `error` names the error of a status or of a stream. `uncounted`: the
    provider does not say what it counted.
    """

    text: str = ""
    calls: Sequence[tuple[str, Json | str]] = ()
    status: int = 200
    pause_s: float = 0.0
    drip_s: float = 0.0
    cut_after: int | None = None
    error: str = ""
    error_after: int | None = None
    retry_after: str = ""
    declines: bool = False
    raw: str | None = None
    input_tokens: int = 100
    output_tokens: int = 20
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    uncounted: bool = False
    no_ids: bool = False


@dataclass
class Provider:
    """A running fake: its address, its script, and what it was asked."""

    base_url: str = ""
    script: list[Say] = field(default_factory=list[Say])
    requests: list[Json] = field(default_factory=list[Json])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    speaking: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Say:
        """The next reply of the script; the last one is said for ever."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def text_pieces(text: str) -> list[str]:
    """Words with the space behind them, as models stream."""
    words = text.split(" ")
    return [f"{word} " for word in words[:-1]] + words[-1:] if text else []


def arguments_pieces(arguments: Json | str) -> list[str]:
    told = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return [told[i : i + 12] for i in range(0, len(told), 12)] or [""]


def anthropic_events(say: Say, model: str) -> Iterator[tuple[str, Json]]:
    usage = anthropic_usage(say)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    stop: Json = {"stop_reason": None, "stop_sequence": None, "usage": usage}
    yield "message_start", {"message": {**message, **stop}}
    index = 0
    if say.text:
        yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
        for piece in text_pieces(say.text):
            delta = {"type": "text_delta", "text": piece}
            yield "content_block_delta", {"index": 0, "delta": delta}
        yield "content_block_stop", {"index": 0}
        index = 1
    for n, (name, arguments) in enumerate(say.calls, start=index):
        block = {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": {}}
        yield "content_block_start", {"index": n, "content_block": block}
        for piece in arguments_pieces(arguments):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield "content_block_delta", {"index": n, "delta": delta}
        yield "content_block_stop", {"index": n}
    reason = "refusal" if say.declines else "tool_use" if say.calls else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield "message_delta", {"delta": delta, "usage": usage}
    yield "message_stop", {}


def anthropic_usage(say: Say) -> Json:
    """What was read from or written to the cache is not among `input_tokens` here."""
    if say.uncounted:
        return {"input_tokens": 0, "output_tokens": 0}
    return {
        "input_tokens": say.input_tokens - say.cache_read - say.cache_write,
        "cache_read_input_tokens": say.cache_read,
        "cache_creation_input_tokens": say.cache_write,
        "output_tokens": say.output_tokens,
    }


def openai_chunks(say: Say, model: str) -> Iterator[Json]:
    def chunk(delta: Json, finish: str | None = None) -> Json:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in text_pieces(say.text):
        yield chunk({"content": piece})
    for n, (name, arguments) in enumerate(say.calls):
        call_id = {} if say.no_ids else {"id": f"call_{n}"}
        function = {"name": name, "arguments": ""}
        yield chunk(
            {"tool_calls": [{"index": n, **call_id, "type": "function", "function": function}]}
        )
        for piece in arguments_pieces(arguments):
            yield chunk({"tool_calls": [{"index": n, "function": {"arguments": piece}}]})
    yield chunk({}, "content_filter" if say.declines else "tool_calls" if say.calls else "stop")
    if not say.uncounted:
        yield {**chunk({}), "choices": [], "usage": openai_usage(say)}


def responses_events(say: Say, model: str) -> Iterator[Json]:
    """The newer OpenAI API, which the package speaks to OpenAI itself for models of today."""
    head: Json = {"id": "resp_1", "object": "response", "created_at": 1, "model": model}
    common: Json = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    begun = {**head, **common, "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": begun}
    output = [*_message_item(say), *_call_items(say)]
    for n, item in enumerate(output):
        yield from _item_events(n, item)
    usage: Json = {
        "input_tokens": say.input_tokens,
        "output_tokens": say.output_tokens,
        "total_tokens": say.input_tokens + say.output_tokens,
        "input_tokens_details": {
            "cached_tokens": say.cache_read,
            "cache_write_tokens": say.cache_write,
        },
        "output_tokens_details": {"reasoning_tokens": say.reasoning},
    }
    ended = {**head, **common, "status": "completed", "output": output, "usage": usage}
    yield {"type": "response.completed", "response": ended}


def _message_item(say: Say) -> list[Json]:
    if not say.text:
        return []
    content: list[Json] = [{"type": "output_text", "text": say.text, "annotations": []}]
    if say.declines:
        content = [{"type": "refusal", "refusal": say.text}]
    head = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    return [{**head, "content": content}]


def _call_items(say: Say) -> list[Json]:
    return [
        {
            "id": f"fc_{n}",
            "call_id": f"call_{n}",
            "type": "function_call",
            "status": "completed",
            "name": name,
            "arguments": "".join(arguments_pieces(arguments)),
        }
        for n, (name, arguments) in enumerate(say.calls)
    ]


def _item_events(n: int, item: Json) -> Iterator[Json]:
    place = {"output_index": n, "item_id": item["id"]}
    empty = {"content": []} if item["type"] == "message" else {"arguments": ""}
    added = {**item, **empty, "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": n, "item": added}
    if item["type"] == "message" and item["content"][0]["type"] == "refusal":
        told = {"content_index": 0, "refusal": item["content"][0]["refusal"]}
        yield {"type": "response.refusal.done", **place, **told}
    elif item["type"] == "message":
        text = item["content"][0]["text"]
        part = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", **place, "content_index": 0, "part": part}
        for piece in text_pieces(text):
            told = {"content_index": 0, "delta": piece, "logprobs": []}
            yield {"type": "response.output_text.delta", **place, **told}
    else:
        for piece in arguments_pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    yield {"type": "response.output_item.done", "output_index": n, "item": item}


def responses_stream(say: Say, model: str) -> Iterator[str]:
    for n, event in enumerate(responses_events(say, model)):
        told = {**event, "sequence_number": n}
        yield f"event: {event['type']}\ndata: {json.dumps(told)}\n\n"


def openai_usage(say: Say) -> Json:
    total = say.input_tokens + say.output_tokens
    told = {"prompt_tokens": say.input_tokens, "completion_tokens": say.output_tokens}
    cached = {"cached_tokens": say.cache_read, "cache_write_tokens": say.cache_write}
    details = {"completion_tokens_details": {"reasoning_tokens": say.reasoning}}
    return {**told, "total_tokens": total, "prompt_tokens_details": cached, **details}


def anthropic_stream(say: Say, model: str) -> Iterator[str]:
    for name, data in anthropic_events(say, model):
        yield f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


def openai_stream(say: Say, model: str) -> Iterator[str]:
    for chunk in openai_chunks(say, model):
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


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
    say = provider.next()
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
    try:
        await asyncio.sleep(say.pause_s)
        for piece in pieces[: say.cut_after]:
            yield piece
            provider.speaking.set()
            await asyncio.sleep(say.drip_s)
    except asyncio.CancelledError:
        provider.abandoned.set()
        raise


@contextmanager
def provider_serving(*script: Say) -> Generator[Provider]:
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
