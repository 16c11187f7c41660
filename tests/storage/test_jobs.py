"""Jobs are put once, taken by one and ended once, whoever dies meanwhile.

Over SQLite, and (`live`) over a real Postgres.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.storage.database import Database
from core.storage.job_records import JobRow
from core.storage.kept_alerts import KeptAlerts
from tests.agent.real_stores import fresh_database, postgres_serving

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KINDS = ("toast",)


def job(mark: str = "one", **more: object) -> JobRow:
    return JobRow.of("toast", mark, {"slices": 2}, by="ann", now=NOW, **more)  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_serving(tmp_path_factory.mktemp("jobs")) as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.live)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeptAlerts]:
    url = f"sqlite:///{tmp_path}/jobs.db"
    if request.param == "postgres":
        url = fresh_database(request.getfixturevalue("postgres_server"))
    async with Database.opened(url) as database:
        yield KeptAlerts(database)


async def put(store: KeptAlerts, *rows: JobRow) -> None:
    async with store.session() as tables:
        await tables.jobs.put(rows)


async def take(store: KeptAlerts, owner: str = "me", at: datetime = NOW) -> JobRow | None:
    async with store.session() as tables:
        return await tables.jobs.take(KINDS, owner, at, at + MINUTE)


async def got(store: KeptAlerts, job_id: str) -> JobRow:
    async with store.session() as tables:
        found = await tables.jobs.get(job_id)
    assert found
    return found


async def test_a_job_that_is_put_twice_is_there_once(store: KeptAlerts) -> None:
    await put(store, job(), job())
    await put(store, job(priority=1))
    assert (await take(store)) is not None
    assert (await take(store)) is None


async def test_of_many_that_reach_for_it_each_job_is_taken_by_one(store: KeptAlerts) -> None:
    await put(store, *(job(str(n)) for n in range(12)))
    taken = await asyncio.gather(*(take(store, f"worker-{n}") for n in range(20)))
    ids = [one.id for one in taken if one]
    assert len(ids) == len(set(ids)) == 12


async def test_the_most_urgent_is_taken_first_and_nothing_before_its_time(
    store: KeptAlerts,
) -> None:
    await put(
        store,
        job("slow"),
        job("fast", priority=1),
        job("later", priority=0, run_after=NOW + MINUTE),
    )
    found = [await take(store) for _ in range(3)]
    assert [one and one.priority for one in found] == [1, 100, None]
    late = await take(store, at=NOW + 2 * MINUTE)
    assert late
    assert late.priority == 0


async def test_what_a_dead_process_held_is_taken_by_the_next_and_ended_by_it_alone(
    store: KeptAlerts,
) -> None:
    await put(store, job())
    first = await take(store, "dead")
    assert first
    assert await take(store, "heir", NOW + MINUTE / 2) is None
    second = await take(store, "heir", NOW + MINUTE)
    assert second
    assert (second.id, second.attempts, second.started_at) == (first.id, 2, NOW)
    async with store.session() as tables:
        assert not await tables.jobs.keep(first.id, "dead", NOW + 9 * MINUTE, "still at it")
        assert not await tables.jobs.finish(first.id, "dead", NOW, {"by": "dead"})
        assert await tables.jobs.finish(first.id, "heir", NOW, {"by": "heir"})
    assert (await got(store, first.id)).result == {"by": "heir"}


async def test_what_ends_every_process_that_takes_it_is_dead_in_the_end(store: KeptAlerts) -> None:
    await put(store, job())
    for n in range(5):
        assert await take(store, f"doomed-{n}", NOW + n * MINUTE)
    assert await take(store, "wary", NOW + 9 * MINUTE) is None
    left = await got(store, job().id)
    assert (left.state, left.attempts) == ("dead", 5)
    assert "never came to an end" in left.error


async def test_a_failure_is_tried_again_and_dead_after_the_last_try(store: KeptAlerts) -> None:
    await put(store, job())
    for n in range(5):
        at = NOW + n * MINUTE
        assert await take(store, at=at)
        async with store.session() as tables:
            assert await tables.jobs.put_back(job().id, "me", at + MINUTE, f"failure {n}")
    left = await got(store, job().id)
    assert (left.state, left.error, left.attempts) == ("dead", "failure 4", 5)
    async with store.session() as tables:
        assert await tables.jobs.again(left.id, NOW)
    assert await take(store)


async def test_stopping_a_service_costs_a_job_no_try(store: KeptAlerts) -> None:
    await put(store, job())
    for _ in range(9):
        taken = await take(store)
        assert taken
        assert taken.attempts == 1
        async with store.session() as tables:
            await tables.jobs.put_back(taken.id, "me", NOW, "stopped", counts=False)


async def test_a_job_that_is_cancelled_is_not_ended_by_who_was_at_it(store: KeptAlerts) -> None:
    await put(store, job())
    taken = await take(store)
    assert taken
    async with store.session() as tables:
        assert await tables.jobs.cancel(taken.id, NOW, "ann changed her mind")
        assert not await tables.jobs.cancel(taken.id, NOW, "twice")
    async with store.session() as tables:
        assert not await tables.jobs.keep(taken.id, "me", NOW + MINUTE, "")
        assert not await tables.jobs.finish(taken.id, "me", NOW, {})
        assert not await tables.jobs.put_back(taken.id, "me", NOW, "failed")
    assert (await got(store, taken.id)).state == "cancelled"


async def test_a_lease_is_held_by_one_until_it_ends(store: KeptAlerts) -> None:
    async with store.session() as tables:
        assert await tables.jobs.lease("scheduler", "a", NOW, NOW + MINUTE)
        assert not await tables.jobs.lease("scheduler", "b", NOW, NOW + MINUTE)
        assert await tables.jobs.lease("scheduler", "a", NOW, NOW + 2 * MINUTE)
        assert not await tables.jobs.lease("scheduler", "b", NOW + MINUTE, NOW + 9 * MINUTE)
        await tables.jobs.release("scheduler", "a", NOW)
        assert await tables.jobs.lease("scheduler", "b", NOW, NOW + MINUTE)
