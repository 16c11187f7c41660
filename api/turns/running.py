"""Turns: the one function behind every door. One at a time for a thread, recorded, counted."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol
from uuid import uuid4

from fastapi import Depends, Request

from agent.accounts import Account
from agent.events import Event
from agent.intents import Route
from api.turns.accounts import Accounts
from api.turns.answers import Answered
from api.turns.records import record
from api.turns.runs import Broken, Ending, Interrupted, Run, Runs, consume
from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, TooLarge
from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.repositories.conversations import Conversations
from core.telemetry import Metrics, logger

MAX_QUESTION_CHARACTERS = 8_000
# How long going down waits for cut turns to be stored.
STOP_TIMEOUT_S = 5.0
ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
log = logger("midwatch.turns")


class Answering(Protocol):
    """What a turn asks: the assistant."""

    def run(
        self,
        message: str,
        *,
        principal: Principal,
        thread_id: str,
        language: str = "auto",
        namespace: str = "",
        account: Account | None = None,
    ) -> AsyncGenerator[Event]:
        """The turn's events, ending with `Done`; raises `OpsError` when it cannot be answered."""
        ...

    async def route(self, message: str, *, account: Account | None = None) -> Route:
        """Which subagent would answer, and with which arguments."""
        ...

    async def forget(self, thread_id: str) -> None:
        """Let go of a conversation's memory."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a door hands in. Empty ids are made up."""

    text: str
    thread_id: str = ""
    run_id: str = ""
    language: str = "auto"
    namespace: str = ""


@dataclass(slots=True)
class Turns:
    """Every turn of this process. A turn goes on when its watcher leaves."""

    assistant: Answering
    database: Database
    metrics: Metrics
    audit: AuditLog
    accounts: Accounts
    runs: Runs = field(default_factory=Runs)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])
    _busy: set[str] = field(default_factory=set[str])
    _stopping: bool = False

    async def start(self, principal: Principal, question: Question) -> Run:
        """Begin a turn. Raises `Conflict` while another one of the same thread is going on."""
        text = self._checked(principal, question)
        thread_id = question.thread_id or str(uuid4())
        run_id = question.run_id or str(uuid4())
        if self.runs.by_id.get(run_id):
            raise Conflict(f"There is a run {run_id!r} already.", hint="Choose another run id.")
        if thread_id in self._busy:
            raise Conflict(
                "This conversation is still answering the question before.",
                hint="Wait for it to finish, or cancel that run.",
            )
        run = Run(run_id, thread_id, principal.subject, text)
        self._busy.add(thread_id)
        try:
            await self._refuse_foreign(thread_id, principal.subject)
        except BaseException:
            self._busy.discard(thread_id)
            raise
        self.runs.add(run)
        task = asyncio.create_task(self._drive(run, principal, question), name=f"turn {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda done: self._ended(run, done))
        return run

    async def run_turn(self, principal: Principal, question: Question) -> AsyncIterator[Event]:
        """One turn's events; raises the error that ended it."""
        run = await self.start(principal, question)
        async for event in run.follow():
            yield event

    async def answer(self, principal: Principal, question: Question) -> dict[str, Any]:
        """One turn to its end, as the `ask` shape."""
        run = await self.start(principal, question)
        answered = Answered(run.thread_id)
        async for event in run.follow():
            answered.add(event)
        return answered.shape(duration_ms=run.duration_ms)

    def find(self, run_id: str, subject: str) -> Run:
        run = self.runs.get(run_id, subject)
        if run is None:
            raise NotFound(
                f"There is no run {run_id!r} any more.",
                hint="Read the conversation's messages instead.",
            )
        return run

    async def cancel(self, run: Run) -> None:
        """End a run early; returns when what was finished is stored."""
        task = self._tasks.get(run.id)
        if task is not None:
            self._cancel(run.id)
            await asyncio.wait([task])

    def abandon(self, run: Run) -> None:
        """End a run whose only watcher left; one that has ended stays as it is."""
        if run.id in self._tasks:
            self._cancel(run.id)

    async def route(self, principal: Principal, question: str) -> dict[str, Any]:
        """Only the supervisor's decision, as the `route` shape."""
        account = self.accounts.of(principal.subject)
        return (await self.assistant.route(question, account=account)).shape()

    async def forget(self, thread_id: str, subject: str) -> None:
        """Let go of a deleted conversation's memory; cancels what it is doing."""
        if thread_id in self._busy:
            raise Conflict("This conversation is being answered.", hint="Cancel the run first.")
        await self.assistant.forget(_memory_key(subject, thread_id))

    async def stop(self) -> None:
        """Cut every turn, because the process goes down. Their streams end; nothing is lost."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for run_id in list(self._tasks):
            self._cancel(run_id)
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)

    def _cancel(self, run_id: str) -> None:
        """A run that is being stored is at its end already; cutting that would lose it."""
        if not self.runs.by_id[run_id].closing:
            self._tasks[run_id].cancel()

    def _checked(self, principal: Principal, question: Question) -> str:
        if self._stopping:
            raise Interrupted("Midwatch is stopping.", hint="Ask again in a moment.")
        if not principal.may(Permission.CHAT_USE):
            raise Forbidden("You may not ask questions.", hint="It takes the right chat:use.")
        for given in (question.thread_id, question.run_id):
            if given and not ID.fullmatch(given):
                raise Invalid(f"{given[:80]!r} cannot be an id.", hint="Use a UUID.")
        text = question.text.strip()
        if not text:
            raise Invalid("The question is empty.")
        if len(text) > MAX_QUESTION_CHARACTERS:
            raise TooLarge(f"A question has at most {MAX_QUESTION_CHARACTERS} characters.")
        return text

    async def _refuse_foreign(self, thread_id: str, subject: str) -> None:
        async with self.database.session() as session:
            owner = await Conversations(session).owner_of(thread_id)
        if owner not in {None, subject}:
            raise NotFound(f"There is no conversation {thread_id!r}.")

    async def _drive(self, run: Run, principal: Principal, question: Question) -> None:
        self.metrics.turn_started()
        answered = Answered(run.thread_id)
        ending, error = Ending.FAILED, _broken()
        try:
            events = self.assistant.run(
                run.question,
                principal=principal,
                thread_id=_memory_key(run.subject, run.thread_id),
                language=question.language,
                namespace=question.namespace,
                account=self.accounts.of(run.subject, run.thread_id, run.id),
            )
            ending, error = await consume(run, events, answered)
        except asyncio.CancelledError:
            ending, error = self._cut()
        finally:
            await self._finish(run, answered, ending, error)

    def _cut(self) -> tuple[Ending, OpsError]:
        if self._stopping:
            return Ending.STOPPED, Interrupted(
                "Midwatch is stopping; what was finished is kept.", hint="Ask again in a moment."
            )
        return Ending.CANCELLED, Interrupted("Cancelled; what was finished is kept.")

    async def _finish(
        self, run: Run, answered: Answered, ending: Ending, error: OpsError | None
    ) -> None:
        """Store first, then say so: whoever sees the end can read it again."""
        run.closing = True
        try:
            await record(self.database, run, answered, ending, error)
        except OpsError as failure:
            ending, error = Ending.FAILED, failure
        await self._note(run, answered, ending)
        self._busy.discard(run.thread_id)
        if answered.done and ending is Ending.DONE:
            run.append(answered.done)
        run.end(ending, error)
        self._count(run, answered)

    async def _note(self, run: Run, answered: Answered, ending: Ending) -> None:
        """Who asked, in the audit trail; the tools it took have lines of their own."""
        route = answered.done.route if answered.done else ()
        await self.audit.record(
            subject=run.subject,
            action="turn.ask",
            target=run.thread_id,
            outcome=str(ending),
            detail={
                "run_id": run.id,
                "route": list(route),
                "tool_calls": len(answered.tool_calls),
            },
        )

    def _ended(self, run: Run, task: asyncio.Task[None]) -> None:
        """The last line of a task: a mistake of ours must not leave its watchers waiting."""
        self._tasks.pop(run.id, None)
        self._busy.discard(run.thread_id)
        mistake = None if task.cancelled() else task.exception()
        if mistake is not None:
            log.error("turn.broke", run_id=run.id, thread_id=run.thread_id, exc_info=mistake)
        if run.ending is None:
            run.end(*(self._cut() if task.cancelled() else (Ending.FAILED, _broken())))

    def _count(self, run: Run, answered: Answered) -> None:
        route = answered.done.route if answered.done else ()
        duration_s = run.duration_ms / 1000
        self.metrics.turn_finished("+".join(route) or "none", str(run.ending), duration_s)
        for used in answered.used:
            self.metrics.model_used(
                used.provider,
                used.model,
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                cost_usd=used.cost_usd,
            )
        log.info(
            "turn.finished",
            thread_id=run.thread_id,
            run_id=run.id,
            ending=str(run.ending),
            route=list(route),
            tool_calls=len(answered.tool_calls),
            duration_ms=run.duration_ms,
        )


def _memory_key(subject: str, thread_id: str) -> str:
    """Two people's memories stay apart, whatever thread id a client sends."""
    return f"{subject}/{thread_id}"


def _broken() -> OpsError:
    return Broken("Midwatch made a mistake; its log has the details.")


def current_turns(request: Request) -> Turns:
    return request.app.state.turns


CurrentTurns = Annotated[Turns, Depends(current_turns)]
