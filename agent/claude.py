"""Anthropic's models over Anthropic's SDK, which is handed the request as it will be sent."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from typing import Any

import orjson
from anthropic import AsyncStream, RequestOptions
from anthropic.types import Message, RawMessageStreamEvent
from langchain_anthropic import ChatAnthropic

PATH = "/v1/messages"
# What of a request is a part of its body; anything else is for the SDK to sort out.
BODY = frozenset(
    {
        *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream"),
        *("cache_control", "thinking"),
    }
)
# As the SDK's `with_raw_response` says it, which the package builds upon.
RAW: RequestOptions = {"headers": {"X-Stainless-Raw-Response": "raw"}}


class Claude(ChatAnthropic):
    """The package's model, but for how a request is written down.

    The SDK looks for files to read and types to convert in every value of a request, copies all of it and then
    writes it in Python: a twentieth of a turn in which many results are sent again and again. Ours are plain values.
    """

    async def _acreate(self, payload: dict[str, Any]) -> Any:
        content = _written(payload)
        if content is None:
            return await super()._acreate(payload)
        return await self._async_client.post(
            PATH,
            content=content,
            cast_to=Message,
            stream=True,
            stream_cls=AsyncStream[RawMessageStreamEvent],
            options=RAW,
        )


def _written(payload: dict[str, Any]) -> bytes | None:
    """None for what the SDK writes better: an unknown parameter, a number without end, no stream."""
    if not payload.keys() <= BODY or not payload.get("stream"):
        return None
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:
        return None
