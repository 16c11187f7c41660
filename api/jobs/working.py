"""Jobs of the database, taken by lease and carried out a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from secrets import randbelow, token_hex
from typing import Any

from core.clock import utc_now
from core.errors import OpsError
from core.storage.job_records import JobRow
from core.storage.kept_alerts import KeptAlerts
from core.telemetry import logger

# An investigation reads a whole cluster; more of them at once only wait for each other.
AT_ONCE = 2
# A lease outlives several beats, so that one slow write of the database costs nobody their job.
LEASE, BEAT_S = timedelta(seconds=60), 10.0
# After the first failure; twice as long after each further one.
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=10)
log = logger("midwatch.jobs")

Say = Callable[[str], None]
# Carries a job out and writes down what came of it while it still holds the lease.
Handler = Callable[[JobRow, Say], Awaitable[None]]


class Workers:
    """Whoever takes a job holds it by beats; what a process that dies leaves is taken by the next."""

    def __init__(
        self,
        store: KeptAlerts,
        handlers: dict[str, Handler],
        *,
        lease: timedelta = LEASE,
        beat_s: float = BEAT_S,
        ahead: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        """`ahead` loads what jobs need, which takes a second: while the first of them waits for its time."""
        self._ahead = ahead
        self._store, self.handlers = store, handlers
        self._lease, self._beat_s = lease, beat_s
        self._running: dict[str, asyncio.Task[None]] = {}
        self._said: dict[str, str] = {}
        self.owner = f"run-{token_hex(8)}"
        self.again: Callable[[], None] = lambda: None

    async def work(self) -> datetime | None:
        """Take what is due while there is room, and say when there is something again."""
        while len(self._running) < AT_ONCE:
            job = await self._taken()
            if job is None:
                break
            task = asyncio.create_task(self._held(job))
            self._running[job.id] = task
            task.add_done_callback(lambda _, id_=job.id: self._ended(id_))
        if len(self._running) >= AT_ONCE:
            return None
        async with self._store.session() as tables:
            due = await tables.jobs.next_due(self.handlers)
        if due and self._ahead:
            ahead, self._ahead = self._ahead, None
            await ahead()
        return due

    async def stop(self) -> None:
        """Put back what is being done; that was no try."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _taken(self) -> JobRow | None:
        now = utc_now()
        async with self._store.session() as tables:
            return await tables.jobs.take(self.handlers, self.owner, now, now + self._lease)

    async def _held(self, job: JobRow) -> None:
        """Carry it out, beating; stop when it is not ours any more."""
        run = asyncio.ensure_future(
            self.handlers[job.kind](job, lambda text: self._said.update({job.id: text}))
        )
        try:
            while not (await asyncio.wait({run}, timeout=self._beat_s))[0]:
                if not await self._beats(job):
                    run.cancel()
                    return
            await self._after(job, run)
        except asyncio.CancelledError:
            run.cancel()
            await self._back(job, utc_now(), "The service was stopped.", counts=False)
            raise

    async def _beats(self, job: JobRow) -> bool:
        until = utc_now() + self._lease
        async with self._store.session() as tables:
            return await tables.jobs.keep(job.id, self.owner, until, self._said.get(job.id, ""))

    async def _after(self, job: JobRow, run: "asyncio.Future[None]") -> None:
        failure = run.exception()
        if failure is None:
            return
        if isinstance(failure, OpsError):
            log.warning("job.failed", job=job.kind, id=job.id, why=str(failure))
        else:
            log.error("job.broke", job=job.kind, id=job.id, exc_info=failure)
        why = str(failure) if isinstance(failure, OpsError) else "Midwatch made a mistake."
        await self._back(job, utc_now() + rest(job.attempts), why)

    async def _back(self, job: JobRow, at: datetime, why: str, *, counts: bool = True) -> None:
        async with self._store.session() as tables:
            await tables.jobs.put_back(job.id, self.owner, at, why, counts=counts)

    def _ended(self, job_id: str) -> None:
        task = self._running.pop(job_id)
        self._said.pop(job_id, None)
        if not task.cancelled() and (failure := task.exception()):
            log.warning("job.lost", id=job_id, why=str(failure))
        self.again()


def rest(attempts: int) -> timedelta:
    """Twice as long each time, and a little more or less, so that many do not come back at once."""
    whole = min(FIRST_REST * 2 ** max(attempts - 1, 0), LONGEST_REST)
    return whole * (0.75 + randbelow(501) / 1000)
