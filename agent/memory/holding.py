"""Steps that were just made. Most are overtaken by the next one before anybody could need them.

Before a model or a tool is waited for, a turn makes several steps within a few milliseconds, each of which
replaces the one before. What is overtaken is neither packed nor written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from agent.memory.shelves import Place

# How long a step waits for the next one; a killed process loses so much work more than that of one node.
HOLD_S = 0.005

Keep = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Held:
    """A step, or what its tasks wrote, and how it is kept."""

    place: Place
    checkpoint: str
    is_step: bool
    keep: Keep

    def is_overtaken(self, place: Place, checkpoint: str) -> bool:
        """By a step of its place: writes belong to their step, and go with it."""
        older = self.checkpoint <= checkpoint if self.is_step else self.checkpoint < checkpoint
        return older and self.place == place


class Holding:
    """What is not kept yet, by conversation. It is kept in its order, one conversation beside another.

    Nobody waits for it. When it could not be kept, the next who comes for its conversation is told.
    """

    def __init__(self) -> None:
        self._held: dict[str, list[_Held]] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}

    def step(self, place: Place, checkpoint: str, keep: Keep) -> None:
        """Hold a step, instead of those before it. Raises what an earlier one failed with."""
        held = self._held_of(place.thread)
        held[:] = [one for one in held if not one.is_overtaken(place, checkpoint)]
        held.append(_Held(place, checkpoint, True, keep))

    def writes(self, place: Place, checkpoint: str, keep: Keep) -> None:
        """Hold what a task of a step wrote. Raises what an earlier one failed with."""
        self._held_of(place.thread).append(_Held(place, checkpoint, False, keep))

    async def keep(self, thread: str) -> None:
        """Keep all that is held of a conversation. Raises what it failed with."""
        self._begin(thread)
        if (keeping := self._keeping.get(thread)) is None:
            return
        await asyncio.wait([keeping])
        if self._keeping.get(thread) is keeping:
            del self._keeping[thread]
        keeping.result()

    def drop(self, thread: str, *, inner: bool = False) -> None:
        """Let go of what is held of a conversation, or only of the loops in it."""
        held = self._held.get(thread, [])
        held[:] = [one for one in held if inner and not one.place.namespace]

    async def close(self) -> None:
        """Keep everything."""
        for thread in {*self._held, *self._keeping}:
            await self.keep(thread)

    def _held_of(self, thread: str) -> list[_Held]:
        keeping = self._keeping.get(thread)
        if keeping is not None and keeping.done():
            del self._keeping[thread]
            keeping.result()
        if thread not in self._held:
            self._held[thread] = []
            asyncio.get_running_loop().call_later(HOLD_S, self._begin, thread)
        return self._held[thread]

    def _begin(self, thread: str) -> None:
        if held := self._held.pop(thread, None):
            work = asyncio.create_task(_kept(held, self._keeping.get(thread)))
            self._keeping[thread] = work
            work.add_done_callback(partial(self._ended, thread))

    def _ended(self, thread: str, work: asyncio.Task[None]) -> None:
        """One that failed stays, until the next who comes is told."""
        if self._keeping.get(thread) is work and not work.cancelled() and not work.exception():
            del self._keeping[thread]


async def _kept(held: Sequence[_Held], before: asyncio.Task[None] | None) -> None:
    """What builds on something that was not kept is not kept either."""
    if before is not None:
        await before
    for one in held:
        await one.keep()
