"""What is opened by whoever needs it first, and closed by its owner."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import anyio
import pytest

from core.errors import UpstreamUnavailable
from core.opening import OnFirstUse

WHO: ContextVar[str] = ContextVar("who", default="nobody")


class Shop:
    """Says who opened it, and how often it was opened and closed."""

    def __init__(self, fails: int = 0) -> None:
        self.opened, self.closed, self._fails = 0, 0, fails

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[str]:
        await asyncio.sleep(0)
        if self._fails:
            self._fails -= 1
            raise UpstreamUnavailable("The shop is shut.")
        self.opened += 1
        async with anyio.create_task_group():  # which only the task that entered it may leave
            yield WHO.get()
        self.closed += 1


async def test_nothing_is_opened_until_somebody_asks() -> None:
    shop = Shop()
    await OnFirstUse(shop.open).close()
    assert (shop.opened, shop.closed) == (0, 0)


async def test_all_who_ask_share_one_and_its_owner_closes_it() -> None:
    shop = Shop()
    kept = OnFirstUse(shop.open)
    given = await asyncio.gather(*(asyncio.create_task(kept.get()) for _ in range(3)))
    assert (given, shop.opened, shop.closed) == (["nobody"] * 3, 1, 0)
    await kept.close()
    assert shop.closed == 1


async def test_nothing_of_the_first_who_asks_stays_inside() -> None:
    kept = OnFirstUse(Shop().open)

    async def ann() -> str:
        WHO.set("ann")
        return await kept.get()

    assert await asyncio.create_task(ann()) == "nobody"
    await kept.close()


async def test_who_gives_up_waiting_stops_nobody_else() -> None:
    shop = Shop()
    kept = OnFirstUse(shop.open)
    hasty, patient = asyncio.create_task(kept.get()), asyncio.create_task(kept.get())
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == "nobody"
    await kept.close()
    assert (shop.opened, shop.closed) == (1, 1)


async def test_a_failure_is_told_and_the_next_who_asks_tries_again() -> None:
    shop = Shop(fails=1)
    kept = OnFirstUse(shop.open)
    with pytest.raises(UpstreamUnavailable, match="shut"):
        await kept.get()
    assert await kept.get() == "nobody"
    await kept.close()
    assert (shop.opened, shop.closed) == (1, 1)


async def test_one_that_never_opened_is_closed_without_a_word() -> None:
    kept = OnFirstUse(Shop(fails=1).open)
    with pytest.raises(UpstreamUnavailable):
        await kept.get()
    await kept.close()
