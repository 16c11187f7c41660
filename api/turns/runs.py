"""A run is one turn in progress: it goes on whether or not anybody watches."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.events import Done, Event, SubagentStarted, ToolFinished, ToolStarted
from api.sentences import SENTENCES
from api.turns.answers import Answered
from core.clock import monotonic_s, utc_now
from core.errors import OpsError
from core.redaction import redact_fields

# Finished runs stay readable this long, so that a dropped connection can be resumed.
KEPT_S = 600.0
# How many finished runs are kept at most; the stored messages are the lasting record.
KEPT_RUNS = 50


def _now_ms() -> int:
    return int(utc_now().timestamp() * 1000)


class Ending(StrEnum):
    """How a run ended. `WAITING`: for a person. `STOPPED`: the process is going down."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


class Interrupted(OpsError):
    """The turn was cut short; what was finished is kept."""

    code = "interrupted"


class Broken(OpsError):
    """A mistake of ours ended the turn."""

    code = "internal"


def broken() -> Broken:
    return SENTENCES.error(Broken, "our_mistake")


@dataclass(frozen=True, slots=True)
class Logged:
    """One event and when it happened, in Unix milliseconds."""

    at_ms: int
    event: Event


@dataclass(slots=True)
class Run:
    """The events of one turn from the first on, for any number of watchers."""

    id: str
    thread_id: str
    subject: str
    question: str
    app: str = ""
    started_s: float = field(default_factory=monotonic_s)
    started_ms: int = field(default_factory=_now_ms)
    log: list[Logged] = field(default_factory=list[Logged])
    goes_on: bool = False  # with a turn whose question is kept already
    fork: str = ""  # the step of the thread that it goes on from; "": the last
    closing: bool = False  # over, and being stored
    ending: Ending | None = None
    error: OpsError | None = None
    ended_s: float = 0.0
    ended_ms: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def append(self, event: Event) -> None:
        """Log one event. A model may have put a secret into a call: it ends here."""
        if isinstance(event, ToolStarted | ToolFinished):
            event = replace(event, arguments=redact_fields(event.arguments))
        self.log.append(Logged(_now_ms(), event))
        self._wake()

    def subagents(self) -> dict[str, str]:
        """The names of the subagents that worked, by the id of their run."""
        started = [one.event for one in self.log if isinstance(one.event, SubagentStarted)]
        return {event.run_id: event.name for event in started}

    def end(self, ending: Ending, error: OpsError | None = None) -> None:
        self.ending, self.error = ending, error
        self.ended_s, self.ended_ms = monotonic_s(), _now_ms()
        self._wake()

    @property
    def duration_ms(self) -> int:
        until = self.ended_s if self.ending else monotonic_s()
        return round((until - self.started_s) * 1000)

    async def more(self, seen: int, *, timeout_s: float | None = None) -> bool:
        """Wait until there are more than `seen` events or the run has ended.

        False when `timeout_s` went by first.
        """
        changed = self._changed
        if len(self.log) > seen or self.ending:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    async def follow(self) -> AsyncIterator[Event]:
        """Every event from the first to the last; raises the error that ended the run."""
        seen = 0
        while True:
            await self.more(seen)
            for logged in self.log[seen:]:
                seen += 1
                yield logged.event
            if self.ending and seen == len(self.log):
                break
        if self.error:
            raise self.error

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass(slots=True)
class Runs:
    """The runs of this process by their id: those in progress, and the lately finished."""

    by_id: dict[str, Run] = field(default_factory=dict[str, Run])

    def add(self, run: Run) -> None:
        self._forget_old()
        self.by_id[run.id] = run

    def get(self, run_id: str, subject: str) -> Run | None:
        """The run if it is this subject's; somebody else's looks like none."""
        run = self.by_id.get(run_id)
        return run if run and run.subject == subject else None

    def _forget_old(self) -> None:
        finished = [run for run in self.by_id.values() if run.ending]
        oldest_first = sorted(finished, key=lambda run: run.ended_s)
        too_many = len(oldest_first) - KEPT_RUNS + 1
        horizon = monotonic_s() - KEPT_S
        for place, run in enumerate(oldest_first):
            if place < too_many or run.ended_s < horizon:
                del self.by_id[run.id]


async def consume(
    run: Run, events: AsyncGenerator[Event], answered: Answered
) -> tuple[Ending, OpsError | None]:
    """Take a turn's events into `run`, all but `Done`, which is said once it is recorded."""
    try:
        async with aclosing(events):
            async for event in events:
                answered.add(event)
                if not isinstance(event, Done):
                    run.append(event)
    except OpsError as error:
        return Ending.FAILED, error
    if answered.done is None:
        return Ending.FAILED, SENTENCES.error(Broken, "ended_unanswered")
    return (Ending.WAITING if answered.done.approvals else Ending.DONE), None


async def run_alone(run: Run, events: AsyncGenerator[Event]) -> None:
    """One turn that nobody records."""
    answered = Answered(run.thread_id)
    ending, error = await consume(run, events, answered)
    if answered.done:
        run.append(answered.done)
    run.end(ending, error)
