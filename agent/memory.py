"""What a conversation remembers between its turns, in one SQLite file or in the process."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver


class LatestOnly(SqliteSaver):
    """Keeps the latest checkpoint of each conversation: nobody travels back to an older one.

    Reading or writing one is a single visit to a thread. The library's own asynchronous saver goes
    to its thread and back for every cursor, row and close, which was a tenth of a short turn.
    """

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        saved = super().put(config, checkpoint, metadata, new_versions)
        place: dict[str, str] = saved.get("configurable", {})
        older = (place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"])
        with self.cursor() as cursor:
            for statement in OLDER:
                cursor.execute(statement, older)
        return saved

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await asyncio.to_thread(self.get_tuple, config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)


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
    # The saver has a lock of its own, so its threads may take turns.
    with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        saver = LatestOnly(connection)
        await asyncio.to_thread(saver.setup)
        yield saver
