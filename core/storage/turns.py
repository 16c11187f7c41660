"""Writers of one process to one SQLite file: the urgent first, the others in the order they came.

SQLite lets one session write at a time and makes the others wait, but in no order: when two hundred
turns write at once, one of them is passed over until its patience ends.
"""

import asyncio
from collections import deque
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.util import await_only

from core.errors import UpstreamUnavailable
from core.storage.sentences import SENTENCES

# How long a session stands in the queue. Only one that writes inside another that wrote waits so long.
PATIENCE_S = 60.0
# After so many urgent ones in a row one of the others writes, so that they come to an end too.
IN_A_ROW = 4
QUEUE, HAS_TURN, URGENT = "queue", "has_turn", "urgent"


class Queue:
    """A turn for one at a time. Whoever ends it hands it on, so that nobody gets in between."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._in_a_row = 0

    @property
    def waiting(self) -> int:
        return len(self._urgent) + len(self._others)

    async def take(self, *, urgent: bool = False) -> None:
        if not self._taken:
            self._taken = True
            return
        waiting = self._urgent if urgent else self._others
        mine = asyncio.get_running_loop().create_future()
        waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            # Cut in the moment in which it was given the turn: the next one has it then.
            if mine.done() and not mine.cancelled():
                self.end()
            raise

    def end(self) -> None:
        while waiting := self._next():
            one = waiting.popleft()
            if not one.done():
                self._in_a_row = self._in_a_row + 1 if waiting is self._urgent else 0
                one.set_result(None)
                return
        self._taken = False

    def _next(self) -> deque[asyncio.Future[None]]:
        if self._urgent and (self._in_a_row < IN_A_ROW or not self._others):
            return self._urgent
        return self._others


class InTurn(Session):
    """A session that waits for its turn before its first write; whoever opened it ends its turn."""


def queue() -> dict[str, Any]:
    """What sessions that stand in one queue have in common."""
    return {QUEUE: Queue()}


def hurry(session: Session) -> None:
    """Let it write before all that are not urgent. For work that others wait for, and little of it."""
    session.info[URGENT] = True


def end_turn(session: Session) -> None:
    """Let the next one write. Nothing happens when this one did not."""
    if session.info.pop(HAS_TURN, False):
        session.info[QUEUE].end()


async def _admitted(session: Session) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await session.info[QUEUE].take(urgent=session.info.get(URGENT, False))


def _begin_turn(session: Session) -> None:
    if session.info.get(HAS_TURN):
        return
    try:
        await_only(_admitted(session))
    except TimeoutError:
        raise SENTENCES.error(UpstreamUnavailable, "database_busy") from None
    session.info[HAS_TURN] = True


@event.listens_for(InTurn, "before_flush")
def _before_flush(session: Session, *_: object) -> None:
    if session.new or session.dirty or session.deleted:
        _begin_turn(session)


@event.listens_for(InTurn, "do_orm_execute")
def _before_statement(state: ORMExecuteState) -> None:
    if not state.is_select:
        _begin_turn(state.session)
