"""The one factory of subagents' loops: think → tools → think, on langgraph and langchain-core alone."""

# pyright: reportUnknownMemberType=false

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command
from typing_extensions import TypedDict

from agent.answers import partial_answer
from agent.limits import MAX_EMPTY_REPLIES, MAX_REPEATED_CALLS
from agent.listening import Bound, ModelFailed, calls_of, reply_of
from agent.models import Speaker
from agent.subagent import Subagent, prompt
from agent.toolbox import offer
from agent.turn import Turn
from mcp_servers.client import ToolSpec

EMPTY = "The model answered with nothing."
NUDGE = "Your last reply was empty. Call one of the tools, or answer the question in words."


class LoopState(TypedDict):
    """The messages of one subagent at work; they end with it."""

    messages: Annotated[list[AnyMessage], operator.add]


Loop = CompiledStateGraph[LoopState, Turn, Any, Any]
Next = Command[Literal["think", "tools", "refuse", "settle", "__end__"]]


@dataclass(slots=True)
class Minds:
    """A subagent's model, bound once for each set of tools a caller may be offered."""

    subagent: Subagent
    speaker: Speaker
    _bound: dict[tuple[str, ...], Bound] = field(default_factory=dict[tuple[str, ...], Bound])

    async def of(self, turn: Turn) -> tuple[Bound, list[ToolSpec]]:
        specs = await turn.tools.list(*self.subagent.servers)
        names = tuple(spec.name for spec in specs)
        if names not in self._bound:
            self._bound[names] = self.speaker.model.bind_tools([offer(spec) for spec in specs])
        return self._bound[names], specs


def build_subgraph(subagent: Subagent, speaker: Speaker) -> Loop:
    """A loop that always ends: every call is answered, every limit leads to `settle`."""
    minds = Minds(subagent, speaker)
    instructions = _instructions(speaker, prompt("common.md") + prompt(subagent.prompt))

    async def think(state: LoopState, runtime: Runtime[Turn]) -> Next:
        """Ask the model what to do next, unless the turn is used up."""
        turn, messages = runtime.context, state["messages"]
        if _used_up(turn):
            return Command(goto="settle")
        bound, _ = await minds.of(turn)
        try:
            reply = await reply_of(speaker, bound, [instructions, *messages], turn)
        except TimeoutError:
            turn.end_early("time_limit")
            return Command(goto="settle")
        except ModelFailed as failure:
            return _after_failure(turn, failure)
        return _after(reply, messages, turn)

    def _after(reply: AIMessage, messages: Sequence[AnyMessage], turn: Turn) -> Next:
        if reply.tool_calls:
            turn.calls += len(reply.tool_calls)
            goto = "refuse" if turn.calls > _limit(subagent, turn) else "tools"
            return Command(goto=goto, update={"messages": [reply]})
        turn.voice.end()
        if reply.text.strip():
            return Command(goto="__end__", update={"messages": [reply]})
        if _empty_replies(messages) + 1 >= MAX_EMPTY_REPLIES:
            return _after_failure(turn, ModelFailed(EMPTY))
        return Command(goto="think", update={"messages": [HumanMessage(NUDGE)]})

    async def tools(state: LoopState, runtime: Runtime[Turn]) -> LoopState:
        """Make the calls of the last reply, side by side."""
        turn, reply = runtime.context, _last_reply(state)
        _, specs = await minds.of(turn)
        answers = await turn.toolbox.call(calls_of(reply), specs, turn.run_id)
        return {"messages": [*answers]}

    async def refuse(state: LoopState, runtime: Runtime[Turn]) -> Next:
        """Answer calls over the limit with a sentence; the model has the last word once."""
        turn, reply = runtime.context, _last_reply(state)
        limit = _limit(subagent, turn)
        answers = turn.toolbox.refuse(calls_of(reply), limit, turn.run_id)
        goto = "settle" if turn.stop else "think"
        turn.end_early("tool_limit")
        return Command(goto=goto, update={"messages": [*answers]})

    async def settle(state: LoopState, runtime: Runtime[Turn]) -> LoopState:
        """Say what was found so far, by rules: the model has no more say in this turn."""
        turn = runtime.context
        if turn.asked and not turn.voice.speaking:
            turn.say_by_rule(partial_answer(turn.asked, turn.toolbox.results))
        turn.voice.end()
        return {"messages": []}

    graph: StateGraph[LoopState, Turn, Any, Any] = StateGraph(LoopState, context_schema=Turn)
    graph.add_node("think", think)
    graph.add_node("tools", tools)
    graph.add_node("refuse", refuse)
    graph.add_node("settle", settle)
    graph.add_edge(START, "think")
    graph.add_edge("tools", "think")
    return graph.compile(name=subagent.name)


def _instructions(speaker: Speaker, text: str) -> SystemMessage:
    """The prompt; for Anthropic marked as worth caching, with the tools that stand before it."""
    if speaker.choice.provider != "anthropic":
        return SystemMessage(text)
    block = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    return SystemMessage([block])


def _used_up(turn: Turn) -> bool:
    """Whether a limit was just passed; calls over their limit are refused first instead."""
    if turn.seconds_left <= 0:
        turn.end_early("time_limit")
    elif turn.meter.tokens >= turn.limits.tokens:
        turn.end_early("token_limit")
    elif turn.toolbox.repeats >= MAX_REPEATED_CALLS:
        turn.end_early("tool_limit")
    else:
        return False
    return True


def _after_failure(turn: Turn, failure: ModelFailed) -> Next:
    """A partial answer when something was found or said; else there is none to give."""
    if turn.voice.speaking or any(result.ok for result in turn.toolbox.results):
        turn.end_early("model_failed")
        return Command(goto="settle")
    raise failure


def _limit(subagent: Subagent, turn: Turn) -> int:
    return min(subagent.max_tool_calls, turn.limits.tool_calls)


def _last_reply(state: LoopState) -> AIMessage:
    return next(one for one in reversed(state["messages"]) if isinstance(one, AIMessage))


def _empty_replies(messages: Sequence[AnyMessage]) -> int:
    return sum(isinstance(one, HumanMessage) and one.content == NUDGE for one in messages)
