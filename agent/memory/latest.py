"""LangGraph's checkpoints, of which only the latest of each place is kept.

Nobody travels back in a conversation: an edited question begins a branch of its own, or a fork that is
told what it remembers. So a store holds one checkpoint of each conversation, and while a turn is at work
one of each loop in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

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

from agent.memory.holding import Holding
from agent.memory.packing import Packing
from agent.memory.shelves import Kept, Part, Place, Shelf, Write

# Where a kept checkpoint says which parts it consists of besides.
PARTS = "parts"
# How LangGraph tells a loop inside a graph in which task it is, and whether that is gone on with.
TASK, RESUMING = "__pregel_task_id", "__pregel_resuming"
# Of how many loops it is remembered which parts are kept; a turn that goes on elsewhere leaves its own behind.
LOOPS = 1_000


class LatestOnly(BaseCheckpointSaver[str]):
    """The saver that the graph is compiled with, over any shelf."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf, self._packing = shelf, Packing(self.serde)
        self._holding = Holding()
        # The parts of loops at work that the shelf has got. Of those forgotten they are put once more.
        self._there: dict[Place, frozenset[str]] = {}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        place, wanted = _place(config), _fields(config).get("checkpoint_id")
        if _begins(config):
            return None
        await self._holding.keep(place.thread)
        self._there.pop(place, None)  # what is not in what is read was not kept
        found = await self.shelf.read(place)
        if found is None or (wanted and found[0].id != wanted):
            return None
        kept, writes = found
        return CheckpointTuple(
            _config(place, kept.id),
            await self._whole(place, self.serde.loads_typed((kept.kind, kept.body))),
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
        about = get_checkpoint_metadata(config, metadata)
        put = partial(self._put_step, place, parent, checkpoint, about)
        self._holding.step(place, checkpoint["id"], put)
        return _config(place, checkpoint["id"])

    async def _put_step(
        self, place: Place, parent: str, checkpoint: Checkpoint, about: CheckpointMetadata
    ) -> None:
        divided = self._packing.divided(checkpoint["channel_values"])
        told = {**checkpoint, "channel_values": divided.rest}
        kind, body = self.serde.dumps_typed({**told, PARTS: divided.ids} if divided.lists else told)
        kept = Kept(checkpoint["id"], parent, kind, body, json.dumps(about, default=str).encode())
        await self._put(place, kept, [one for parts in divided.lists.values() for one in parts])

    async def _put(self, place: Place, kept: Kept, parts: Sequence[Part]) -> None:
        """With those parts that the shelf has not got yet."""
        there = self._there.get(place, frozenset())
        await self.shelf.put(place, kept, [one for one in parts if one.id not in there])
        if parts:
            self._there.pop(place, None)
            self._there[place] = there | {one.id for one in parts}
            if len(self._there) > LOOPS:
                del self._there[next(iter(self._there))]

    async def _whole(self, place: Place, checkpoint: dict[str, Any]) -> Checkpoint:
        """The checkpoint with its parts; one that was kept by an older Midwatch has none."""
        if ids := checkpoint.pop(PARTS, None):
            parts = await self.shelf.parts(place)
            self._there[place] = frozenset(parts)
            checkpoint["channel_values"] |= self._packing.joined(ids, parts)
        return cast("Checkpoint", checkpoint)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        place, checkpoint = _place(config), str(_fields(config)["checkpoint_id"])
        put = partial(self._put_writes, place, checkpoint, tuple(writes), task_id, task_path)
        self._holding.writes(place, checkpoint, put)
        if any(channel in WRITES_IDX_MAP for channel, _ in writes):
            # That it waits, failed or goes on is known before anything else is done.
            await self._holding.keep(place.thread)

    async def _put_writes(
        self,
        place: Place,
        checkpoint: str,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
    ) -> None:
        rows = [
            Write(
                task_id,
                WRITES_IDX_MAP.get(channel, index),
                task_path,
                channel,
                *self._packing.packed(value),
            )
            for index, (channel, value) in enumerate(writes)
        ]
        instead = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        await self.shelf.put_writes(place, checkpoint, rows, instead=instead)

    async def adelete_thread(self, thread_id: str) -> None:
        self._let_go(thread_id)
        self._holding.drop(thread_id)
        await self._holding.keep(thread_id)
        await self.shelf.drop(thread_id)

    async def asettle(self, thread_id: str) -> None:
        """Wait until all that a turn left is kept. Raises `UpstreamUnavailable` if it is not."""
        await self._holding.keep(thread_id)
        await self.shelf.settle(thread_id)

    async def atidy(self, thread_id: str) -> None:
        """A turn is over: the loops of its subagents need not be remembered."""
        self._let_go(thread_id)
        self._holding.drop(thread_id, inner=True)
        await self._holding.keep(thread_id)
        await self.shelf.drop_inner(thread_id)

    async def aclose(self) -> None:
        """Hand on to the shelf what is held."""
        await self._holding.close()

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Versions that sort as text."""
        return f"{int(str(current).partition('.')[0]) + 1 if current else 1:032}"

    def _let_go(self, thread: str) -> None:
        for place in [one for one in self._there if one.thread == thread]:
            del self._there[place]

    def _pending(self, writes: Iterable[Write]) -> list[PendingWrite]:
        return [
            (one.task, one.channel, self._packing.unpacked(one.kind, one.value)) for one in writes
        ]


def _fields(config: RunnableConfig) -> Mapping[str, Any]:
    return config.get("configurable", {})


def _begins(config: RunnableConfig) -> bool:
    """Whether a loop asks that is at work for the first time: its task is new, so nothing of it was kept."""
    fields = _fields(config)
    return bool(fields.get(TASK) and fields.get("checkpoint_ns") and not fields.get(RESUMING))


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
