"""Anthropic's Messages API: the events of one reply."""

import json
from collections.abc import Iterator

from evals.providers.saying import Json, Say, arguments_pieces, new_id, text_pieces


def anthropic_events(say: Say, model: str) -> Iterator[tuple[str, Json]]:
    usage = anthropic_usage(say)
    message: Json = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
    }
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
        block: Json = {"type": "tool_use", "id": new_id("toolu"), "name": name, "input": {}}
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


def anthropic_stream(say: Say, model: str) -> Iterator[str]:
    for name, data in anthropic_events(say, model):
        yield f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"
