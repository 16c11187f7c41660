"""What smart functions in shadow do beside the turns of this process: nobody waits for it, and it is noted at their flags."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core.clock import utc_now
from core.errors import OpsError
from core.storage.database import Database
from core.storage.flag_records import FlagEventRow
from core.storage.repositories.flags import Flags
from core.telemetry import logger

# More at once are left out: a trial must not take from those who wait for an answer.
MOST = 8
log = logger("midwatch.shadows")

Trial = Coroutine[Any, Any, Mapping[str, Any]]


@dataclass(slots=True)
class Shadows:
    database: Database
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def begin(self, function: str, by: str, about: Mapping[str, Any], trial: Trial) -> None:
        """`about`: what is noted with what the trial tells."""
        if len(self._tasks) >= MOST:
            trial.close()
            return
        task = asyncio.create_task(self._noted(function, by, about, trial), name="shadow")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, trial))

    async def close(self) -> None:
        """Cut those that are at work: what they would have told is of no use to anybody now."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _noted(self, function: str, by: str, about: Mapping[str, Any], trial: Trial) -> None:
        told = {**about, **await trial}
        made = FlagEventRow.of(function, "shadow", by, utc_now(), told)
        try:
            async with self.database.session() as session:
                await Flags(session).add(made)
        except OpsError as failure:
            log.warning("shadow.not_noted", function=function, why=str(failure))

    def _ended(self, trial: Trial, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        trial.close()  # one that was cut before it began
        if not task.cancelled() and (mistake := task.exception()):
            log.error("shadow.broke", exc_info=mistake)
