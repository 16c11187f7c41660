"""One turn: who asks, what it may use, and where its events go. Never stored."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import uuid4

from langgraph.errors import GraphInterrupt

from agent.accounts import UsedUp
from agent.approvals import People
from agent.asked import Asked
from agent.events import Event, Planned, PlanStep, SubagentFinished, SubagentStarted
from agent.evidence import Evidence
from agent.limits import Limits
from agent.listening import Asking
from agent.metering import Meter
from agent.teaching import Notebook
from agent.toolbox import Result, Toolbox
from agent.voice import Voice
from core.errors import OpsError
from core.principal import Principal
from mcp_servers.client import Sessions, Tools

Stop = (
    Literal["", "tool_limit", "token_limit", "time_limit", "model_failed", "rules_answered"]
    | UsedUp
)


@dataclass(slots=True)
class Turn:
    """What the nodes of both graphs are handed as their context.

    `people` says whether a person can be asked, `person` who answered; `keeper` keeps answers;
    `wanted` are tools on demand that what is asked needs, once that was looked up;
    `settled` waits until the steps made so far are kept. A turn is `resumed` when it
    goes on with what another run of it began: quietly when that run's words were heard and kept,
    aloud when it broke off. `attempt` tells runs apart.
    """

    sessions: Sessions
    tools: Tools
    toolbox: Toolbox
    voice: Voice
    meter: Meter
    limits: Limits
    deadline_s: float
    emit: Callable[[Event], None]
    asked: Asked = field(default_factory=lambda: Asked("", "", "en"))
    wanted: frozenset[str] | None = None
    steps: tuple[str, ...] = ()
    under_way: int = 0  # steps that were begun
    finished: set[int] = field(default_factory=set[int])
    stop: Stop = ""
    calls: int = 0
    working: str = ""
    failed: str = ""  # why the models did, in the user's language
    by_rules: bool = False  # from now on: no model may be asked, or none answers
    people: People = field(default_factory=People)
    person: Principal | None = None
    notebook: Notebook | None = None
    keeper: Principal | None = None
    settled: Callable[[], Awaitable[None]] | None = None
    resumed: Literal["", "quietly", "aloud"] = ""
    taken_up: bool = False
    attempt: str = field(default_factory=lambda: _new_id("try"))
    spoken_before: int = 0
    asked_for: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    run_id: str = field(default_factory=lambda: _new_id("sub"))
    parts: dict[str, "Turn"] = field(default_factory=dict[str, "Turn"])

    @classmethod
    def begun(
        cls,
        sessions: Sessions,
        tools: Tools,
        limits: Limits,
        meter: Meter,
        emit: Callable[[Event], None],
    ) -> "Turn":
        """Starts the clock of the turn."""
        deadline_s = asyncio.get_running_loop().time() + limits.time_s
        evidence = Evidence()
        voice = Voice(emit, evidence, _new_id("msg"))
        return cls(
            sessions=sessions,
            tools=tools,
            toolbox=Toolbox(tools, evidence, voice.learn, emit, deadline_s),
            voice=voice,
            meter=meter,
            limits=limits,
            deadline_s=deadline_s,
            emit=emit,
        )

    @property
    def built(self) -> frozenset[str]:
        return self.sessions.built

    @property
    def evidence(self) -> Evidence:
        return self.toolbox.evidence

    @property
    def spoken(self) -> str:
        """What the subagent at work has said so far."""
        return self.voice.whole[self.spoken_before :].lstrip("\n")

    def take_back(self, results: Sequence[Result], *, heard: bool = False) -> None:
        """What was found before this run of the turn; `heard` by the subagent at work."""
        self.toolbox.take_back(results, heard=heard)

    def recall(self, text: str) -> None:
        """What was said before this run of the turn: said again, unless it was heard."""
        if text and self.resumed == "quietly":
            self.voice.recall(text)
        elif text:
            self.voice.say(text)

    def take_up(self, asked: Asked) -> None:
        """From now on this is what is answered, in its language."""
        self.asked, self.voice.language = asked, asked.language
        self.wanted = None
        self.spoken_before = len(self.voice.whole)
        self.toolbox.begin()
        self.voice.learn(asked.question)

    def divide(self, steps: Sequence[str]) -> None:
        """Steps of the plan worked on side by side: the first is heard at once, the others after it.

        They share the evidence and the calls that are left, so that neither numbers nor limits differ.
        """
        self.parts = {}
        if len(steps) < 2:
            return
        left = max(1, (self.limits.tool_calls - self.calls) // len(steps))
        for step in steps:
            self.parts[step] = replace(
                self,
                toolbox=self.toolbox.aside(),
                taken_up=False,
                voice=self.voice if not self.parts else self.voice.aside(unheard),
                limits=replace(self.limits, tool_calls=left),
                calls=0,
                parts={},
            )

    def part_of(self, step: str) -> "Turn":
        """The turn of one step of the plan; the whole one when it is worked on alone."""
        return self.parts.get(step, self)

    def join(self) -> None:
        """Say what was said aside, in the order of the plan, and count together what was used."""
        for part in self.parts.values():
            if part.voice is not self.voice:
                self.voice.say(part.voice.text)
            self.toolbox.results += part.toolbox.results
            self.calls += part.calls
            self.by_rules = self.by_rules or part.by_rules
            self.failed = self.failed or part.failed
            self.end_early(part.stop)
        self.parts = {}

    @contextmanager
    def subagent(self, name: str, why: str) -> Generator[None]:
        """Tells when a subagent begins and, however it ends, that it ended."""
        self.working, self.run_id = name, _new_id("sub")
        run_id = self.run_id
        self.emit(SubagentStarted(run_id, name, why))
        try:
            yield
        except OpsError:
            self.emit(SubagentFinished(run_id, name, "error"))
            raise
        except GraphInterrupt:
            self.emit(SubagentFinished(run_id, name, "waiting"))
            raise
        except asyncio.CancelledError:
            self.emit(SubagentFinished(run_id, name, "cancelled"))
            raise
        self.emit(SubagentFinished(run_id, name, "ok"))

    def tell_plan(self, done: int, begun: int) -> None:
        """How far the turn is, with the first `begun` steps begun; a single step needs no plan."""
        if len(self.steps) < 2:
            return
        self.under_way = begun
        self.finished |= set(range(done))
        self._tell_steps()

    def finish(self, step: str) -> None:
        """One of the steps that are worked on side by side is done, whatever the others do."""
        if step in self.parts:
            self.finished.add(int(step))
            self._tell_steps()

    def _tell_steps(self) -> None:
        told = [PlanStep(title, self._status(n)) for n, title in enumerate(self.steps)]
        self.emit(Planned(tuple(told)))

    def _status(self, step: int) -> Literal["done", "in_progress", "pending"]:
        if step in self.finished:
            return "done"
        return "in_progress" if step < self.under_way else "pending"

    def say_by_rule(self, text: str) -> None:
        """A whole answer that no model had a part in."""
        self.meter.by_rules = True
        self.voice.say(text)

    def asking(self) -> Asking:
        """What a model is told of this turn."""
        return Asking(self.working, self.deadline_s, self.voice, self.meter, self.emit, self.run_id)

    async def may_spend(self) -> bool:
        """Whether a model may be asked once more. If not, that is said, and rules go on."""
        if not self.by_rules and (why := await self.meter.used_up()):
            self.by_rules = True
            self.end_early(why)
        return not self.by_rules

    def end_early(self, why: Stop) -> None:
        """The first reason counts."""
        self.stop = self.stop or why

    @property
    def seconds_left(self) -> float:
        return self.deadline_s - asyncio.get_running_loop().time()


def unheard(_: Event) -> None:
    """Words said aside are heard when they are joined to the answer."""


def _new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex[:16]}"
