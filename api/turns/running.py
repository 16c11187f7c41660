"""Turns: the one function behind every door. One at a time for a thread, recorded, counted."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request

from agent.approvals import Approval, Decision
from agent.events import Event
from agent.intents import decided
from agent.standing import Standing
from agent.state import Exchange
from api.dependencies import require_presence
from api.sentences import SENTENCES
from api.turns.accounts import Accounts, RunAccount
from api.turns.answers import Answered
from api.turns.branching import branched, edited_in, forked
from api.turns.notebooks import KeptNotebook
from api.turns.questions import Question
from api.turns.records import record
from api.turns.runs import Ending, Interrupted, Run, Runs, broken, consume
from api.turns.standing import Answering, admit_question, admit_resume
from core.clock import utc_now
from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, TooLarge
from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.forks import ASKED
from core.storage.records import Beginning
from core.storage.repositories.conversations import Conversations
from core.storage.turn_writing import TurnWriting
from core.telemetry import Metrics, logger

MAX_QUESTION_CHARACTERS = 8_000
# How long going down waits for cut turns to be stored.
STOP_TIMEOUT_S = 5.0
ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
log = logger("midwatch.turns")


@dataclass(slots=True)
class Turns:
    """Every turn of this process. A turn goes on when its watcher leaves."""

    assistant: Answering
    database: Database
    metrics: Metrics
    audit: AuditLog
    accounts: Accounts
    runs: Runs = field(default_factory=Runs)
    kept: TurnWriting = field(init=False)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])
    _busy: set[str] = field(default_factory=set[str])
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.kept = TurnWriting(self.database)

    @property
    def going_on(self) -> int:
        """How many turns are at work."""
        return len(self._tasks)

    async def start(self, principal: Principal, question: Question) -> Run:
        """Begin a turn. Raises `Conflict` while another one of the same thread is going on."""
        self._check(principal, question)
        question, exchanges = await self._branched(principal.subject, question)
        thread_id = question.thread_id or str(uuid4())
        run_id = question.run_id or str(uuid4())
        if self.runs.by_id.get(run_id):
            raise SENTENCES.error(Conflict, "run_exists", run_id=run_id)
        if thread_id in self._busy:
            raise SENTENCES.error(Conflict, "still_answering")
        run = Run(run_id, thread_id, principal.subject, question.text.strip(), principal.app)
        run.fork, run.goes_on = question.fork, question.fork.startswith(ASKED)
        self._busy.add(thread_id)
        try:
            await self._begin(run, is_new=not question.thread_id)
            events = await self._opened(run, principal, question, exchanges)
        except BaseException:
            self._busy.discard(thread_id)
            raise
        self.runs.add(run)
        task = asyncio.create_task(self._drive(run, events), name=f"turn {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda done: self._ended(run, done))
        return run

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
            raise SENTENCES.error(NotFound, "run_gone", run_id=run_id)
        return run

    def at_work(self, thread_id: str, subject: str) -> list[Run]:
        """The run that this thread is busy with, if any."""
        running = (self.runs.by_id[run_id] for run_id in self._tasks)
        return [run for run in running if (run.thread_id, run.subject) == (thread_id, subject)]

    async def cancel(self, run: Run) -> None:
        """End a run early; returns when what was finished is stored."""
        task = self._tasks.get(run.id)
        if task is not None:
            self._cancel(run.id)
            await asyncio.wait([task])

    async def settled(self, run: Run) -> None:
        """Until the thread of a run that has ended is free for the next one."""
        task = self._tasks.get(run.id)
        if task is not None:
            await asyncio.wait([task])

    def abandon(self, run: Run) -> None:
        """End a run whose only watcher left; one that has ended stays as it is."""
        if run.id in self._tasks:
            self._cancel(run.id)

    async def standing(self, thread_id: str, subject: str) -> Standing | None:
        """The turn that has not come to its end in a thread where none is at work."""
        if thread_id in self._busy:
            return None
        return await self.assistant.standing(_memory_key(subject, thread_id))

    async def route(self, principal: Principal, question: str) -> dict[str, Any]:
        """Only the supervisor's decisions, as the `route` shape."""
        account = self.accounts.of(principal.subject, app=principal.app)
        return decided(await self.assistant.route(question, account=account))

    async def forget(self, thread_id: str, subject: str) -> None:
        """Let go of a deleted conversation's memory; cancels what it is doing."""
        if thread_id in self._busy:
            raise SENTENCES.error(Conflict, "being_answered")
        await self.assistant.forget(_memory_key(subject, thread_id))

    async def stop(self) -> None:
        """Cut every turn, because the process goes down. Their streams end; nothing is lost."""
        self._stopping = True
        tasks = list(self._tasks.values())
        for run_id in list(self._tasks):
            self._cancel(run_id)
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)
        await self.accounts.shadows.close()

    def _cancel(self, run_id: str) -> None:
        """A run that is being stored is at its end already; cutting that would lose it."""
        if not self.runs.by_id[run_id].closing:
            self._tasks[run_id].cancel()

    def _check(self, principal: Principal, question: Question) -> None:
        if self._stopping:
            raise SENTENCES.error(Interrupted, "stopping")
        if not principal.may(Permission.CHAT_USE):
            raise SENTENCES.error(Forbidden, "may_not_ask")
        for given in (question.thread_id, question.run_id, question.branch):
            if given and not ID.fullmatch(given):
                raise SENTENCES.error(Invalid, "no_id", given=given[:80])
        text = question.text.strip()
        if not text and not question.resume:
            raise SENTENCES.error(Invalid, "no_question")
        if len(text) > MAX_QUESTION_CHARACTERS:
            raise SENTENCES.error(
                TooLarge, "long_question", max_question_characters=MAX_QUESTION_CHARACTERS
            )

    async def _begin(self, run: Run, *, is_new: bool) -> None:
        """A new conversation is kept before it is answered, so that it is found after a crash."""
        owner = None if is_new else await self._owner(run.thread_id)
        if owner is None and run.question:
            await self.kept.begin(Beginning(run.thread_id, run.subject, run.question, utc_now()))
        if owner not in {None, run.subject}:
            raise SENTENCES.error(NotFound, "no_conversation", thread_id=run.thread_id)

    async def _owner(self, thread_id: str) -> str | None:
        async with self.database.session() as session:
            return await Conversations(session).owner_of(thread_id)

    async def _branched(
        self, subject: str, question: Question
    ) -> tuple[Question, list[Exchange] | None]:
        """An edited question in a conversation of its own; any other as it is, a fork with what it remembers."""
        if question.fork:
            remembered = await self.assistant.exchanges(_memory_key(subject, question.thread_id))
            return question, await forked(self.database, question, subject, remembered)
        edited = await edited_in(self.database, question, subject) if question.thread_id else ""
        if not edited:
            return question, None
        remembered = await self.assistant.exchanges(_memory_key(subject, question.thread_id))
        return await branched(self.database, question, edited, subject, remembered)

    async def _opened(
        self,
        run: Run,
        principal: Principal,
        question: Question,
        exchanges: list[Exchange] | None,
    ) -> AsyncGenerator[Event]:
        """The turn that is to be run: a new one, or the one that stands in the thread.

        The same question once more, after a process was killed in it, goes on with it.
        """
        key = _memory_key(run.subject, run.thread_id)
        standing = await self.assistant.standing(key) if question.thread_id else None
        cut_off = standing.question if standing and not standing.approvals else None
        if question.resume or cut_off == run.question:
            return await self._taken_up(run, principal, question, standing)
        admit_question(standing)
        return self.assistant.run(
            run.question,
            principal=principal,
            thread_id=key,
            language=question.language,
            namespace=question.namespace,
            account=self._account(run),
            can_ask=question.can_ask,
            notebook=KeptNotebook(self.database, principal, run.thread_id),
            unanswered=standing.exchange if standing and standing.approvals else None,
            exchanges=exchanges,
        )

    async def _taken_up(
        self, run: Run, principal: Principal, question: Question, standing: Standing | None
    ) -> AsyncGenerator[Event]:
        standing = admit_resume(standing, question.decisions)
        if any(said.approved for said in question.decisions):
            require_presence(principal)
        run.question, run.goes_on = standing.question, run.goes_on or bool(standing.approvals)
        asked = {one.id: one for one in standing.approvals}
        for said in question.decisions:
            await self._note_decision(run, asked[said.approval_id], said)
        return self.assistant.resume(
            _memory_key(run.subject, run.thread_id),
            principal=principal,
            decisions=question.decisions,
            account=self._account(run),
            can_ask=question.can_ask,
            notebook=KeptNotebook(self.database, principal, run.thread_id),
        )

    def _account(self, run: Run) -> RunAccount:
        return self.accounts.of(run.subject, run.thread_id, run.id, app=run.app)

    async def _note_decision(self, run: Run, asked: Approval, said: Decision) -> None:
        """In the audit trail before anything comes of it."""
        await self.audit.record(
            subject=run.subject,
            action="approval.approve" if said.approved else "approval.deny",
            target=asked.tool,
            outcome="ok",
            detail={
                "approval": asked.id,
                "thread": run.thread_id,
                "arguments": asked.arguments,
                **({"reason": said.reason} if said.reason else {}),
            },
            at_once=True,
        )

    async def _drive(self, run: Run, events: AsyncGenerator[Event]) -> None:
        self.metrics.turn_started()
        answered = Answered(run.thread_id)
        ending, error = Ending.FAILED, broken()
        try:
            ending, error = await consume(run, events, answered)
        except asyncio.CancelledError:
            ending, error = self._cut()
        finally:
            await self._finish(run, answered, ending, error)

    def _cut(self) -> tuple[Ending, OpsError]:
        if self._stopping:
            return Ending.STOPPED, SENTENCES.error(Interrupted, "stopped")
        return Ending.CANCELLED, SENTENCES.error(Interrupted, "cancelled")

    async def _finish(
        self, run: Run, answered: Answered, ending: Ending, error: OpsError | None
    ) -> None:
        """Store first, then say so: whoever sees the end can read it again.

        Only what the process itself cut off is left standing, to go on when it is up again.
        """
        run.closing = True
        try:
            await record(self.kept, run, answered, ending, error)
            if ending in (Ending.FAILED, Ending.CANCELLED):
                await self.assistant.close(_memory_key(run.subject, run.thread_id))
        except OpsError as failure:
            ending, error = Ending.FAILED, failure
        await self._note(run, answered, ending)
        self._busy.discard(run.thread_id)
        if answered.done and ending in (Ending.DONE, Ending.WAITING):
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
            run.end(*(self._cut() if task.cancelled() else (Ending.FAILED, broken())))

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


async def current_turns(request: Request) -> Turns:
    """Asynchronous, because any other dependency is run in a thread."""
    return request.app.state.turns


CurrentTurns = Annotated[Turns, Depends(current_turns)]
