"""The models of the process: each is loaded when it is first asked, and rests when it keeps failing."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from langchain_core.messages import SystemMessage

from agent.breaker import Breaker
from agent.estimating import estimated_tokens
from agent.models import Lineup, ModelChoice, Speaker, built_speaker

OFFLINE = ModelChoice()


@dataclass(frozen=True, slots=True)
class Tools:
    """What a model is offered, as `bind_tools` takes it; `forced` names the one it must call."""

    offers: Sequence[dict[str, Any]]
    forced: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.forced, *(offer["function"]["name"] for offer in self.offers))


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that can be asked: `options` are its tools, whose descriptions take `offer_tokens` or so."""

    speaker: Speaker
    options: Mapping[str, Any]
    offer_tokens: int


@dataclass(slots=True)
class Candidate:
    """One model that may be asked."""

    choice: ModelChoice
    breaker: Breaker
    _speaker: Speaker | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ready: dict[tuple[str, ...], Ready] = field(default_factory=dict[tuple[str, ...], Ready])
    _prompts: dict[str, SystemMessage] = field(default_factory=dict[str, SystemMessage])

    async def speaker(self) -> Speaker:
        """The model itself. Its package is imported in a thread: other turns go on meanwhile."""
        if self._speaker is None:
            async with self._loading:
                if self._speaker is None:
                    self._speaker = await asyncio.to_thread(built_speaker, self.choice)
        return self._speaker

    async def ready(self, tools: Tools) -> Ready:
        """The model with these tools; bound once for everybody who is offered the same."""
        if tools.key not in self._ready:
            speaker = await self.speaker()
            forced: dict[str, Any] = {"tool_choice": tools.forced} if tools.forced else {}
            bound: Any = speaker.model.bind_tools(list(tools.offers), **forced, **self._caching)
            offer_tokens = estimated_tokens(orjson.dumps(tools.offers, default=str).decode())
            self._ready[tools.key] = Ready(speaker, bound.kwargs, offer_tokens)
        return self._ready[tools.key]

    def instructions(self, text: str) -> SystemMessage:
        """A prompt; for Anthropic marked as worth caching, with the tools that stand before it."""
        if text not in self._prompts:
            cached = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
            marked = self.choice.provider == "anthropic"
            self._prompts[text] = SystemMessage([cached] if marked else text)
        return self._prompts[text]

    @property
    def _caching(self) -> dict[str, Any]:
        """Anthropic itself caches a conversation as far as it goes: a turn's next call reads it from there.

        Servers that speak like it may not know the parameter.
        """
        itself = self.choice.provider == "anthropic" and not self.choice.base_url
        return {"cache_control": {"type": "ephemeral"}} if itself else {}

    @property
    def offline(self) -> bool:
        return self.choice.provider == "offline"

    async def close(self) -> None:
        if self._speaker is not None and self._speaker.close is not None:
            await self._speaker.close()


Candidates = Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Models:
    """Who is asked, in which order; a choice that stands in several orders is one candidate."""

    first: ModelChoice
    lineup: Lineup
    _by_choice: Mapping[ModelChoice, Candidate]

    @classmethod
    @asynccontextmanager
    async def opened(cls, first: ModelChoice, lineup: Lineup) -> AsyncGenerator["Models"]:
        """No model is loaded yet; connections of those that will be close with the block."""
        choices = {first, *lineup.fallbacks, *lineup.subagents.values(), OFFLINE}
        candidates = {
            choice: Candidate(choice, Breaker(lineup.failures, lineup.rest_s)) for choice in choices
        }
        try:
            yield cls(first, lineup, candidates)
        finally:
            for candidate in candidates.values():
                await candidate.close()

    def of(self, subagent: str) -> Candidates:
        """The model of this subagent, then the first choice, then the fallbacks."""
        own = self.lineup.subagents.get(subagent, self.first)
        if own.provider == "offline":
            return [self._by_choice[own]]
        order = dict.fromkeys((own, self.first, *self.lineup.fallbacks))
        return [self._by_choice[one] for one in order if one.provider != "offline"]

    @property
    def rules_stand_in(self) -> bool:
        """Whether rules go on once every model has failed."""
        return OFFLINE in self.lineup.fallbacks

    @property
    def offline(self) -> Candidates:
        """The planner that needs no model."""
        return [self._by_choice[OFFLINE]]
