"""Loops that look for work: when they are woken, when something becomes due, and now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from core.clock import utc_now
from core.errors import OpsError
from core.telemetry import logger

# Another process may have put something to do where nobody here hears of it.
LOOK_EVERY_S = 1.0
# After a failure, as the same is likely to fail again at once.
REST_S = 5.0
log = logger("midwatch.jobs")


@dataclass
class Loop:
    """`work` does what is due and says when there is something again, or None.

    It rests for `rest_s` after each look, however often it is woken: a storm wakes hundreds of times a second.
    """

    name: str
    work: Callable[[], Awaitable[datetime | None]]
    look_every_s: float = LOOK_EVERY_S
    rest_s: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while True:
            wait_s = await self._once()
            await asyncio.sleep(self.rest_s)
            try:
                async with asyncio.timeout(max(wait_s - self.rest_s, 0.01)):
                    await self.woken.wait()
            except TimeoutError:
                continue

    async def _once(self) -> float:
        """How long to wait before the next look."""
        self.woken.clear()
        try:
            due = await self.work()
        except OpsError as error:
            log.warning("job.failed", job=self.name, why=str(error))
            return REST_S
        except Exception:  # a bug in one job must not end the loop that all others wait for
            log.exception("job.broke", job=self.name)
            return REST_S
        until_s = (due - utc_now()).total_seconds() if due else self.look_every_s
        return min(max(until_s, 0.01), self.look_every_s)


class Runner:
    """Use it as `async with Runner(loops) as runner`."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(one.run(), name=one.name) for one in self._loops]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, *names: str) -> None:
        """Something was put to be done: look now. Without names all do."""
        for one in self._loops:
            if not names or one.name in names:
                one.woken.set()
