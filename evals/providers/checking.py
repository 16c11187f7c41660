"""What providers refuse of a conversation: calls without an answer, answers without a call."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from evals.providers.saying import Json


def what_is_wrong(body: Json) -> str:
    """Why a provider would refuse this conversation; "" when it would not."""
    asked: list[str] = []
    for kind, ids in _steps(body.get("messages") or body.get("input") or ()):
        if kind == "answers":
            if strangers := [one for one in ids if one not in asked]:
                return f"an answer to no call: {strangers[0]}"
            asked = [one for one in asked if one not in ids]
        elif asked and kind != "one of the calls":
            return f"a call without its answer: {asked[0]}"
        if kind in ("calls", "one of the calls"):
            asked += ids
    return f"a call without its answer: {asked[0]}" if asked else ""


def _steps(messages: Sequence[Json]) -> Iterator[tuple[str, list[str]]]:
    """Calls, answers and words of both dialects, in their order."""
    for message in messages:
        content: Any = message.get("content")
        blocks = cast("list[Json]", content) if isinstance(content, list) else []
        answers = [one["tool_use_id"] for one in blocks if one.get("type") == "tool_result"]
        calls = [one["id"] for one in blocks if one.get("type") == "tool_use"]
        calls += [one["id"] for one in message.get("tool_calls") or ()]
        if message.get("role") == "tool":
            answers.append(message["tool_call_id"])
        if message.get("type") == "function_call_output":
            answers.append(message["call_id"])
        if message.get("type") == "function_call":  # the calls of one reply follow each other
            yield "one of the calls", [message["call_id"]]
            continue
        yield ("answers", answers) if answers else ("calls", calls) if calls else ("words", [])
