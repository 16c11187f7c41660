"""One turn, collected: what tests ask of its events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agent.accounts import Account, Tried, UsedUp
from agent.events import Done, Event, ModelCall, SubagentFinished, Token, ToolFinished, ToolStarted
from agent.graph import Assistant
from agent.models import ModelChoice
from agent.pricing import Price
from core.flags import State
from core.principal import Permission, Principal
from evals.providers.serving import Provider

SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
ANN = Principal(subject="ann", permissions=frozenset(Permission))
BOTH: tuple[Literal["anthropic"], Literal["openai"]] = ("anthropic", "openai")
Vendor = Literal["anthropic", "openai"]


@dataclass
class Notes:
    """An account that writes down what it is charged, and may say that a budget is used up."""

    charged: list[ModelCall] = field(default_factory=list[ModelCall])
    keeps_texts: bool = False
    prices: Sequence[Price] = ()
    used_up_after: int = 10**6
    says: UsedUp = "budget_day"
    states: dict[str, State] = field(default_factory=dict[str, State])
    tried: list[tuple[str, Tried]] = field(default_factory=list[tuple[str, Tried]])

    def charge(self, call: ModelCall) -> None:
        self.charged.append(call)

    async def used_up(self) -> UsedUp:
        return self.says if len(self.charged) >= self.used_up_after else ""

    async def state_of(self, function: str) -> State:
        return self.states.get(function, "on")

    async def may_try(self) -> bool:
        return self.states.get("models") == "shadow"

    def beside(self, function: str, tried: Tried) -> None:
        self.tried.append((function, tried))


@dataclass
class Told:
    """The events of a turn."""

    events: list[Event] = field(default_factory=list[Event])

    async def collect(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.events.append(event)

    @property
    def done(self) -> Done:
        [done] = [one for one in self.events if isinstance(one, Done)]
        return done

    @property
    def answer(self) -> str:
        return self.done.answer

    @property
    def spoken(self) -> str:
        return "".join(one.text for one in self.events if isinstance(one, Token))

    @property
    def started(self) -> list[ToolStarted]:
        return [one for one in self.events if isinstance(one, ToolStarted)]

    @property
    def calls(self) -> list[ToolFinished]:
        return [one for one in self.events if isinstance(one, ToolFinished)]

    @property
    def subagents(self) -> list[tuple[str, str]]:
        return [(e.name, e.status) for e in self.events if isinstance(e, SubagentFinished)]


async def ask(
    assistant: Assistant,
    question: str,
    *,
    thread: str = "thread",
    principal: Principal = ANN,
    language: str = "auto",
    namespace: str = "",
    account: Account | None = None,
) -> Told:
    told = Told()
    await told.collect(
        assistant.run(
            question,
            principal=principal,
            thread_id=thread,
            language=language,
            namespace=namespace,
            account=account,
        )
    )
    return told


def choice_of(vendor: Vendor, provider: Provider, *, timeout_s: float = 10.0) -> ModelChoice:
    """That vendor's model behind the fake."""
    suffix = "/v1" if vendor == "openai" else ""
    return ModelChoice(vendor, "model-x", "key-x", provider.base_url + suffix, timeout_s)
