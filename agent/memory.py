"""What a conversation remembers between its turns, in one SQLite file or in the process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


class LatestOnly(AsyncSqliteSaver):
    """Keeps the latest checkpoint of each conversation: nobody travels back to an older one."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        saved = await super().aput(config, checkpoint, metadata, new_versions)
        place: dict[str, str] = saved.get("configurable", {})
        older = (place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"])
        for statement in OLDER:
            await self.conn.execute(statement, older)
        await self.conn.commit()
        return saved


OLDER = (
    "DELETE FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
    "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
)


@asynccontextmanager
async def opened_memory(path: Path | None) -> AsyncGenerator[BaseCheckpointSaver[str]]:
    """Where checkpoints live. `path` None: they end with the process."""
    if path is None:
        yield InMemorySaver()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(path) as connection:
        saver = LatestOnly(connection)
        await saver.setup()
        yield saver
