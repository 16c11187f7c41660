"""Answers that are owed: kept before a question is worked on, so that whoever comes after a killed process gives them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from agent.approvals import Decision
from api.bots.heard import Heard
from core.clock import utc_now
from core.errors import OpsError
from core.storage.database import Database
from core.storage.job_records import JobRow
from core.storage.repositories.jobs import Jobs
from core.telemetry import logger

# How long a process that says nothing more is taken for alive; several beats, so that one slow write
# of the database gives nobody's question away.
LEASE, BEAT_S = timedelta(seconds=30), 5.0
# Questions of a killed process that are gone on with at once; the others wait for these.
AT_ONCE = 4
log = logger("midwatch.bots")


@dataclass(frozen=True, slots=True)
class Owed:
    """A message that was not answered. `where` is what its service needs to answer there.

    `tries` counts the processes that worked on it, this one included. `decision` is what a button said.
    """

    heard: Heard
    where: Mapping[str, Any]
    asked_at: datetime
    decision: Decision | None = None
    tries: int = 1


Give = Callable[[Owed], Awaitable[None]]


@dataclass
class Owing:
    """What one bot owes, as jobs of the database that it holds by beats.

    A message is a job once, by the service's own id of it: what is sent again, to whichever process and
    however late, is not answered again.
    """

    database: Database
    service: str
    lease: timedelta = LEASE
    beat_s: float = BEAT_S
    owner: str = field(default_factory=lambda: f"bot-{token_hex(8)}")
    _held: set[str] = field(default_factory=set[str])
    _giving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @asynccontextmanager
    async def owed(
        self, heard: Heard, where: Mapping[str, Any], decision: Decision | None = None
    ) -> AsyncGenerator[bool]:
        """Whether it is ours to answer. It is settled at the end of the block, but left for the next
        process where this one is cut off in it."""
        try:
            job = await self._begun(heard, where, decision)
        except (
            OpsError
        ) as error:  # without a database it is answered all the same, by what went wrong
            log.warning("bot.owing", service=self.service, why=str(error))
            yield True
            return
        if job.lease_owner != self.owner or job.id in self._held:
            yield False
            return
        self._held.add(job.id)
        async with self._holding(job.id):
            yield True

    async def _begun(
        self, heard: Heard, where: Mapping[str, Any], decision: Decision | None
    ) -> JobRow:
        """The job of this message: ours now, unless there was one already."""
        now = utc_now()
        told = {"heard": asdict(heard), "where": dict(where)}
        told["decision"] = asdict(decision) if decision else {}
        new = replace(
            JobRow.of(self._kind, heard.id, told, by=heard.person, now=now),
            state="running",
            attempts=1,
            lease_owner=self.owner,
            lease_until=now + self.lease,
            started_at=now,
        )
        async with self.database.session() as session:
            jobs = Jobs(session)
            await jobs.put([new])
            return await jobs.get(new.id) or new

    async def run(self, give: Give) -> None:
        """Hold what is being answered, and take over what a process that died left."""
        try:
            while True:
                try:
                    await self._beat()
                    await self._take_over(give)
                except OpsError as error:
                    log.warning("bot.owing", service=self.service, why=str(error))
                await asyncio.sleep(self.beat_s)
        finally:
            for task in self._giving:
                task.cancel()
            await asyncio.gather(*self._giving, return_exceptions=True)

    @property
    def _kind(self) -> str:
        return f"reply.{self.service}"

    async def _beat(self) -> None:
        if not self._held:
            return
        until = utc_now() + self.lease
        async with self.database.session() as session:
            for job in list(self._held):
                await Jobs(session).keep(job, self.owner, until, "")

    async def _take_over(self, give: Give) -> None:
        while len(self._giving) < AT_ONCE and (job := await self._left()):
            self._held.add(job.id)
            task = asyncio.create_task(self._given(job, give))
            self._giving.add(task)
            task.add_done_callback(self._giving.discard)

    async def _left(self) -> JobRow | None:
        now = utc_now()
        async with self.database.session() as session:
            return await Jobs(session).take([self._kind], self.owner, now, now + self.lease)

    async def _given(self, job: JobRow, give: Give) -> None:
        async with self._holding(job.id):
            await give(_owed(job))

    @asynccontextmanager
    async def _holding(self, job: str) -> AsyncGenerator[None]:
        """Settled at the end; held until then, so that it is not begun again in between."""
        try:
            yield
            await self._settle(job)
        finally:
            self._held.discard(job)

    async def _settle(self, job: str) -> None:
        """What was said, and where, is not kept any longer than it is needed."""
        try:
            async with self.database.session() as session:
                await Jobs(session).settle(job, self.owner, utc_now())
        except OpsError as error:
            log.warning("bot.owing", service=self.service, why=str(error))


def _owed(job: JobRow) -> Owed:
    told: dict[str, Any] = job.arguments
    decision = Decision(**told["decision"]) if told["decision"] else None
    heard = Heard(**told["heard"])
    return Owed(heard, told["where"], job.created_at, decision, job.attempts)
