"""Steps that follow each other at once are kept as one; none is lost that nothing overtook."""

import asyncio
from collections.abc import Sequence

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.serde.types import INTERRUPT

from agent.memory.latest import LatestOnly
from agent.memory.shelves import InProcess, Kept, Part, Place, Write
from core.errors import UpstreamUnavailable

OUTER, INNER = Place("t1"), Place("t1", "rca:1")


class Noting(InProcess):
    """Knows what was put, in which order; may be slow, or broken."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.broken = False
        self.heard = asyncio.Queue[str]()
        self.gate = asyncio.Event()
        self.gate.set()

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        await self.gate.wait()
        if self.broken:
            self.heard.put_nowait("broken")
            raise UpstreamUnavailable("The memory is away.")
        self._note(f"{place.namespace or 'outer'} {kept.id}")
        await super().put(place, kept, parts)

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        self._note(f"{place.namespace or 'outer'} writes to {checkpoint}")
        await super().put_writes(place, checkpoint, writes, instead=instead)

    def _note(self, line: str) -> None:
        self.told.append(line)
        self.heard.put_nowait(line)


def config(place: Place, checkpoint: str = "") -> RunnableConfig:
    named = {
        "thread_id": place.thread,
        "checkpoint_ns": place.namespace,
        "checkpoint_id": checkpoint,
    }
    return {"configurable": named}


def step(n: int) -> Checkpoint:
    return {**empty_checkpoint(), "id": str(n), "channel_values": {"question": f"step {n}"}}


async def put(memory: LatestOnly, place: Place, n: int) -> None:
    await memory.aput(config(place), step(n), {}, {})


async def write(memory: LatestOnly, place: Place, n: int, channel: str = "said") -> None:
    await memory.aput_writes(config(place, str(n)), [(channel, "yes")], f"task{n}")


async def test_of_steps_that_follow_at_once_only_the_last_is_kept_without_being_asked_for() -> None:
    shelf = Noting()
    memory = LatestOnly(shelf)
    for n in (1, 2, 3):
        await put(memory, OUTER, n)
        await write(memory, OUTER, n)
    await put(memory, INNER, 4)
    heard = [await shelf.heard.get() for _ in range(3)]
    assert heard == shelf.told == ["outer 3", "outer writes to 3", "rca:1 4"]


async def test_whoever_reads_gets_the_newest_step_with_its_writes() -> None:
    memory = LatestOnly(Noting())
    for n in (1, 2):
        await put(memory, OUTER, n)
    await write(memory, OUTER, 2)
    found = await memory.aget_tuple(config(OUTER))
    assert found
    assert found.checkpoint["channel_values"] == {"question": "step 2"}
    assert found.pending_writes == [("task2", "said", "yes")]


async def test_that_a_turn_waits_is_kept_at_once() -> None:
    shelf = Noting()
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    await write(memory, OUTER, 1, INTERRUPT)
    assert shelf.told == ["outer 1", "outer writes to 1"]


async def test_loops_of_a_turn_that_ended_are_not_written_any_more() -> None:
    shelf = Noting()
    memory = LatestOnly(shelf)
    await put(memory, INNER, 1)
    await put(memory, OUTER, 2)
    await memory.atidy("t1")
    assert shelf.told == ["outer 2"]


async def test_nothing_of_a_conversation_that_was_deleted_is_kept() -> None:
    shelf = Noting()
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    await memory.adelete_thread("t1")
    await memory.aclose()
    assert shelf.told == []
    assert await memory.aget_tuple(config(OUTER)) is None


async def test_what_is_held_is_handed_on_when_the_memory_is_closed() -> None:
    shelf = Noting()
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    await put(memory, Place("t2"), 2)
    await memory.aclose()
    assert sorted(shelf.told) == ["outer 1", "outer 2"]


async def test_a_step_waits_for_the_one_before_it_in_a_slow_store() -> None:
    shelf = Noting()
    shelf.gate.clear()
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    first = asyncio.create_task(memory.asettle("t1"))
    await asyncio.sleep(0)
    await put(memory, OUTER, 2)
    second = asyncio.create_task(memory.asettle("t1"))
    await asyncio.sleep(0)
    assert shelf.told == []
    shelf.gate.set()
    await asyncio.gather(first, second)
    assert shelf.told == ["outer 1", "outer 2"]


async def test_whoever_gives_up_waiting_does_not_undo_what_is_being_kept() -> None:
    shelf = Noting()
    shelf.gate.clear()
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    waiting = asyncio.create_task(memory.asettle("t1"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    shelf.gate.set()
    await memory.asettle("t1")
    assert shelf.told == ["outer 1"]


async def test_a_step_that_could_not_be_kept_is_told_to_the_next_who_comes_and_only_once() -> None:
    shelf = Noting()
    shelf.broken = True
    memory = LatestOnly(shelf)
    await put(memory, OUTER, 1)
    assert await shelf.heard.get() == "broken"
    with pytest.raises(UpstreamUnavailable, match="away"):
        await write(memory, OUTER, 1)
    shelf.broken = False
    await put(memory, Place("t2"), 1)
    await put(memory, OUTER, 2)
    await memory.atidy("t1")
    found = await memory.aget_tuple(config(OUTER))
    assert found
    assert found.checkpoint["id"] == "2"


async def test_a_loop_that_begins_has_nothing_kept_and_one_that_goes_on_has() -> None:
    memory = LatestOnly(Noting())
    await put(memory, INNER, 1)
    await memory.asettle("t1")
    named = {"thread_id": "t1", "checkpoint_ns": "rca:1", "__pregel_task_id": "task1"}
    goes_on: RunnableConfig = {"configurable": {**named, "__pregel_resuming": True}}
    assert await memory.aget_tuple({"configurable": named}) is None
    assert await memory.aget_tuple(goes_on)
