"""Writers of one process to one SQLite file, in the order they came.

SQLite lets one session write at a time and makes the others wait, but in no order: when two hundred
turns write at once, one of them is passed over until its patience ends.
"""

import asyncio
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.util import await_only

from core.errors import UpstreamUnavailable
from core.storage.sentences import SENTENCES

# How long a session stands in the queue. Only one that writes inside another that wrote waits so long.
PATIENCE_S = 60.0
QUEUE, HAS_TURN = "queue", "has_turn"


class InTurn(Session):
    """A session that waits for its turn before its first write; whoever opened it ends its turn."""


def queue() -> dict[str, Any]:
    """What sessions that stand in one queue have in common."""
    return {QUEUE: asyncio.Lock()}


def end_turn(session: Session) -> None:
    """Let the next one write. Nothing happens when this one did not."""
    if session.info.pop(HAS_TURN, False):
        session.info[QUEUE].release()


async def _admitted(lock: asyncio.Lock) -> None:
    """Not by `wait_for`, which may lose a cancellation that comes with the lock."""
    async with asyncio.timeout(PATIENCE_S):
        await lock.acquire()


def _begin_turn(session: Session) -> None:
    if session.info.get(HAS_TURN):
        return
    try:
        await_only(_admitted(session.info[QUEUE]))
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
