"""The supervisor graph: START → supervisor → a subagent → supervisor → END."""

# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command
from langsmith import tracing_context

from agent.asked import Asked
from agent.events import Done, Event
from agent.intents import Route
from agent.limits import MAX_HAND_OFFS, Limits
from agent.memory import opened_memory
from agent.models import ModelChoice, Speaker, speaker_for
from agent.state import Exchange, OpsState
from agent.subagent import Subagent
from agent.subagents.alert_admin import ALERT_ADMIN
from agent.subagents.autofix import AUTOFIX
from agent.subagents.cost import COST
from agent.subagents.rag import RAG
from agent.subagents.rca import RCA
from agent.subgraph import build_subgraph
from agent.supervisor import Router, in_scope
from agent.turn import Turn
from agent.unable import capabilities, declined, not_built
from agent.wording import phrase
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.client import Sessions, Tools

__all__ = ["SUBAGENTS", "Assistant", "Limits"]

SUBAGENTS: tuple[Subagent, ...] = (RAG, COST, RCA, AUTOFIX, ALERT_ADMIN)
MAX_QUESTION_CHARACTERS = 8_000

Graph = CompiledStateGraph[OpsState, Turn, Any, Any]
Onward = Command[Literal["rag", "cost", "rca", "autofix", "alert_admin", "none", "__end__"]]


def build_graph(speaker: Speaker, router: Router, memory: BaseCheckpointSaver[str] | None) -> Graph:
    """Compiled once for the life of the process: whose turn it is comes with the turn."""

    async def supervisor(state: OpsState, runtime: Runtime[Turn]) -> Onward:
        turn, visited = runtime.context, state.get("visited", [])
        if not visited:
            route = await router.decide(
                state["question"], previous=state.get("asked"), meter=turn.meter
            )
            route = in_scope(route, state.get("namespace", ""), state.get("language", "auto"))
            return Command(goto=route.subagent, update=_chosen(route, []))
        rest = state.get("plan", [])
        if rest and len(visited) < MAX_HAND_OFFS:
            return Command(goto=rest[0], update={"plan": rest[1:]})
        exchange = Exchange(question=state["question"], answer=turn.voice.text)
        return Command(goto="__end__", update={"exchanges": [exchange]})

    graph: StateGraph[OpsState, Turn, Any, Any] = StateGraph(OpsState, context_schema=Turn)
    graph.add_node("supervisor", supervisor)
    for subagent in SUBAGENTS:
        graph.add_node(subagent.name, _at_work(subagent, speaker))
        graph.add_edge(subagent.name, "supervisor")
    graph.add_node("none", _decline)
    graph.add_edge("none", "supervisor")
    graph.add_edge(START, "supervisor")
    return graph.compile(checkpointer=memory, name="midwatch")


def _chosen(route: Route, rest: list[str]) -> OpsState:
    return {"asked": route.shape(), "plan": rest, "visited": []}


def _at_work(subagent: Subagent, speaker: Speaker) -> Any:
    loop = build_subgraph(subagent, speaker)

    async def work(state: OpsState, runtime: Runtime[Turn]) -> OpsState:
        turn, asked = runtime.context, _asked(state)
        turn.asked = asked
        with turn.subagent(subagent.name, _why(state)):
            missing = [one for one in subagent.servers if one not in turn.built]
            if asked.intent == "help":
                turn.say_by_rule(capabilities(_built(turn), asked.language))
            elif subagent.servers[0] in missing:
                turn.say_by_rule(not_built(subagent, missing, asked))
            else:
                await loop.ainvoke({"messages": _conversation(state, asked)}, context=turn)
        return {"visited": [*state.get("visited", []), subagent.name]}

    return work


async def _decline(state: OpsState, runtime: Runtime[Turn]) -> OpsState:
    """What no subagent takes is answered by rule, whatever model is configured."""
    turn, asked = runtime.context, _asked(state)
    turn.asked = asked
    turn.say_by_rule(declined(asked.intent, asked.language))
    return {"visited": [*state.get("visited", []), "none"]}


def _built(turn: Turn) -> dict[str, bool]:
    names = ("rca", "rag", "cost", "autofix", "alert_admin")
    servers = {one.name: one.servers[0] for one in SUBAGENTS}
    return {name: servers[name] in turn.built for name in names}


def _asked(state: OpsState) -> Asked:
    route = state["asked"]
    return Asked(state["question"], route["intent"], route["language"], route["arguments"])


def _why(state: OpsState) -> str:
    route = state["asked"]
    intent = phrase(f"intent.{route['intent']}", route["language"])
    confidence = f"{route['confidence']:.2f}"
    return phrase(f"why.{route['by']}", route["language"], intent=intent, confidence=confidence)


def _conversation(state: OpsState, asked: Asked) -> list[AnyMessage]:
    """Earlier questions and answers, then the question of this turn."""
    earlier: list[AnyMessage] = []
    for exchange in state.get("exchanges", []):
        earlier.append(HumanMessage(exchange["question"]))
        earlier.append(AIMessage(exchange["answer"] or "…"))
    return [*earlier, asked.message()]


@dataclass(frozen=True)
class Assistant:
    """Answers questions of many people and threads at once; open one for the process."""

    graph: Graph
    router: Router
    sessions: Sessions
    memory: BaseCheckpointSaver[str]
    limits: Limits

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        *,
        model: ModelChoice,
        sessions: Sessions,
        memory: Path | None,
        limits: Limits | None = None,
    ) -> AsyncGenerator["Assistant"]:
        """`memory` None: conversations are remembered until the process ends."""
        speaker = speaker_for(model)
        router = Router(speaker, SUBAGENTS)
        async with opened_memory(memory) as saver:
            graph = build_graph(speaker, router, saver)
            yield cls(graph, router, sessions, saver, limits or Limits())

    async def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
    ) -> AsyncGenerator[Event]:
        """One turn, event by event, ending with `Done`. Raises `OpsError` when there is no answer.

        Closing or cancelling the consumer ends the turn; the thread stays usable, without it.
        """
        _check(message)
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        turn = Turn.begun(
            self.sessions, Tools(self.sessions, principal), self.limits, events.put_nowait
        )
        pinned = language if language != "auto" else principal.language
        asked: OpsState = {
            "question": message,
            "language": pinned,
            "namespace": namespace,
            "visited": [],
            "plan": [],
        }
        work = asyncio.create_task(self._work(asked, thread_id, turn, events))
        try:
            while (event := await events.get()) is not None:
                yield event
            state = await work
        finally:
            work.cancel()
            await asyncio.wait([work])
        for usage in turn.meter.usage():
            yield usage
        yield _done(state, turn)

    async def _work(
        self, asked: OpsState, thread_id: str, turn: Turn, events: "asyncio.Queue[Event | None]"
    ) -> OpsState:
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        try:
            # Questions about clusters go to no third party, whatever the environment says.
            with tracing_context(enabled=False):
                return await self.graph.ainvoke(asked, config, context=turn, durability="exit")
        finally:
            events.put_nowait(None)

    async def route(self, message: str) -> Route:
        """Only the supervisor's decision about a message that begins a conversation."""
        return await self.router.decide(message)

    async def forget(self, thread_id: str) -> None:
        """Remove everything remembered of a conversation."""
        await self.memory.adelete_thread(thread_id)


def _check(message: str) -> None:
    if not message.strip():
        raise Invalid("The question is empty.", hint="Ask something.")
    if len(message) > MAX_QUESTION_CHARACTERS:
        raise Invalid(
            f"The question has {len(message)} characters.",
            hint=f"At most {MAX_QUESTION_CHARACTERS} can be read.",
        )


def _done(state: OpsState, turn: Turn) -> Done:
    route = state["asked"]
    language = route["language"]
    return Done(
        message_id=turn.voice.message_id,
        answer=turn.voice.text,
        language=language,
        route=tuple(state.get("visited", [])),
        citations=turn.voice.evidence.cited_in(turn.voice.text),
        usage=turn.meter.usage(),
        incomplete=phrase(f"limit.{turn.stop}", language) if turn.stop else "",
        incomplete_code=turn.stop,
        state={"asked": route},
    )
