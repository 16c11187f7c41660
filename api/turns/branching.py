"""Editing an earlier question: a branch that remembers what was before it."""

from dataclasses import replace
from uuid import uuid4

from agent.state import Exchange
from api.turns.questions import Question
from core.clock import utc_now
from core.storage.database import Database
from core.storage.forks import ASKED, latest, line_to, rows_of, steps_of
from core.storage.records import MessageRow
from core.storage.repositories.branches import Branches
from core.storage.repositories.conversations import Conversations


async def edited_in(database: Database, question: Question, owner: str) -> str:
    """Which earlier question this one stands for; "" when it just follows the last."""
    if question.edit or not question.after_run:
        return question.edit
    async with database.session() as session:
        branches = Branches(session)
        return await branches.after(question.thread_id, question.after_run, owner=owner)


async def branched(
    database: Database, question: Question, edited: str, owner: str, remembered: list[Exchange]
) -> tuple[Question, list[Exchange]]:
    """The question in a conversation of its own, and what that remembers of the old one."""
    branch = question.branch or str(uuid4())
    async with database.session() as session:
        branches = Branches(session)
        gone = await branches.left_behind(question.thread_id, edited, owner=owner)
        await branches.begin(
            branch,
            of=question.thread_id,
            edited=edited,
            question=question.text,
            owner=owner,
            at=utc_now(),
        )
    kept = remembered[: max(0, len(remembered) - _answered(gone))]
    return replace(question, thread_id=branch, edit="", after_run=""), kept


async def forked(
    database: Database, question: Question, owner: str, remembered: list[Exchange]
) -> list[Exchange]:
    """What a fork in the thread itself remembers: what the thread does of the way that both have in
    common, then what was said on the fork's own, where it goes on from another fork."""
    async with database.session() as session:
        rows = await Conversations(session).every_message(question.thread_id, owner=owner)
    steps = steps_of(rows)
    now = rows_of(line_to(steps, latest(steps)))
    then = rows_of(line_to(steps, question.fork))
    if question.fork.startswith(ASKED):
        then.pop()
    common = sum(one is other for one, other in zip(now, then, strict=False))
    kept = remembered[: max(0, len(remembered) - _answered(now[common:]))]
    return [*kept, *_said(then[common:])]


def _said(rows: list[MessageRow]) -> list[Exchange]:
    """Questions with their answers, of turns that came to an end."""
    said: list[Exchange] = []
    asked = ""
    for row in rows:
        if row.role == "user":
            asked = row.text
        elif row.detail.get("ending") == "done":
            said.append(Exchange(question=asked, answer=row.text))
    return said


def _answered(gone: list[MessageRow]) -> int:
    """Turns that were remembered: only those that came to an end."""
    return sum(one.role == "assistant" and one.detail.get("ending") == "done" for one in gone)
