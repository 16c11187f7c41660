"""Plans are decided once, approvals used up once, changes carried out by one process at a time.

Over SQLite, and (`live`) over a real Postgres.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import utc_now
from core.errors import Conflict, NotFound
from core.storage.database import Database
from core.storage.fix_records import Admission, BreakerRow, ChangeRow, DecisionRow, PlanRow, StepRow
from core.storage.kept_fixes import KeptFixes

NOW = utc_now()
SOON, LATER = timedelta(seconds=10), timedelta(minutes=30)
WORKLOAD = "Deployment/shop/checkout"


def plan(name: str = "fix-1", level: str = "medium") -> PlanRow:
    about = ("fix.memory", "f" * 32, "shop", "Deployment", "checkout", "ann")
    return PlanRow(name, *about, level, "proposed", NOW, NOW + LATER, {"steps": [1.5]}, "seal")


def yes(who: str, name: str = "fix-1", *, approved: bool = True) -> DecisionRow:
    return DecisionRow(name, who, approved, "", NOW, "seal")


def change(name: str = "chg-1", of: str = "fix-1", runner: str = "run-1") -> ChangeRow:
    about = ("fix.memory", "f" * 32, "shop", "Deployment", "checkout", "ann")
    lease = NOW + SOON
    return ChangeRow(name, of, *about, "bob", "ann", "running", NOW, NOW, None, runner, lease)


def step(state: str = "intended") -> StepRow:
    return StepRow("chg-1", "forward", 1, state, NOW, {"uid": "u"})


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[KeptFixes]:
    async with Database.opened(database_url) as database:
        kept = KeptFixes(database)
        await kept.add_plan(plan())
        yield kept


async def test_a_plan_is_read_as_it_was_written(store: KeptFixes) -> None:
    assert await store.plan("fix-1") == plan()
    assert await store.plan("fix-2") is None


async def test_whoever_decides_second_is_told_who_was_first(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=1)
    with pytest.raises(Conflict, match="approved by bob"):
        await store.decide(yes("sue", approved=False), needed=1)
    assert [one.approver for one in await store.decisions("fix-1")] == ["bob"]


async def test_of_two_that_decide_at_once_one_wins(database_url: str) -> None:
    async with Database.opened(database_url) as one, Database.opened(database_url) as two:
        await KeptFixes(one).add_plan(plan())
        found = await asyncio.gather(
            KeptFixes(one).decide(yes("bob"), needed=1),
            KeptFixes(two).decide(yes("sue", approved=False), needed=1),
            return_exceptions=True,
        )
        decided = await KeptFixes(one).decisions("fix-1")
    assert sorted(type(one).__name__ for one in found) == ["Conflict", "NoneType"]
    assert len(decided) == 1


async def test_of_many_that_use_an_approval_up_at_once_one_does(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        opened = [
            KeptFixes(await stack.enter_async_context(Database.opened(database_url)))
            for _ in range(4)
        ]
        await opened[0].add_plan(plan())
        await opened[0].decide(yes("bob"), needed=1)
        found = await asyncio.gather(
            *(
                one.start(change(f"chg-{n}"), subject=f"object {n}", unattended=False)
                for n, one in enumerate(opened)
            ),
            return_exceptions=True,
        )
        begun = await opened[0].changes(limit=9)
    assert sorted(type(one).__name__ for one in found) == [*["Conflict"] * 3, "NoneType"]
    assert len(begun) == 1


async def test_of_many_that_want_a_workload_at_once_one_gets_it(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        opened = [
            KeptFixes(await stack.enter_async_context(Database.opened(database_url)))
            for _ in range(4)
        ]
        for n in range(4):
            await opened[0].add_plan(plan(f"fix-{n}"))
        found = await asyncio.gather(
            *(
                one.start(change(f"chg-{n}", f"fix-{n}"), subject=WORKLOAD, unattended=True)
                for n, one in enumerate(opened)
            ),
            return_exceptions=True,
        )
        kept = [await opened[0].plan(f"fix-{n}") for n in range(4)]
    assert sorted(type(one).__name__ for one in found) == [*["Conflict"] * 3, "NoneType"]
    assert sorted(one.status for one in kept if one) == [*["proposed"] * 3, "taken"]


async def test_of_many_that_begin_at_once_no_more_do_than_may(database_url: str) -> None:
    """Each counts those before it in the transaction in which it begins."""

    def at_most_two(before: Sequence[ChangeRow]) -> None:
        if len(before) >= 2:
            raise Conflict("There have been two.")

    admission = Admission(timedelta(hours=1), at_most_two)
    async with AsyncExitStack() as stack:
        opened = [
            KeptFixes(await stack.enter_async_context(Database.opened(database_url)))
            for _ in range(6)
        ]
        for n in range(6):
            await opened[0].add_plan(plan(f"fix-{n}"))
        begun = await asyncio.gather(
            *(
                one.start(
                    change(f"chg-{n}", f"fix-{n}"),
                    subject=f"object {n}",
                    unattended=True,
                    admission=admission,
                )
                for n, one in enumerate(opened)
            ),
            return_exceptions=True,
        )
        kept = [await opened[0].plan(f"fix-{n}") for n in range(6)]
        changes = await opened[0].changes(limit=9)
    assert sorted(type(one).__name__ for one in begun) == [*["Conflict"] * 4, *["NoneType"] * 2]
    assert sorted(one.status for one in kept if one) == [*["proposed"] * 4, *["taken"] * 2]
    assert len(changes) == 2


async def test_what_takes_two_people_is_not_approved_by_one_twice(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=2)
    with pytest.raises(Conflict, match="another person"):
        await store.decide(yes("bob"), needed=2)
    with pytest.raises(Conflict, match="not approved"):
        await store.start(change(), subject=WORKLOAD, unattended=False)
    await store.decide(yes("sue"), needed=2)
    await store.start(change(), subject=WORKLOAD, unattended=False)


async def test_an_approval_is_good_for_one_change(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=1)
    await store.start(change(), subject=WORKLOAD, unattended=False)
    with pytest.raises(Conflict, match="carried out already"):
        await store.start(change("chg-2"), subject="elsewhere", unattended=False)
    assert [one.id for one in await store.changes(limit=9)] == ["chg-1"]


async def test_a_denied_plan_is_never_begun_and_an_unknown_one_is_said_to_be(
    store: KeptFixes,
) -> None:
    await store.decide(yes("bob", approved=False), needed=1)
    with pytest.raises(Conflict, match="denied by bob"):
        await store.start(change(), subject=WORKLOAD, unattended=True)
    with pytest.raises(NotFound):
        await store.start(change(of="fix-9"), subject=WORKLOAD, unattended=True)


async def test_a_locked_workload_uses_no_approval_up(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=1)
    await store.start(change(), subject=WORKLOAD, unattended=False)
    await store.add_plan(plan("fix-2"))
    await store.decide(yes("bob", "fix-2"), needed=1)
    with pytest.raises(Conflict, match="chg-1 is at work"):
        await store.start(change("chg-2", "fix-2"), subject=WORKLOAD, unattended=False)
    kept = await store.plan("fix-2")
    assert kept is not None
    assert kept.status == "approved"


async def test_a_change_is_taken_over_only_when_its_process_is_gone(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=1)
    await store.start(change(), subject=WORKLOAD, unattended=False)
    at = {"subject": WORKLOAD, "lease_until": NOW + 9 * SOON}
    assert not await store.take_over("chg-1", "run-2", now=NOW, **at)
    assert await store.take_over("chg-1", "run-2", now=NOW + 2 * SOON, **at)
    with pytest.raises(Conflict, match="Another process"):
        await store.put_step(step(), runner="run-1", lease_until=NOW + 9 * SOON)
    await store.put_step(step(), runner="run-2", lease_until=NOW + 9 * SOON)
    assert await store.steps("chg-1") == [step()]


async def test_a_finished_change_lets_its_workload_go(store: KeptFixes) -> None:
    await store.decide(yes("bob"), needed=1)
    await store.start(change(), subject=WORKLOAD, unattended=False)
    await store.put_step(step(), runner="run-1", lease_until=NOW + SOON)
    await store.put_step(step("written"), runner="run-1", lease_until=NOW + SOON)
    await store.finish("chg-1", "run-1", status="verified", now=NOW, body={"why": ""})
    ended = await store.change("chg-1")
    assert ended is not None
    assert (ended.status, ended.finished_at, await store.unfinished()) == ("verified", NOW, [])
    await store.add_plan(plan("fix-2"))
    await store.start(change("chg-2", "fix-2"), subject=WORKLOAD, unattended=True)


async def test_only_one_takes_a_verified_change_back(store: KeptFixes) -> None:
    await store.start(change(), subject=WORKLOAD, unattended=True)
    at = {"subject": WORKLOAD, "now": NOW, "lease_until": NOW + SOON, "body": {"asked_back": True}}
    assert not await store.reopen("chg-1", "run-1", **at)
    await store.finish("chg-1", "run-1", status="verified", now=NOW, body={})
    assert await store.reopen("chg-1", "run-1", **at)
    assert not await store.reopen("chg-1", "run-2", **at)
    reopened = await store.change("chg-1")
    assert reopened is not None
    assert (reopened.status, reopened.body) == ("undoing", {"asked_back": True})


async def test_the_breaker_is_remembered(store: KeptFixes) -> None:
    assert await store.breaker() is None
    row = BreakerRow(True, "two in a row", "breaker", NOW)
    await store.set_breaker(row)
    assert await store.breaker() == row
    await store.set_breaker(replace(row, stopped=False, by="ann"))
    found = await store.breaker()
    assert found is not None
    assert (found.stopped, found.by) == (False, "ann")
