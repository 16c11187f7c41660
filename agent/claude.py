"""Anthropic's models over Anthropic's SDK, which is handed the request as it will be sent."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import orjson
from anthropic import APIConnectionError, APITimeoutError, AsyncStream, RequestOptions
from anthropic.types import Message, RawMessageStreamEvent
from langchain_anthropic import ChatAnthropic
from pydantic import PrivateAttr

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


# What carries the SDK's requests: its client is ours, and its errors are those of this library.
TRANSPORT = import_module("httpx2")


@dataclass(frozen=True, slots=True)
class Streaming:
    """An answer that has begun, as the package takes it."""

    events: AsyncStream[RawMessageStreamEvent]

    def parse(self) -> AsyncStream[RawMessageStreamEvent]:
        """Its events."""
        return self.events


class Claude(ChatAnthropic):
    """The package's model, but for how a request is written down.

    The SDK looks for files to read and types to convert in every value of a request, copies all of it and then
    writes it in Python: a twentieth of a turn in which many results are sent again and again. Ours are plain values.
    It also puts every request together from its options, though only the body differs from one to the next, which is
    half of what sending one takes: it makes the first, and the others are like that one.
    """

    _like: dict[str, Any] | None = PrivateAttr(default=None)

    async def _acreate(self, payload: dict[str, Any]) -> Any:
        content = _written(payload)
        if content is None:
            return await super()._acreate(payload)
        if self._like is not None:
            return await self._sent(content, self._like)
        raw: Any = await self._async_client.post(
            PATH,
            content=content,
            cast_to=Message,
            stream=True,
            stream_cls=AsyncStream[RawMessageStreamEvent],
            options=RAW,
        )
        if not self._uses_gateway:
            self._like = _without_body(raw.http_request)
        return raw

    async def _sent(self, content: bytes, like: dict[str, Any]) -> Streaming:
        """Raises what the SDK raises."""
        # Neither its HTTP client nor its way from a status to an error has a public name.
        client: Any = self._async_client
        event = cast("type[RawMessageStreamEvent]", RawMessageStreamEvent)
        request = TRANSPORT.Request(**like, content=content)
        try:
            response: Any = await client._client.send(request, stream=True)  # noqa: SLF001 - its connections
        except TRANSPORT.TimeoutException as error:
            raise APITimeoutError(request=request) from error
        except TRANSPORT.HTTPError as error:
            raise APIConnectionError(request=request) from error
        if not response.is_success:
            await response.aread()
            raise client._make_status_error_from_response(response)  # noqa: SLF001 - as it raises
        return Streaming(AsyncStream(cast_to=event, response=response, client=client))


def _without_body(request: Any) -> dict[str, Any]:
    """What the request would be made of; the length of another body is another."""
    headers = request.headers.copy()
    del headers["content-length"]
    return {
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "extensions": request.extensions,
    }


def _written(payload: dict[str, Any]) -> bytes | None:
    """None for what the SDK writes better: an unknown parameter, a number without end, no stream."""
    if not payload.keys() <= BODY or not payload.get("stream"):
        return None
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:
        return None
