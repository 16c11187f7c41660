"""An instant model provider: Anthropic's streaming API, answering from a fixed plan.

    python -m tools.measure.provider PORT

A request gets the next tool call of the plan until as many results came back as the plan is long,
then a sentence. The plan is the JSON list of [tool, arguments] in the first user message behind
the mark PLAN, or one light call when there is none. It answers in microseconds, so that what is
measured is Midwatch.
"""

import asyncio
import json
import sys
from typing import Any

from evals.wire import answering

LIGHT: list[list[Any]] = [["kubernetes_list_namespaces", {}]]
Json = dict[str, Any]


def blocks(messages: list[Json]) -> list[Json]:
    return [
        block
        for message in messages
        for block in (message["content"] if isinstance(message["content"], list) else [])
    ]


def plan_of(messages: list[Json]) -> list[list[Any]]:
    texts = [json.dumps(message["content"]) for message in messages if message["role"] == "user"]
    marked = [text for text in texts if "PLAN10" in text]
    storefront = {"namespace": "shop", "name": "storefront"}
    # Every line has each of these letters: other questions, and results as long.
    heavy = [
        ["kubernetes_get_logs", {**storefront, "grep": letter, "tail": 46 + n}]
        for n, letter in enumerate('levmsg{:}"')
    ]
    return heavy if marked else LIGHT


def turn(body: Json) -> list[Json]:
    """The events of one answer."""
    messages: list[Json] = body["messages"]
    questions = [
        n
        for n, one in enumerate(messages)
        if one["role"] == "user" and "tool_result" not in json.dumps(one["content"])
    ]
    now = messages[questions[-1] :]
    done = sum(block.get("type") == "tool_result" for block in blocks(now))
    plan = plan_of(now)
    if done < len(plan):
        tool, arguments = plan[done]
        start: Json = {
            "type": "tool_use",
            "id": f"toolu_{len(messages)}_{done}",
            "name": tool,
            "input": {},
        }
        delta: Json = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        return _message(start, delta, "tool_use")
    start = {"type": "text", "text": ""}
    return _message(start, {"type": "text_delta", "text": "Nothing is wrong [1]."}, "end_turn")


def _message(start: Json, delta: Json, why: str) -> list[Json]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "instant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 1},
    }
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": why, "stop_sequence": None},
            "usage": {"output_tokens": 10},
        },
        {"type": "message_stop"},
    ]


def events(body: Json) -> list[str]:
    return [f"event: {one['type']}\ndata: {json.dumps(one)}" for one in turn(body)]


async def main(port: int) -> None:
    async with answering(events, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
