"""Checkpoints are kept alike in the process, in SQLite, in Postgres and in Redis."""

import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint

from agent.approvals import Decision
from agent.memory import opened_memory
from agent.memory.latest import LatestOnly
from agent.memory.shelves import InProcess, Kept, Part, Place, Shelf, Write
from core.errors import Invalid, UpstreamUnavailable
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import assistant_with
from tests.agent.real_stores import postgres_serving, redis_serving
from tests.agent.turns import ANN, Told, choice_of
from tests.ports import free_port

Where = Path | str | None


@contextmanager
def nothing(_: Path) -> Generator[Where]:
    yield None


@contextmanager
def file(folder: Path) -> Generator[Where]:
    yield folder / "memory.db"


STORES: list[Callable[[Path], "contextmanager[Where]"]] = [
    nothing,
    file,
    pytest.param(redis_serving, marks=pytest.mark.live),
    pytest.param(postgres_serving, marks=pytest.mark.live),
]


THREADS = ("ann/t1", "t1", "t2", "t")


@pytest.fixture(scope="module", params=STORES)
def where(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Where]:
    """A server is started once; `shelf_at` empties it."""
    with request.param(tmp_path_factory.mktemp("store")) as place:
        yield place


@asynccontextmanager
async def shelf_at(where: Where) -> AsyncGenerator[Shelf]:
    async with opened_memory(where) as memory:
        for thread in THREADS:
            await memory.shelf.drop(thread)
        yield memory.shelf


def kept(n: int) -> Kept:
    return Kept(f"{n:04}", f"{n - 1:04}" if n else "", "msgpack", bytes([n, 10, 0]), b'{"n": 1}')


def part(n: int) -> Part:
    return Part(f"part{n}", bytes([n, 10, 0, 31]))


def write(task: str, index: int, value: bytes = b"\x00\n\xff") -> Write:
    return Write(task, index, f"~path {task}", "messages", "msgpack", value)


async def test_only_the_latest_checkpoint_and_its_writes_are_kept(where: Where) -> None:
    place = Place("ann/t1")
    async with shelf_at(where) as shelf:
        for n in range(3):
            await shelf.put(place, kept(n))
            await shelf.put_writes(place, kept(n).id, [write("b", 1), write("a", 0)], instead=False)
        assert await shelf.read(place) == (kept(2), [write("a", 0), write("b", 1)])


async def test_writes_may_come_before_their_checkpoint(where: Where) -> None:
    place = Place("ann/t1")
    async with shelf_at(where) as shelf:
        await shelf.put(place, kept(1))
        await shelf.put_writes(place, kept(2).id, [write("a", 0)], instead=False)
        await shelf.put(place, kept(2))
        assert await shelf.read(place) == (kept(2), [write("a", 0)])


async def test_a_write_is_replaced_only_when_it_says_so(where: Where) -> None:
    place = Place("ann/t1")
    async with shelf_at(where) as shelf:
        await shelf.put(place, kept(1))
        await shelf.put_writes(place, kept(1).id, [write("a", 0, b"first")], instead=False)
        await shelf.put_writes(place, kept(1).id, [write("a", 0, b"second")], instead=False)
        await shelf.put_writes(place, kept(1).id, [write("a", -3, b"third")], instead=True)
        await shelf.put_writes(place, kept(1).id, [write("a", -3, b"fourth")], instead=True)
        found = await shelf.read(place)
    assert found
    assert [one.value for one in found[1]] == [b"fourth", b"first"]


async def test_loops_can_be_dropped_without_their_conversation(where: Where) -> None:
    outer, inner, other = Place("t1"), Place("t1", "rca:1|x:2"), Place("t2", "rca:1")
    async with shelf_at(where) as shelf:
        for place in (outer, inner, other):
            await shelf.put(place, kept(1))
            await shelf.put_writes(place, kept(1).id, [write("a", 0)], instead=False)
        await shelf.drop_inner("t1")
        assert await shelf.read(inner) is None
        assert await shelf.read(outer) == await shelf.read(other)
        await shelf.drop("t1")
        assert await shelf.read(outer) is None
        assert await shelf.read(other) == (kept(1), [write("a", 0)])


async def test_parts_stay_until_their_loop_is_dropped(where: Where) -> None:
    outer, inner = Place("t1"), Place("t1", "rca:1")
    async with shelf_at(where) as shelf:
        for place in (outer, inner):
            await shelf.put(place, kept(1), [part(1), part(2)])
            await shelf.put(place, kept(2), [part(2), part(3)])
            await shelf.put(place, kept(3))
            assert await shelf.parts(place) == {one.id: one.value for one in map(part, (1, 2, 3))}
        await shelf.drop_inner("t1")
        assert await shelf.parts(inner) == {}
        assert len(await shelf.parts(outer)) == 3
        await shelf.drop("t1")
        assert await shelf.parts(outer) == {}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 9), st.lists(st.integers(0, 3), max_size=3)),
        st.tuples(st.just("write"), st.integers(0, 9), st.integers(-4, 3), st.booleans()),
        st.tuples(st.just("inner")),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(steps=STEPS)
def test_every_store_does_what_the_one_in_the_process_does(
    where: Where, steps: Sequence[tuple[object, ...]]
) -> None:
    import asyncio

    asyncio.run(_compared(where, steps))


async def _compared(where: Where, steps: Sequence[tuple[object, ...]]) -> None:
    model, newest, places = InProcess(), 0, [Place("t"), Place("t", "rca:1")]
    async with shelf_at(where) as shelf:
        for step in steps:
            for one in (model, shelf):
                await _apply(one, step, places, newest)
            if step[0] == "put":
                newest = max(newest, int(str(step[1])))
        for place in places:
            assert await shelf.read(place) == await model.read(place)
            assert await shelf.parts(place) == await model.parts(place)


async def _apply(
    shelf: Shelf, step: tuple[object, ...], places: Sequence[Place], newest: int
) -> None:
    """Ids of checkpoints grow, as LangGraph's do."""
    match step:
        case ("put", int(n), list(parts)):
            for place in places:
                await shelf.put(place, kept(max(n, newest)), [part(int(str(n))) for n in parts])
        case ("write", int(n), int(index), bool(instead)):
            for place in places:
                one = write("a", index, bytes([n]))
                await shelf.put_writes(place, kept(max(n, newest)).id, [one], instead=instead)
        case _:
            await shelf.drop_inner("t")


async def test_a_turn_waits_and_goes_on_in_every_store(where: Where) -> None:
    restart = ("autofix_restart", {"name": "checkout"})
    with provider_serving(Say("", [restart]), Say("Done.")) as provider:
        choice, ledger = choice_of("openai", provider), Ledger()
        async with (
            changing(ledger) as sessions,
            assistant_with(sessions, choice, memory=where) as assistant,
        ):
            asked, after = Told(), Told()
            await asked.collect(
                assistant.run("restart checkout", principal=ANN, thread_id="turn", can_ask=True)
            )
            yes = [Decision(one["id"], approved=True) for one in asked.done.approvals]
            await after.collect(assistant.resume("turn", principal=ANN, decisions=yes))
            exchanges = await assistant.exchanges("turn")
    assert (ledger.done, after.answer, len(exchanges)) == (["restart checkout"], "Done.", 1)


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
async def test_a_store_that_is_not_there_is_one_sentence(scheme: str) -> None:
    with pytest.raises(UpstreamUnavailable, match="memory of conversations"):
        async with opened_memory(f"{scheme}://127.0.0.1:{free_port()}/0"):
            raise AssertionError("nobody listens there")


async def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(Invalid, match=r"memory\.db"):
        async with opened_memory(tmp_path / "data" / "memory.db"):
            raise AssertionError("there is no such folder")


async def test_a_step_that_cannot_be_kept_is_told_to_its_own_conversation_alone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "memory.db"
    async with opened_memory(file) as memory:
        with closing(sqlite3.connect(file)) as other, other:
            other.execute("DROP TABLE checkpoints")
        await memory.shelf.put(Place("t1"), kept(1))
        await memory.shelf.put_writes(Place("t2"), kept(1).id, [write("a", 0)], instead=False)
        with pytest.raises(UpstreamUnavailable, match=r"memory\.db"):
            await memory.shelf.settle("t1")
        await memory.shelf.settle("t1")
        await memory.shelf.settle("t2")


async def test_what_builds_on_a_step_that_was_not_kept_is_not_kept_either(tmp_path: Path) -> None:
    file, place = tmp_path / "memory.db", Place("t1", "rca:1")
    async with opened_memory(file) as memory:
        await memory.shelf.put(place, kept(1), [part(1)])
        await memory.shelf.settle("t1")
        with refusing_parts(file):
            await memory.shelf.put(place, kept(2), [part(2)])
            await wait_until_kept(memory.shelf)
        with suppress(UpstreamUnavailable):
            await memory.shelf.put(place, kept(3), [part(3)])
        assert await read_anyway(memory.shelf, place) == (kept(1), [])
        assert await memory.shelf.parts(place) == {"part1": part(1).value}
        await memory.shelf.put(place, kept(4), [part(2), part(3), part(4)])
        assert await memory.shelf.read(place) == (kept(4), [])


@contextmanager
def refusing_parts(file: Path) -> Generator[None]:
    """As a full disk does."""
    told = (
        "CREATE TRIGGER full BEFORE INSERT ON parts BEGIN SELECT raise(ABORT, 'disk is full'); END"
    )
    for statement in (told, "DROP TRIGGER full"):
        with closing(sqlite3.connect(file)) as other, other:
            other.execute(statement)
        if statement == told:
            yield


async def wait_until_kept(shelf: Shelf) -> None:
    """What is asked of another conversation comes after all that was put before."""
    await shelf.settle("another")


async def read_anyway(shelf: Shelf, place: Place) -> object:
    """The first who asks is told that a step was not kept, the second gets what was."""
    with suppress(UpstreamUnavailable):
        return await shelf.read(place)
    return await shelf.read(place)


class Weighing(InProcess):
    """Knows how much was put in all."""

    weight = 0

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        self.weight += len(kept.body) + sum(len(one.value) for one in parts)
        await super().put(place, kept, parts)


async def weight_of_a_loop(steps: int) -> int:
    """Of keeping each step of a loop whose results are of 6 KB; what is read is what was kept."""
    shelf, messages = Weighing(), list[AnyMessage]()
    memory = LatestOnly(shelf)
    config: RunnableConfig = {"configurable": {"thread_id": "t1", "checkpoint_ns": "rca:1"}}
    for n in range(steps):
        messages.append(ToolMessage(f"{n:02}" * 3_000, tool_call_id=f"call{n:02}"))
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"messages": list(messages), "spoken": "yes"}
        await memory.aput(config, checkpoint, {}, {})
        await memory.asettle("t1")
    found = await memory.aget_tuple(config)
    assert found
    assert found.checkpoint["channel_values"] == {"messages": messages, "spoken": "yes"}
    return shelf.weight


async def test_what_a_loop_keeps_grows_with_its_results_and_not_with_their_square() -> None:
    few, many = [await weight_of_a_loop(steps) for steps in (10, 40)]
    assert many < 4.3 * few


async def test_a_checkpoint_of_an_older_midwatch_is_read(where: Where) -> None:
    message = AIMessage("Out of memory [1].")
    checkpoint = {**empty_checkpoint(), "channel_values": {"messages": [message]}}
    config: RunnableConfig = {"configurable": {"thread_id": "t1", "checkpoint_ns": "rca:1"}}
    async with shelf_at(where) as shelf:
        memory = LatestOnly(shelf)
        kind, body = memory.serde.dumps_typed(checkpoint)
        await shelf.put(Place("t1", "rca:1"), Kept("0001", "", kind, body, b"{}"))
        found = await memory.aget_tuple(config)
    assert found
    assert found.checkpoint["channel_values"] == {"messages": [message]}


async def test_what_was_put_last_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    place = Place("t1")
    async with opened_memory(tmp_path / "memory.db") as memory:
        for n in range(250):
            await memory.shelf.put(place, kept(n))
    async with opened_memory(tmp_path / "memory.db") as memory:
        found = await memory.shelf.read(place)
    assert found == (kept(249), [])
