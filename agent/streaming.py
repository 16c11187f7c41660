"""The pieces of a model's reply, as its package makes them."""

# pyright: reportUnknownMemberType=false

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk


async def pieces(
    model: BaseChatModel, messages: Sequence[BaseMessage], options: Mapping[str, Any]
) -> AsyncGenerator[AIMessageChunk]:
    """The pieces, and at their end an empty one that says so.

    By the method that every package implements. LangChain's own `astream` around it tells callbacks and
    tracers, none of which exist here, and puts all pieces together once more.
    """
    told = model._astream(list(messages), **options)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    ended = True
    async with aclosing(cast("AsyncGenerator[ChatGenerationChunk]", told)) as stream:
        async for one in stream:
            if isinstance(piece := one.message, AIMessageChunk):
                piece.response_metadata = {**(one.generation_info or {}), **piece.response_metadata}
                ended = piece.chunk_position == "last"
                yield piece
    if not ended:
        yield AIMessageChunk(content="", chunk_position="last")
