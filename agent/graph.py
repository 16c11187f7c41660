"""The supervisor graph, and Assistant, which runs turns of it for every door.

START → supervisor → subagents, side by side where one does not need the other → supervisor → … → END
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from agent.untraced import put_off_http

put_off_http()  # before anything below brings LangChain

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from agent.accounts import Account, Unlimited
from agent.candidates import Models
from agent.events import Done, Event
from agent.intents import Route
from agent.limits import Limits
from agent.memory import opened_memory
from agent.metering import Meter
from agent.models import Lineup, ModelChoice
from agent.nodes import at_work, continued, decision, decline, meant, side_by_side, title
from agent.pricing import Prices
from agent.recollection import facts_of, remembered
from agent.state import Exchange, OpsState, Update
from agent.subagent import Subagent, with_foreign
from agent.subagents.alert_admin import ALERT_ADMIN
from agent.subagents.autofix import AUTOFIX
from agent.subagents.cost import COST
from agent.subagents.rag import RAG
from agent.subagents.rca import RCA
from agent.supervisor import SUPERVISOR, Router, in_scope
from agent.turn import Turn
from agent.wording import phrase
from core.errors import Invalid, OpsError
from core.principal import Principal
from mcp_servers.client import Sessions, Tools

SUBAGENTS: tuple[Subagent, ...] = (RCA, RAG, COST, AUTOFIX, ALERT_ADMIN)
MAX_QUESTION_CHARACTERS = 8_000

Graph = CompiledStateGraph[OpsState, Turn, Any, Any]
Onward = Command[Literal["rca", "rag", "cost", "autofix", "alert_admin", "none", "__end__"]]
Events = asyncio.Queue[Event | None]


def build_graph(
    models: Models,
    router: Router,
    memory: BaseCheckpointSaver[str] | None,
    team: Sequence[Subagent] = SUBAGENTS,
) -> Graph:
    """Compiled once for the life of the process: whose turn it is comes with the turn."""

    async def supervisor(state: OpsState, runtime: Runtime[Turn]) -> Onward:
        """Decide once, then hand on until the plan is done: there is no way to loop."""
        turn, plan, update = runtime.context, state["plan"], Update()
        turn.join()
        if not state["visited"]:
            update["question"] = meant(state)
            routes = await router.plan(update["question"], state.get("asked"), turn.meter)
            plan = [in_scope(one, state["namespace"], state["language"]).shape() for one in routes]
            turn.steps = tuple(title(one) for one in plan)
        now = side_by_side(plan)
        turn.tell_plan(len(state["visited"]), len(state["visited"]) + len(now))
        if not now:
            told = Exchange(
                question=state["question"],
                answer=turn.voice.text,
                facts=facts_of(turn.toolbox.results),
            )
            kept = remembered(state.get("exchanges", []), told)
            return Command(goto="__end__", update={"exchanges": kept})
        turn.divide([one["subagent"] for one in now])
        begun = [continued(decision(state), one) if state["visited"] else one for one in now]
        handed = [Send(one["subagent"], {**state, **update, "asked": one}) for one in begun]
        return Command(goto=handed, update={**update, "plan": plan[len(now) :]})

    graph: StateGraph[OpsState, Turn, Any, Any] = StateGraph(OpsState, context_schema=Turn)
    graph.add_node("supervisor", supervisor)
    graph.add_node("none", decline)
    for subagent in team:
        graph.add_node(subagent.name, at_work(subagent, models, team))
    for name in ("none", *(one.name for one in team)):
        graph.add_edge(name, "supervisor")
    graph.add_edge(START, "supervisor")
    return graph.compile(checkpointer=memory, name="midwatch")


@dataclass(frozen=True)
class Assistant:
    """Answers questions of many people and threads at once; open one for the process."""

    graph: Graph
    router: Router
    sessions: Sessions
    memory: BaseCheckpointSaver[str]
    limits: Limits
    prices: Prices

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        *,
        model: ModelChoice,
        sessions: Sessions,
        memory: Path | None,
        lineup: Lineup = Lineup(),  # noqa: B008 - frozen, so nobody can change the default
        limits: Limits = Limits(),  # noqa: B008 - as above
        prices: Path | None = None,
        foreign: Mapping[str, Collection[str]] | None = None,
    ) -> AsyncGenerator["Assistant"]:
        """`memory` None: conversations are remembered until the process ends.

        `prices` is a file of one's own that goes before the shipped table; `foreign` says which
        subagents may use which servers of others.
        """
        known = Prices.read(prices)
        _refuse_unknown(lineup)
        team = with_foreign(SUBAGENTS, foreign or {})
        async with Models.opened(model, lineup) as models, opened_memory(memory) as saver:
            router = Router(models, team)
            graph = build_graph(models, router, saver, team)
            yield cls(graph, router, sessions, saver, limits, known)

    async def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
        account: Account | None = None,
    ) -> AsyncGenerator[Event]:
        """One turn, event by event, ending with `Done`. Raises `OpsError` when there is no answer.

        Every model call is charged to `account`, which may say that nothing is left to spend.
        Closing or cancelling the consumer ends the turn; the thread goes on without it.
        """
        _check(message)
        events: Events = asyncio.Queue()
        tools = Tools(self.sessions, principal)
        meter = Meter(self.prices, account or Unlimited(), self.limits.usd)
        turn = Turn.begun(self.sessions, tools, self.limits, meter, events.put_nowait)
        asked = OpsState(
            question=message,
            language=language if language != "auto" else principal.language,
            namespace=namespace,
            plan=[],
            visited=[],
        )
        work = asyncio.create_task(self._work(asked, thread_id, turn, events))
        try:
            while (event := await events.get()) is not None:
                yield event
            state = await work
        except OpsError:
            for usage in meter.usage():
                yield usage
            raise
        finally:
            work.cancel()
            await asyncio.wait([work])
        for usage in meter.usage():
            yield usage
        yield _done(state, turn)

    async def _work(self, asked: OpsState, thread_id: str, turn: Turn, events: Events) -> OpsState:
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        try:
            state: Any = await self.graph.ainvoke(asked, config, context=turn, durability="exit")
            return state
        finally:
            events.put_nowait(None)

    async def route(self, message: str, *, account: Account | None = None) -> Route:
        """Only the supervisor's decision about a message that begins a conversation."""
        _check(message)
        meter = Meter(self.prices, account or Unlimited(), self.limits.usd)
        return await self.router.decide(message, meter=meter)

    async def forget(self, thread_id: str) -> None:
        """Remove everything remembered of a conversation."""
        await self.memory.adelete_thread(thread_id)


def _refuse_unknown(lineup: Lineup) -> None:
    known = {SUPERVISOR, *(one.name for one in SUBAGENTS)}
    for name in lineup.subagents:
        if name not in known:
            raise Invalid(
                f"MIDWATCH_LLM__SUBAGENTS__{name.upper()} names no subagent.",
                hint=f"Known: {', '.join(sorted(known))}.",
            )


def _check(message: str) -> None:
    if not message.strip():
        raise Invalid("The question is empty.", hint="Ask something.")
    if len(message) > MAX_QUESTION_CHARACTERS:
        raise Invalid(
            f"The question has {len(message)} characters.",
            hint=f"At most {MAX_QUESTION_CHARACTERS} can be read.",
        )


def _done(state: OpsState, turn: Turn) -> Done:
    route = decision(state)
    language = route["language"]
    return Done(
        message_id=turn.voice.message_id,
        answer=turn.voice.text,
        language=language,
        route=tuple(state["visited"]),
        citations=turn.voice.evidence.cited_in(turn.voice.text),
        usage=turn.meter.usage(),
        incomplete=phrase(f"limit.{turn.stop}", language) if turn.stop else "",
        incomplete_code=turn.stop,
        state={"asked": dict(route)},
    )
