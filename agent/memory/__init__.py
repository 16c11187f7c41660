"""What a conversation remembers: in the process, in a SQLite file, in Postgres or in Redis."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.memory.latest import LatestOnly
from agent.memory.shelves import InProcess, Shelf


@asynccontextmanager
async def opened_memory(where: Path | str | None) -> AsyncGenerator[LatestOnly]:
    """Where checkpoints live: a SQLite file, or the address of a Postgres or Redis.

    None: they end with the process. Raises `Invalid` for an address that cannot be used and
    `UpstreamUnavailable` when nobody answers there.
    """
    async with _shelf(where) as shelf:
        memory = LatestOnly(shelf)
        try:
            yield memory
        finally:
            await memory.aclose()


@asynccontextmanager
async def _shelf(where: Path | str | None) -> AsyncGenerator[Shelf]:
    """Each driver is imported when it is the one that is used."""
    if where is None:
        yield InProcess()
    elif isinstance(where, Path):
        from agent.memory.in_sqlite import opened_file

        async with opened_file(where) as shelf:
            yield shelf
    elif where.startswith("redis"):  # noqa: ASYNC240 - an address, not a path
        from agent.memory.in_redis import opened_redis

        async with opened_redis(where) as shelf:
            yield shelf
    else:
        from agent.memory.in_postgres import opened_postgres

        async with opened_postgres(where) as shelf:
            yield shelf
