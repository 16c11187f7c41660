"""The one factory of subagents' loops: think → tools → think, on langgraph and langchain-core alone."""

# pyright: reportUnknownMemberType=false

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command
from typing_extensions import TypedDict

from agent.answers import partial_answer
from agent.asked import Asked
from agent.candidates import Models, Tools
from agent.changing import Verdicts, answers, cannot_ask, changing, hold_back, questions
from agent.events import FellBack
from agent.fallback import Persistence, Request
from agent.faults import Fault, ModelFailed
from agent.limits import MAX_EMPTY_REPLIES, MAX_REPEATED_CALLS
from agent.listening import calls_of, reached_its_limit
from agent.planning import OBJECTS, asks_for_objects
from agent.planning_alerts import spoken_of
from agent.planning_patterns import in_patterns
from agent.sentences import SENTENCES
from agent.subagent import Subagent, prompt
from agent.toolbox import Result, offer
from agent.trying import Trial
from agent.turn import Turn
from agent.untold import untold
from mcp_servers.client import ToolSpec

EMPTY = Fault("empty", SENTENCES.said("model_empty"))
NUDGE = "Your last reply was empty. Call one of the tools, or answer the question in words."


class LoopState(TypedDict):
    """One subagent at work; it ends with it.

    `evidence` and `spoken` are what another process needs to take the loop up, `pending` the
    questions to a person, `verdicts` the answers by call.
    """

    messages: Annotated[list[AnyMessage], operator.add]
    evidence: NotRequired[list[list[str]]]
    spoken: NotRequired[str]
    pending: NotRequired[list[dict[str, Any]]]
    verdicts: NotRequired[Verdicts]


Loop = CompiledStateGraph[LoopState, Turn, Any, Any]
Next = Command[Literal["think", "propose", "tools", "refuse", "settle", "__end__"]]
Onward = Command[Literal["approve", "tools"]]


def build_subgraph(subagent: Subagent, models: Models) -> Loop:
    """A loop that always ends: every call is answered, every limit leads to `settle`."""
    work = Work(subagent, models)
    graph: StateGraph[LoopState, Turn, Any, Any] = StateGraph(LoopState, context_schema=Turn)
    graph.add_node("think", work.think)
    graph.add_node("propose", work.propose)
    graph.add_node("approve", work.approve)
    graph.add_node("tools", work.tools)
    graph.add_node("refuse", work.refuse)
    graph.add_node("settle", work.settle)
    graph.add_edge(START, "think")
    graph.add_edge("approve", "tools")
    graph.add_edge("tools", "think")
    return untold(graph.compile(name=subagent.name))


@dataclass(slots=True)
class Work:
    """The nodes of one subagent's loop. Whose turn it is, and with which tools, comes with the turn."""

    subagent: Subagent
    models: Models
    _persistence: Persistence = field(init=False)
    _instructions: str = field(init=False)

    def __post_init__(self) -> None:
        self._persistence = Persistence(self.models.lineup)
        self._instructions = prompt("common.md") + prompt(self.subagent.prompt)

    async def think(self, state: LoopState, runtime: Runtime[Turn]) -> Next:
        """Ask the model what to do next, unless the turn is used up."""
        turn, messages = taken_up(state, runtime.context), state["messages"]
        if _used_up(turn):
            return Command(goto="settle")
        try:
            reply = await self._reply(messages, turn)
        except TimeoutError:
            turn.end_early("time_limit")
            return Command(goto="settle")
        except ModelFailed as failure:
            return self._after_failure(turn, failure)
        if reply.tool_calls:
            turn.calls += len(reply.tool_calls)
            goto = await self._after_calls(reply, turn)
            return Command(goto=goto, update={"messages": [reply], "spoken": turn.spoken})
        if reached_its_limit(reply):
            turn.end_early("token_limit")
        return self._after_words(reply, messages, turn)

    def _after_words(self, reply: AIMessage, messages: Sequence[AnyMessage], turn: Turn) -> Next:
        """A reply without calls is the answer; an empty one is asked for again, once."""
        turn.voice.end()
        if reply.text.strip():
            return Command(goto="__end__", update={"messages": [reply], "spoken": turn.spoken})
        nudged = sum(isinstance(one, HumanMessage) and one.content == NUDGE for one in messages)
        if nudged + 1 >= MAX_EMPTY_REPLIES:
            return self._after_failure(turn, ModelFailed("", EMPTY))
        return Command(goto="think", update={"messages": [HumanMessage(NUDGE)]})

    def _after_failure(self, turn: Turn, failure: ModelFailed) -> Next:
        """A partial answer when something was found or said; else rules go on, if they may, or there is none."""
        if turn.voice.speaking or any(result.ok for result in turn.toolbox.results):
            turn.end_early("model_failed")
            turn.failed = failure.told(turn.voice.language)
            return Command(goto="settle")
        if not self.models.rules_stand_in or turn.by_rules:
            raise failure
        turn.by_rules, turn.failed = True, failure.told(turn.voice.language)
        turn.end_early("rules_answered")
        rules, why = self.models.offline[0].choice.title, failure.fault.why
        turn.emit(FellBack(turn.run_id, failure.title, rules, why.told(turn.voice.language)))
        return Command(goto="think")

    async def _reply(self, messages: Sequence[AnyMessage], turn: Turn) -> AIMessage:
        offered = await self._offered(turn)
        turn.voice.verifying.changed |= turn.toolbox.changed(offered)
        tools = Tools([offer(spec) for spec in offered])
        request = Request(self._instructions, messages, tools)
        candidates = self.models.of(self.subagent.name)
        if not candidates[0].offline and not await turn.may_spend():
            trial = Trial(self.subagent.name, candidates, request, self._persistence)
            return await self._by_rules(trial, turn)
        return await self._persistence.reply(candidates, request, turn.asking())

    async def _by_rules(self, trial: Trial, turn: Turn) -> AIMessage:
        """What rules say where a model might have been asked; it is asked beside them while models are in shadow."""
        reply = await self._persistence.reply(self.models.offline, trial.request, turn.asking())
        account = turn.meter.account
        if trial.is_first and await account.may_try():
            account.beside("models", trial.against(reply, turn.meter))
        return reply

    async def _after_calls(
        self, reply: AIMessage, turn: Turn
    ) -> Literal["refuse", "propose", "tools"]:
        if turn.calls > self._limit(turn):
            return "refuse"
        asks = changing(calls_of(reply), await self._offered(turn), turn)
        return "propose" if asks else "tools"

    async def propose(self, state: LoopState, runtime: Runtime[Turn]) -> Onward:
        """Put the question together that a person is asked; where nobody can be, that is the answer."""
        turn = taken_up(state, runtime.context)
        offered = await self._offered(turn)
        calls = changing(calls_of(_last_reply(state)), offered, turn)
        if not turn.people.possible:
            return Command(goto="tools", update={"verdicts": cannot_ask(calls)})
        pending, verdicts = await questions(calls, offered, turn)
        goto = "approve" if pending else "tools"
        return Command(goto=goto, update={"pending": pending, "verdicts": verdicts})

    async def approve(self, state: LoopState, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Wait for the person's answer. This node may be left and come back to in another process."""
        turn = taken_up(state, runtime.context)
        given = await answers(state.get("pending", []), turn)
        return {"verdicts": {**state.get("verdicts", {}), **given}, "pending": []}

    async def tools(self, state: LoopState, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Make the calls of the last reply, side by side, but for those that a person refused."""
        turn = taken_up(state, runtime.context)
        calls, offered = calls_of(_last_reply(state)), await self._offered(turn)
        hold_back(calls, offered, state.get("verdicts", {}), turn)
        if turn.settled and changing(calls, offered, turn):
            await turn.settled()  # another process must know of a change that may have been made
        told = await turn.toolbox.call(calls, offered, turn.run_id)
        return {"messages": [*told], "evidence": turn.evidence.kept()}

    async def refuse(self, state: LoopState, runtime: Runtime[Turn]) -> Next:
        """Answer calls over the limit with a sentence; the model has the last word once."""
        turn, calls = taken_up(state, runtime.context), calls_of(_last_reply(state))
        told = turn.toolbox.refuse(calls, self._limit(turn), turn.run_id)
        goto = "settle" if turn.stop else "think"
        turn.end_early("tool_limit")
        return Command(goto=goto, update={"messages": [*told]})

    async def settle(self, state: LoopState, runtime: Runtime[Turn]) -> LoopState:
        """Say what was found so far, by rules: the model has no more say in this turn."""
        turn = taken_up(state, runtime.context)
        if turn.voice.speaking:
            turn.voice.end()
        else:
            turn.say_by_rule(partial_answer(turn.asked, turn.toolbox.results))
        return {"messages": [], "spoken": turn.spoken}

    async def _offered(self, turn: Turn) -> list[ToolSpec]:
        if turn.wanted is None:
            turn.wanted = self._wanted(turn.asked)
        return [*await self.subagent.offered(turn.tools, turn.wanted), *turn.toolbox.own]

    def _wanted(self, asked: Asked) -> frozenset[str]:
        """What of the tools on demand the question asks for."""
        wanted = {step.tool for step in in_patterns(asked)}
        wanted |= spoken_of(asked, self.subagent.on_demand)
        return frozenset(wanted | ({OBJECTS} if asks_for_objects(asked) else set()))

    def _limit(self, turn: Turn) -> int:
        return min(self.subagent.max_tool_calls, turn.limits.tool_calls)


def taken_up(state: LoopState, turn: Turn) -> Turn:
    """The turn; when this loop was begun in another run, with what was found and said in it then."""
    if turn.resumed and not turn.taken_up:
        told = [
            Result.of(one.artifact) for one in state["messages"] if isinstance(one, ToolMessage)
        ]
        turn.take_back([one for one in told if not one.cached], heard=True)
        turn.calls += len(told)
        turn.evidence.take_back(state.get("evidence", []))
        turn.recall(state.get("spoken", ""))
        turn.taken_up = True
    return turn


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


def _last_reply(state: LoopState) -> AIMessage:
    return next(one for one in reversed(state["messages"]) if isinstance(one, AIMessage))
