"""What a store of checkpoints has to do, and the one that needs no store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation, and in it the graph or, by its namespace, a subagent's loop at work."""

    thread: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One checkpoint as bytes. `metadata` is JSON."""

    id: str
    parent: str
    kind: str
    body: bytes
    metadata: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """What one task of a checkpoint wrote, or that it failed or waits, which `index` < 0 says."""

    task: str
    index: int
    path: str
    channel: str
    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """What checkpoints of one place have in common, by its content: kept once, and named by its id."""

    id: str
    value: bytes


class Shelf(Protocol):
    """Keeps the latest checkpoint of each place, with the writes that belong to it and its parts.

    Ids grow with time. Four implementations; `agent.memory.latest` is the one that asks.
    """

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        """The latest checkpoint and the writes to it, by task path, task and index."""
        ...

    async def parts(self, place: Place) -> Mapping[str, bytes]:
        """All parts that were put here, by their ids."""
        ...

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        """Keep this one instead of every older one, whose writes go too; their parts stay.

        The checkpoint is kept only with all `parts` that were put until then.
        What is put is kept as soon as can be, in its order; `settle` waits for that, and so does
        whatever else is asked of the same conversation.
        """
        ...

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        """Add writes. One that is there already is replaced only if `instead` says so."""
        ...

    async def settle(self, thread: str) -> None:
        """Wait until what was put for a conversation is kept. Raises `UpstreamUnavailable` if it is not."""
        ...

    async def drop_inner(self, thread: str) -> None:
        """Let go of the loops of a conversation, which are at an end; its own memory stays."""
        ...

    async def drop(self, thread: str) -> None:
        """Let go of all of a conversation."""
        ...


Writes = dict[tuple[str, str, int], Write]


@dataclass(slots=True)
class InProcess:
    """Ends with the process."""

    _kept: dict[Place, Kept] = field(default_factory=dict[Place, Kept])
    _writes: dict[Place, Writes] = field(default_factory=dict[Place, Writes])
    _parts: dict[Place, dict[str, bytes]] = field(default_factory=dict[Place, dict[str, bytes]])

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        kept = self._kept.get(place)
        if kept is None:
            return None
        found = self._writes.get(place, {})
        return kept, in_order([one for key, one in found.items() if key[0] == kept.id])

    async def parts(self, place: Place) -> Mapping[str, bytes]:
        return dict(self._parts.get(place, {}))

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        self._kept[place] = kept
        if parts:
            self._parts.setdefault(place, {}).update((one.id, one.value) for one in parts)
        newer = {key: one for key, one in self._writes.get(place, {}).items() if key[0] >= kept.id}
        self._writes[place] = newer

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        known = self._writes.setdefault(place, {})
        for one in writes:
            key = (checkpoint, one.task, one.index)
            if instead or key not in known:
                known[key] = one

    async def settle(self, thread: str) -> None:
        """It is kept when it is put."""

    async def drop_inner(self, thread: str) -> None:
        self._forget(lambda place: place.thread == thread and place.namespace != "")

    async def drop(self, thread: str) -> None:
        self._forget(lambda place: place.thread == thread)

    def _forget(self, gone: "Choice") -> None:
        for table in (self._kept, self._writes, self._parts):
            for place in [one for one in table if gone(one)]:
                del table[place]


class Choice(Protocol):
    def __call__(self, place: Place, /) -> bool:
        """Whether this one is meant."""
        ...


def in_order(writes: Sequence[Write]) -> list[Write]:
    """As the tasks of a step are applied."""
    return sorted(writes, key=lambda one: (one.path, one.task, one.index))
