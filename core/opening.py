"""What is opened when somebody first asks for it, and closed with its owner."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")


class OnFirstUse(Generic[T]):
    """One context manager for all who ask; it lives in a task of its own.

    Task groups must be left by the task that entered them, and who asks first is gone long before
    the end. Nothing of that asker stays inside: the context is the owner's. An opening that failed
    is told to all who waited for it, and tried again for the next who asks.
    """

    def __init__(self, manager: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._manager, self._context = manager, copy_context()
        self._inside: asyncio.Future[T] | None = None
        self._task: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    async def get(self) -> T:
        """What is inside. Raises what opening it raised; who gives up waiting stops nobody else."""
        if self._task is None or self._inside is None or self._task.done():
            loop = asyncio.get_running_loop()
            self._inside = loop.create_future()
            self._task = loop.create_task(self._keep(self._inside), context=self._context)
        inside, task = self._inside, self._task
        if not inside.done():
            await asyncio.wait({inside, task}, return_when=asyncio.FIRST_COMPLETED)
        if not inside.done():
            await task
        return inside.result()

    async def close(self) -> None:
        """Leave it, if it was entered. Raises what leaving raises."""
        self._end.set()
        if self._task and self._inside:
            await asyncio.wait({self._task})
            if self._inside.done():
                await self._task

    async def _keep(self, inside: asyncio.Future[T]) -> None:
        async with self._manager() as opened:
            inside.set_result(opened)
            await self._end.wait()
