"""Writers of one process to one SQLite file: the urgent first, the others in the order they came.

SQLite lets one session write at a time and makes the others wait, but in no order: when two hundred
turns write at once, one of them is passed over until its patience ends.
"""

import asyncio
from collections import deque

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.util import await_only

from core.errors import UpstreamUnavailable
from core.storage.sentences import SENTENCES

# How long a session stands in the queue. Only one that writes inside another that wrote waits so long.
PATIENCE_S = 60.0
# After so many urgent ones in a row one of the others writes, so that they come to an end too.
IN_A_ROW = 4
TURN = "turn"


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


class Turn:
    """A place in the queue, taken before the first write of a transaction and given up at its end.

    Without a queue, as with Postgres, whoever writes need not wait here.
    """

    def __init__(self, queue: Queue | None, *, urgent: bool) -> None:
        self.queue, self._urgent = queue, urgent
        self._taken = False

    async def take(self) -> None:
        """Wait until nobody else writes. Raises `UpstreamUnavailable` after a minute."""
        if self._taken or self.queue is None:
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.queue.take(urgent=self._urgent)
        except TimeoutError:
            raise SENTENCES.error(UpstreamUnavailable, "database_busy") from None
        self._taken = True

    def end(self) -> None:
        """Let the next one write. Nothing happens when this one did not."""
        if self._taken and self.queue is not None:
            self._taken = False
            self.queue.end()


class InTurn(Session):
    """A session that waits for its turn before its first write; whoever opened it ends its turn."""


@event.listens_for(InTurn, "before_flush")
def _before_flush(session: Session, *_: object) -> None:
    if session.new or session.dirty or session.deleted:
        await_only(session.info[TURN].take())


@event.listens_for(InTurn, "do_orm_execute")
def _before_statement(state: ORMExecuteState) -> None:
    if not state.is_select:
        await_only(state.session.info[TURN].take())
