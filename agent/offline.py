"""A rule-based planner behind BaseChatModel: tool calls out, then the answer from their results.

It stands where a model would, so the same graph, limits and events run without any key.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent.answers import answer
from agent.asked import Asked
from agent.following import goes_on
from agent.planning import as_found, next_steps
from agent.steps import Step
from agent.toolbox import Result, new_call

# How what was marked as data begins.
DATA = "<tool_data"
# Where a spoken answer is cut: after a sentence or a line.
PIECE = re.compile(r".+?(?:[.!?;]\s+|[。！？；]|\n+|$)", re.DOTALL)


class OfflinePlanner(BaseChatModel):
    """Plans by rules. Its input is read from the messages, like any model's."""

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The tools as `toolbox.offer` describes them."""
        return self.bind(tools=tools)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = _reply(messages, kwargs.get("tools", ()))
        return ChatResult(generations=[ChatGeneration(message=reply)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = _reply(messages, kwargs.get("tools", ()))
        for chunk in _chunks(reply):
            yield ChatGenerationChunk(message=chunk)


def _reply(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    """The next calls; once there are none, the answer."""
    asked, results = _situation(messages)
    offered = {
        tool["function"]["name"]: frozenset(tool["function"]["parameters"].get("properties", {}))
        for tool in tools
    }
    meant = as_found(asked, results)
    if steps := next_steps(meant, results, offered):
        return AIMessage(content="", tool_calls=[_call(step) for step in steps])
    if meant is not asked and not any(meant.is_in(one.data) for one in results if one.ok):
        meant, results = asked, [one for one in results if not one.ok]
    return AIMessage(content=answer(meant, results))


def _situation(messages: Sequence[BaseMessage]) -> tuple[Asked, list[Result]]:
    """The last question, and what the tools said to it."""
    place, asked = max(
        (place, one)
        for place, one in enumerate(messages)
        if isinstance(one, HumanMessage) and "asked" in one.additional_kwargs
    )
    results = [
        Result.of(one.artifact)
        for one in messages[place:]
        if isinstance(one, ToolMessage) and one.artifact
    ]
    return replace(Asked.of(asked), earlier=_earlier(messages[:place])), results


def _earlier(messages: Sequence[BaseMessage]) -> str:
    """The question before; together with the one before that when it was half a one."""
    asked = [
        str(one.content)
        for one in messages
        if isinstance(one, HumanMessage) and not str(one.content).startswith(DATA)
    ]
    told = asked[-2:] if asked and goes_on(asked[-1]) else asked[-1:]
    return " ".join(told)


def _call(step: Step) -> Any:
    call = new_call(step.tool, step.arguments)
    return {"id": call["id"], "name": call["name"], "args": call["args"], "type": "tool_call"}


def _chunks(reply: AIMessage) -> Iterator[AIMessageChunk]:
    """The calls in one piece, an answer sentence by sentence."""
    if reply.tool_calls:
        yield AIMessageChunk(content="", tool_calls=reply.tool_calls, chunk_position="last")
        return
    for piece in PIECE.findall(str(reply.content)):
        yield AIMessageChunk(content=piece)
