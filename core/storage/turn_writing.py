"""How turns are kept: those that begin, or end, at the same moment in one transaction."""

from collections.abc import Sequence

from core.storage.database import Database
from core.storage.records import Beginning, Turn
from core.storage.repositories.conversations import Conversations
from core.storage.together import Together


class TurnWriting:
    """Two hundred turns at once otherwise stand in a queue of two hundred writers, twice."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beginnings, self._turns = Together(self._begun), Together(self._ended)

    async def begin(self, beginning: Beginning) -> None:
        """Keep a conversation before its first answer. Raises `Conflict` when it has begun already."""
        await self._beginnings.add(beginning)

    async def append(self, turn: Turn) -> None:
        """Keep a turn. Raises `NotFound` when its thread is another person's."""
        await self._turns.add(turn)

    async def _begun(self, beginnings: Sequence[Beginning]) -> None:
        async with self._database.session() as session:
            await Conversations(session).begin_all(beginnings)

    async def _ended(self, turns: Sequence[Turn]) -> None:
        async with self._database.session() as session:
            await Conversations(session).append_turns(turns)
