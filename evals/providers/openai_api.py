"""OpenAI's two APIs, chat completions and responses: the events of one reply."""

import json
from collections.abc import Iterator

from evals.providers.saying import Json, Say, arguments_pieces, new_id, text_pieces


def openai_chunks(say: Say, model: str) -> Iterator[Json]:
    def chunk(delta: Json, finish: str | None = None) -> Json:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in text_pieces(say.text):
        yield chunk({"content": piece})
    for n, (name, arguments) in enumerate(say.calls):
        call_id = {} if say.no_ids else {"id": new_id("call")}
        function = {"name": name, "arguments": ""}
        yield chunk(
            {"tool_calls": [{"index": n, **call_id, "type": "function", "function": function}]}
        )
        for piece in arguments_pieces(arguments):
            yield chunk({"tool_calls": [{"index": n, "function": {"arguments": piece}}]})
    yield chunk({}, "content_filter" if say.declines else "tool_calls" if say.calls else "stop")
    if not say.uncounted:
        yield {**chunk({}), "choices": [], "usage": openai_usage(say)}


def openai_stream(say: Say, model: str) -> Iterator[str]:
    for chunk in openai_chunks(say, model):
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def responses_events(say: Say, model: str) -> Iterator[Json]:
    """The newer OpenAI API, which the package speaks to OpenAI itself for models of today."""
    head: Json = {"id": "resp_1", "object": "response", "created_at": 1, "model": model}
    common: Json = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    begun: Json = {**head, **common, "status": "in_progress", "output": []}
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
    if not say.text and not say.declines:
        return []
    content: list[Json] = [{"type": "output_text", "text": say.text, "annotations": []}]
    if say.declines:
        content = [{"type": "refusal", "refusal": say.text}]
    head = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    return [{**head, "content": content}]


def _call_items(say: Say) -> list[Json]:
    return [
        {
            "id": new_id("fc"),
            "call_id": new_id("call"),
            "type": "function_call",
            "status": "completed",
            "name": name,
            "arguments": "".join(arguments_pieces(arguments)),
        }
        for name, arguments in say.calls
    ]


def _item_events(n: int, item: Json) -> Iterator[Json]:
    place = {"output_index": n, "item_id": item["id"]}
    empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    added: Json = {**item, **empty, "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": n, "item": added}
    if item["type"] == "message" and item["content"][0]["type"] == "refusal":
        told = {"content_index": 0, "refusal": item["content"][0]["refusal"]}
        yield {"type": "response.refusal.done", **place, **told}
    elif item["type"] == "message":
        text = item["content"][0]["text"]
        part: Json = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", **place, "content_index": 0, "part": part}
        for piece in text_pieces(text):
            told: Json = {"content_index": 0, "delta": piece, "logprobs": []}
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
