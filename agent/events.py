"""The typed stream of one turn; every door translates it, none adds to it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered piece of evidence. `source`: object|event|log|metric|alert|change|document|tool."""

    n: int
    source: str
    ref: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanStep:
    title: str
    status: Literal["pending", "in_progress", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Planned:
    """The whole plan as it stands now; sent again whenever a step changes."""

    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True)
class SubagentStarted:
    run_id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class SubagentFinished:
    run_id: str
    name: str
    status: Literal["ok", "error", "cancelled", "waiting"]


@dataclass(frozen=True, slots=True)
class ToolStarted:
    call_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    subagent_run_id: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """`result` is the text the model saw; `data` the structured content; `status` ok or an error code."""

    call_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    status: str
    duration_ms: int
    result: str
    data: dict[str, Any]
    result_tokens: int
    subagent_run_id: str
    cached: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalNeeded:
    """A tool that changes something waits for a person: `approval` is `agent.approvals.Approval`'s shape."""

    approval: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FellBack:
    """One model failed and the next one is asked; both are told as provider/model."""

    subagent_run_id: str
    failed: str
    asked: str
    why: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer, in order."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """By kind. `input` holds what was read from and written to the cache, `output` the reasoning.

    `estimated`: the provider did not say, so some of it was estimated.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One request to a model and what came of it; `cost_usd` None: the price is unknown.

    `outcome` is ok or the stable name of what went wrong; `first_token_ms` None: nothing came.
    `prompt` is what was new in the request; both texts are None unless they are to be kept.
    """

    at: datetime
    subagent: str
    provider: str
    model: str
    outcome: str
    tokens: Tokens
    duration_ms: int
    first_token_ms: int | None = None
    cost_usd: Decimal | None = None
    prompt: str | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model was used for in this turn. `cost_usd` is None when the model has no known price."""

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    calls: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a turn that could be answered, wholly or in part.

    `incomplete` says in the user's language why the answer is partial ("" when it is whole);
    `incomplete_code` is its stable name: tool_limit | token_limit | time_limit | model_failed |
    budget_turn | budget_thread | budget_user | budget_day | models_off. Out of budget, rules go on alone.
    With `approvals` the turn is not over: it goes on when a person has answered them.
    """

    message_id: str
    answer: str
    language: Literal["en", "zh"]
    route: tuple[str, ...]
    citations: tuple[Citation, ...] = ()
    usage: tuple[Usage, ...] = ()
    incomplete: str = ""
    incomplete_code: str = ""
    approvals: tuple[dict[str, Any], ...] = ()
    state: dict[str, Any] = field(default_factory=dict[str, Any])


Event = (
    Planned
    | SubagentStarted
    | SubagentFinished
    | ToolStarted
    | ToolFinished
    | ApprovalNeeded
    | FellBack
    | Token
    | Usage
    | Done
)
