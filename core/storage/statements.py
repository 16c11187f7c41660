"""The statements of one transaction, without the ORM, which nobody needs who gives and takes records."""

from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, Executable, Result, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from core.storage.turns import Turn


class Statements:
    """Waits for its turn before its first write; whoever opened it ends its turn.

    Use it as `async with Statements(engine, turn) as statements`. What is not committed is undone.
    """

    def __init__(self, engine: AsyncEngine, turn: Turn) -> None:
        self._engine, self._turn = engine, turn
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            await self._connection.__aexit__(kind, error, traceback)

    async def connect(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._engine.connect()
        return self._connection

    async def execute(
        self, statement: Executable, parameters: Any = None
    ) -> Result[*tuple[Any, ...]]:
        if not statement.is_select:
            await self._turn.take()
        return await (await self.connect()).execute(statement, parameters)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        return (await self.execute(statement)).scalars()

    async def commit(self) -> None:
        """Keep all of it, and give the connection back: with nothing to undo, that waits for nothing."""
        if self._connection is not None:
            await self._connection.commit()
            await self._connection.close()
            self._connection = None

    def get_bind(self) -> Engine:
        """What knows which database this is."""
        return self._engine.sync_engine


# What a repository works with.
Session = AsyncSession | Statements
