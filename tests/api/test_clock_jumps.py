"""A clock that is set back: pages, groups and jobs that wait go on, and no channel falls silent."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.jobs.clock import Clock
from core.clock import utc_now
from core.storage.alert_records import GroupRow
from core.storage.job_records import JobRow
from tests.channels.conftest import Room, alert, opened

HOUR = timedelta(hours=1)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    async with opened(tmp_path) as made:
        yield made


def watching(room: Room, jump: timedelta, *, passed_s: float = 1.0) -> tuple[Clock, list[str]]:
    """A look before and a look after the wall clock moved by `jump` more than the time that passed."""
    now, woken = utc_now(), list[str]()
    walls = iter([now - jump - timedelta(seconds=passed_s), now])
    steady = iter([100.0, 100.0 + passed_s])
    clock = Clock(
        room.store,
        lambda *_: woken.append("all"),
        wall=lambda: next(walls),
        steady_s=lambda: next(steady),
    )
    return clock, woken


async def ahead(room: Room, by: timedelta) -> None:
    """Everything as it was written down by a clock that was ahead."""
    async with room.store.session() as tables:
        rows = await tables.outbox.latest(state="pending")
        await tables.outbox.save([replace(one, run_after=one.run_after + by) for one in rows])
        for channel in await tables.channels.all():
            left = {"rest_until": utc_now() + by, "bucket_tokens": 1.0, "bucket_at": utc_now() + by}
            await tables.channels.save(replace(channel, **left))
            then = utc_now() + by
            assert await tables.channels.lease(channel.name, "the dead", utc_now(), then)


async def test_a_page_that_was_due_is_told_after_the_clock_went_back(room: Room) -> None:
    heard = await room.add("webhook")
    await room.receive(alert())
    await ahead(room, HOUR)
    await room.deliver()
    assert heard.taken == []
    clock, woken = watching(room, -HOUR)
    await clock.work()
    assert woken
    await room.deliver()
    assert len(heard.taken) == 1


async def test_what_was_to_wait_waits_as_long_as_it_would_have(room: Room) -> None:
    await room.add("webhook")
    await room.receive(alert())
    await ahead(room, HOUR + timedelta(minutes=10))
    clock, _ = watching(room, -HOUR)
    await clock.work()
    async with room.store.session() as tables:
        [at] = (await tables.outbox.waiting_since()).values()
    assert timedelta(minutes=5) < at - utc_now() <= timedelta(minutes=10)


async def test_groups_and_jobs_are_pulled_in_as_well(room: Room) -> None:
    then = utc_now() + HOUR
    async with room.store.session() as tables:
        await tables.alerts.save_groups([GroupRow("group", "0", {}, [], then)])
        job = JobRow.of("test", "mark", {}, by="ann", now=then, run_after=then)
        await tables.jobs.put([job])
    clock, _ = watching(room, -HOUR)
    await clock.work()
    async with room.store.session() as tables:
        flush_at, due = await tables.alerts.next_flush(), await tables.jobs.next_due(["test"])
    assert flush_at is not None
    assert due is not None
    assert max(flush_at, due) <= utc_now()


@pytest.mark.parametrize("jump", [HOUR, timedelta(0), timedelta(seconds=-2)])
async def test_a_clock_that_goes_on_or_is_set_forward_changes_nothing(
    room: Room, jump: timedelta
) -> None:
    await room.add("webhook")
    await room.receive(alert())
    await ahead(room, timedelta(minutes=10))
    before = await waiting(room)
    clock, woken = watching(room, jump)
    await clock.work()
    assert (await waiting(room), woken) == (before, [])


async def waiting(room: Room) -> dict[str, datetime]:
    async with room.store.session() as tables:
        return await tables.outbox.waiting_since()
