"""LangGraph's checkpoints, of which only the latest of each place is kept.

Nobody travels back in a conversation: an edited question begins a branch of its own. So a store
holds one checkpoint of each conversation, and while a turn is at work one of each loop in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_metadata,
)

from agent.memory.packing import Packing
from agent.memory.shelves import Kept, Place, Shelf, Write


class LatestOnly(BaseCheckpointSaver[str]):
    """The saver that the graph is compiled with, over any shelf."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf, self._packing = shelf, Packing(self.serde)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        place, wanted = _place(config), _fields(config).get("checkpoint_id")
        found = await self.shelf.read(place)
        if found is None or (wanted and found[0].id != wanted):
            return None
        kept, writes = found
        return CheckpointTuple(
            _config(place, kept.id),
            self.serde.loads_typed((kept.kind, kept.body)),
            json.loads(kept.metadata),
            _config(place, kept.parent) if kept.parent else None,
            self._pending(writes),
        )

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        place, parent = _place(config), str(_fields(config).get("checkpoint_id") or "")
        values = self._packing.all_packed(checkpoint["channel_values"])
        kind, body = self.serde.dumps_typed({**checkpoint, "channel_values": values})
        told = json.dumps(get_checkpoint_metadata(config, metadata), default=str).encode()
        await self.shelf.put(place, Kept(checkpoint["id"], parent, kind, body, told))
        return _config(place, checkpoint["id"])

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        rows = [
            Write(
                task_id,
                WRITES_IDX_MAP.get(channel, index),
                task_path,
                channel,
                *self.serde.dumps_typed(self._packing.packed(value)),
            )
            for index, (channel, value) in enumerate(writes)
        ]
        instead = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        checkpoint = str(_fields(config)["checkpoint_id"])
        await self.shelf.put_writes(_place(config), checkpoint, rows, instead=instead)

    async def adelete_thread(self, thread_id: str) -> None:
        await self.shelf.drop(thread_id)

    async def asettle(self, thread_id: str) -> None:
        """Wait until all that a turn left is kept. Raises `UpstreamUnavailable` if it is not."""
        await self.shelf.settle(thread_id)

    async def atidy(self, thread_id: str) -> None:
        """A turn is over: the loops of its subagents need not be remembered."""
        await self.shelf.drop_inner(thread_id)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Versions that sort as text."""
        return f"{int(str(current).partition('.')[0]) + 1 if current else 1:032}"

    def _pending(self, writes: Iterable[Write]) -> list[PendingWrite]:
        return [
            (one.task, one.channel, self.serde.loads_typed((one.kind, one.value))) for one in writes
        ]


def _fields(config: RunnableConfig) -> Mapping[str, Any]:
    return config.get("configurable", {})


def _place(config: RunnableConfig) -> Place:
    fields = _fields(config)
    return Place(str(fields["thread_id"]), str(fields.get("checkpoint_ns") or ""))


def _config(place: Place, checkpoint: str) -> RunnableConfig:
    named = {
        "thread_id": place.thread,
        "checkpoint_ns": place.namespace,
        "checkpoint_id": checkpoint,
    }
    return {"configurable": named}
