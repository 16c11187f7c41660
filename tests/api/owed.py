"""What bots keep of the messages they answered, taken away: the ids of one test are those of the next."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import delete

from core.storage.database import Database
from core.storage.models import Job


@asynccontextmanager
async def forgetting(database: Database) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        async with database.session() as session:
            await session.execute(delete(Job).where(Job.kind.startswith("reply.")))
