"""Assistant, which runs turns of the supervisor graph for every door."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from agent.untraced import put_off_http

put_off_http()  # before anything below brings LangChain

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent.accounts import Account, Unlimited
from agent.approvals import Decision, People
from agent.candidates import Models
from agent.events import Done, Event
from agent.intents import Route
from agent.limits import Limits
from agent.memory import opened_memory
from agent.memory.latest import LatestOnly
from agent.metering import Meter
from agent.models import Lineup, ModelChoice
from agent.nodes import decision
from agent.pricing import Prices
from agent.resuming import Standing, answers_to, restore, standing_of, tell_pending
from agent.sentences import SENTENCES
from agent.state import Exchange, OpsState
from agent.subagent import Subagent, with_foreign
from agent.subagents.alert_admin import ALERT_ADMIN
from agent.subagents.autofix import AUTOFIX
from agent.subagents.cost import COST
from agent.subagents.rag import RAG
from agent.subagents.rca import RCA
from agent.supervising import Graph, build_graph
from agent.supervisor import SUPERVISOR, Router
from agent.teaching import Notebook
from agent.turn import Turn
from agent.wording import phrase
from core.errors import Invalid, NotFound, OpsError
from core.principal import Principal
from mcp_servers.client import Sessions, Tools

SUBAGENTS: tuple[Subagent, ...] = (RCA, RAG, COST, AUTOFIX, ALERT_ADMIN)
MAX_QUESTION_CHARACTERS = 8_000

Events = asyncio.Queue[Event | None]


@dataclass(frozen=True)
class Assistant:
    """Answers questions of many people and threads at once; open one for the process."""

    graph: Graph
    router: Router
    sessions: Sessions
    memory: LatestOnly
    limits: Limits
    prices: Prices
    keeper: Principal | None = None

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        *,
        model: ModelChoice,
        sessions: Sessions,
        memory: Path | str | None,
        lineup: Lineup = Lineup(),  # noqa: B008 - frozen, so nobody can change the default
        limits: Limits = Limits(),  # noqa: B008 - as above
        prices: Path | None = None,
        foreign: Mapping[str, Collection[str]] | None = None,
        keeper: Principal | None = None,
    ) -> AsyncGenerator["Assistant"]:
        """`memory` is a SQLite file or the address of a Postgres or Redis.

        None: conversations are remembered until the process ends. `prices` is a file of one's own
        that goes before the shipped table; `foreign` says which subagents may use which servers of
        others. `keeper` keeps answers about pages for those who ask the same; None: nobody does.
        """
        known = Prices.read(prices)
        _refuse_unknown(lineup)
        team = with_foreign(SUBAGENTS, foreign or {})
        async with Models.opened(model, lineup) as models, opened_memory(memory) as saver:
            router = Router(models, team)
            graph = build_graph(models, router, saver, team)
            yield cls(graph, router, sessions, saver, limits, known, keeper)

    async def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
        account: Account | None = None,
        can_ask: bool = False,
        notebook: Notebook | None = None,
        unanswered: Exchange | None = None,
        exchanges: Sequence[Exchange] | None = None,
    ) -> AsyncGenerator[Event]:
        """One turn, event by event, ending with `Done`. Raises `OpsError` when there is no answer.

        Every model call is charged to `account`, which may say that nothing is left to spend.
        Closing or cancelling the consumer ends the turn; the thread goes on without it. Where the
        door `can_ask` a person, a tool that changes something waits for one and `Done` has
        `approvals`; elsewhere it is refused. `notebook` has what people told. `unanswered` is a
        turn that nobody answered before; with `exchanges` the thread begins as a branch that
        remembers these.
        """
        _check(message)
        asked = OpsState(
            question=message,
            language=language if language != "auto" else principal.language,
            namespace=namespace,
            plan=[],
            visited=[],
            results=[],
            said=[],
            evidence=[],
            unanswered=unanswered,
        )
        if exchanges is not None:
            asked["exchanges"] = list(exchanges)
            asked["asked"] = exchanges[-1].get("asked", {}) if exchanges else {}
        events: Events = asyncio.Queue()
        turn = self._turn(principal, account, events, thread_id, can_ask=can_ask)
        turn.notebook = notebook
        async with aclosing(self._events(asked, thread_id, turn, events)) as told:
            async for event in told:
                yield event

    async def resume(
        self,
        thread_id: str,
        *,
        principal: Principal,
        decisions: Sequence[Decision] = (),
        account: Account | None = None,
        can_ask: bool = True,
        notebook: Notebook | None = None,
    ) -> AsyncGenerator[Event]:
        """Go on with the turn that stands in a thread, at the node where it stands.

        `decisions` are what `principal` said at a door, in person, to what it waits for; what is
        not among them is denied. Raises `NotFound` when no turn stands there.
        """
        snapshot = await self.graph.aget_state(_config(thread_id))
        standing = standing_of(snapshot)
        if standing is None:
            raise SENTENCES.error(NotFound, "nothing_left")
        events: Events = asyncio.Queue()
        turn = self._turn(principal, account, events, thread_id, can_ask=can_ask)
        turn.notebook = notebook
        turn.resumed = "quietly" if standing.approvals else "aloud"
        turn.person = principal if decisions else None
        restore(turn, snapshot)
        go_on: Any = Command(resume=answers_to(snapshot, decisions)) if standing.approvals else None
        async with aclosing(self._events(go_on, thread_id, turn, events)) as told:
            async for event in told:
                yield event

    async def standing(self, thread_id: str) -> Standing | None:
        """The turn that waits in a thread for a person, or that a killed process left there."""
        return standing_of(await self.graph.aget_state(_config(thread_id)))

    async def close(self, thread_id: str) -> None:
        """Let go of the turn that stands in a thread; what was said before it is remembered."""
        if await self.standing(thread_id):
            await self.graph.aupdate_state(_config(thread_id), None, as_node="__end__")
            await self.memory.atidy(thread_id)

    async def exchanges(self, thread_id: str) -> list[Exchange]:
        """What a thread remembers, the oldest first."""
        snapshot = await self.graph.aget_state(_config(thread_id))
        return list(snapshot.values.get("exchanges", []))

    async def route(self, message: str, *, account: Account | None = None) -> list[Route]:
        """Only the supervisor's decisions about a message that begins a conversation: one of each
        thing it asks for, in the order they would be answered."""
        _check(message)
        meter = Meter(self.prices, account or Unlimited(), self.limits.usd)
        return await self.router.plan(message, None, meter)

    async def forget(self, thread_id: str) -> None:
        """Remove everything remembered of a conversation."""
        await self.memory.adelete_thread(thread_id)

    def _turn(
        self,
        principal: Principal,
        account: Account | None,
        events: Events,
        thread_id: str,
        *,
        can_ask: bool,
    ) -> Turn:
        """What a turn does, it does for the caller, but never as the caller in person."""
        tools = Tools(self.sessions, replace(principal, present=False))
        meter = Meter(self.prices, account or Unlimited(), self.limits.usd)
        turn = Turn.begun(self.sessions, tools, self.limits, meter, events.put_nowait)
        turn.people = People(possible=can_ask, wait=self.limits.approval)
        turn.keeper = self.keeper
        turn.settled = partial(self._settled, thread_id)
        return turn

    async def _settled(self, thread_id: str) -> None:
        """In the middle of a turn: wait until the step before the one at work is kept."""
        await asyncio.sleep(0)  # LangGraph hands it over in a task of its own, which begins now
        await self.memory.asettle(thread_id)

    async def _events(
        self, given: Any, thread_id: str, turn: Turn, events: Events
    ) -> AsyncGenerator[Event]:
        work = asyncio.create_task(self._work(given, thread_id, turn, events))
        try:
            while (event := await events.get()) is not None:
                yield event
            state = await work
        except OpsError:
            for usage in turn.meter.usage():
                yield usage
            raise
        finally:
            work.cancel()
            await asyncio.wait([work])
        for usage in turn.meter.usage():
            yield usage
        yield _done(state, turn)

    async def _work(self, given: Any, thread_id: str, turn: Turn, events: Events) -> Any:
        """A step is kept while the next one works, so that a killed process loses one node's work."""
        try:
            state: Any = await self.graph.ainvoke(
                given, _config(thread_id), context=turn, durability="async"
            )
            if "__interrupt__" in state:
                await self.memory.asettle(thread_id)
                turn.join()
                tell_pending(state, turn)
            else:
                await self.memory.atidy(thread_id)
            return state
        finally:
            events.put_nowait(None)


def _config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


def _refuse_unknown(lineup: Lineup) -> None:
    known = {SUPERVISOR, *(one.name for one in SUBAGENTS)}
    for name in lineup.subagents:
        if name not in known:
            raise SENTENCES.error(
                Invalid, "model_of_no_subagent", name=name.upper(), known=", ".join(sorted(known))
            )


def _check(message: str) -> None:
    if not message.strip():
        raise SENTENCES.error(Invalid, "no_question")
    if len(message) > MAX_QUESTION_CHARACTERS:
        raise SENTENCES.error(
            Invalid,
            "long_question",
            len=len(message),
            max_question_characters=MAX_QUESTION_CHARACTERS,
        )


def _why_incomplete(turn: Turn, language: Literal["en", "zh"]) -> str:
    told = phrase(f"limit.{turn.stop}", language) if turn.stop else ""
    names_why = turn.stop in ("model_failed", "rules_answered") and turn.failed
    return f"{told} {turn.failed}" if names_why else told


def _done(state: Any, turn: Turn) -> Done:
    route = decision(state)
    language: Literal["en", "zh"] = turn.voice.language if turn.asked_for else route["language"]
    return Done(
        message_id=turn.voice.message_id,
        answer=turn.voice.text,
        language=language,
        route=tuple(dict.fromkeys(state["visited"])),
        citations=turn.voice.evidence.cited_in(turn.voice.text),
        usage=turn.meter.usage(),
        incomplete=_why_incomplete(turn, language),
        incomplete_code=turn.stop,
        approvals=tuple(turn.asked_for),
        state={"asked": dict(route)},
    )
