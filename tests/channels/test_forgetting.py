"""What is over and old goes; what fires, waits or is young stays."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from api.jobs.checks import Forgetting
from core.clock import utc_now
from core.storage.database import Database
from core.storage.flag_records import FlagEventRow
from core.storage.job_records import JobRow
from core.storage.patrol_records import PatrolRunRow
from core.storage.records import RefreshTokenRow, UserRow
from core.storage.repositories.tokens import Tokens
from core.storage.repositories.users import Users
from tests.channels.conftest import Room, alert

LONG_AGO, DAY = timedelta(days=100), timedelta(days=1)


async def aged(room: Room) -> None:
    """As if all of it had happened long ago."""
    async with room.store.session() as tables:
        rows = await tables.alerts.latest()
        await tables.alerts.save(
            [replace(one, updated_at=one.updated_at - LONG_AGO) for one in rows]
        )
        sent = await tables.outbox.latest()
        await tables.outbox.save(
            [replace(one, created_at=one.created_at - LONG_AGO) for one in sent]
        )


async def test_ended_alerts_and_sent_messages_go_and_what_fires_stays(room: Room) -> None:
    await room.add("webhook")
    await room.receive(alert("Over"), alert("Fires"))
    await room.receive(alert("Over", "resolved"))
    await room.deliver()
    young = (await room.tools.call("alerting_forget_old", days=90)).data
    assert set(young.values()) == {0}
    await aged(room)
    gone = (await room.tools.call("alerting_forget_old", days=90)).data
    assert (gone["alerts"], gone["messages"]) == (1, 2)
    [left] = (await room.tools.call("alerting_list")).data["rows"]
    assert left["name"] == "Fires"
    assert (await room.tools.call("alerting_show", alert_id=left["id"])).data["steps"]


async def test_jobs_and_rounds_that_ended_go_and_jobs_that_wait_stay(room: Room) -> None:
    old = utc_now() - LONG_AGO
    jobs = [JobRow.of("toast", str(n), {}, by="ann", now=old) for n in range(3)]
    jobs[0] = replace(jobs[0], state="done", finished_at=old)
    jobs[1] = replace(jobs[1], state="dead", finished_at=utc_now())
    async with room.store.session() as tables:
        await tables.jobs.put(jobs)
        await tables.patrols.add_run(PatrolRunRow("r1", "night", old, 100, {}))
        await tables.patrols.add_run(PatrolRunRow("r2", "night", utc_now(), 100, {}))
    gone = (await room.tools.call("alerting_forget_old", days=90)).data
    assert (gone["jobs"], gone["rounds"]) == (1, 1)
    async with room.store.session() as tables:
        assert {one.state for one in await tables.jobs.latest("toast")} == {"waiting", "dead"}


async def test_what_was_done_with_flags_goes_and_the_last_evaluation_stays(room: Room) -> None:
    old = utc_now() - LONG_AGO
    async with room.store.session() as tables:
        for n, what in enumerate(("set", "evaluated", "evaluated", "verdict", "held")):
            at = old + timedelta(days=n)
            await tables.flags.add(FlagEventRow.of("analysis", what, "ann", at, {}))
        now = utc_now()
        await tables.flags.add(FlagEventRow.of("analysis", "released", "ann", now, {}))
    gone = (await room.tools.call("alerting_forget_old", days=90)).data
    assert gone["flag_events"] == 4
    async with room.store.session() as tables:
        left = await tables.flags.events("analysis")
    assert [(one.what, one.at) for one in left] == [
        ("released", now),
        ("evaluated", old + timedelta(days=2)),
    ]


async def nobody_else() -> bool:
    return True


async def test_sign_ins_that_expired_long_ago_go_and_others_stay(
    room: Room, tmp_path: Path
) -> None:
    now = utc_now()
    async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
        async with database.session() as session:
            await Users(session).add(UserRow("ann", "user", now))
            tokens = Tokens(session)
            for name, at in (("old", now - LONG_AGO), ("late", now - DAY), ("holds", now + DAY)):
                row = RefreshTokenRow(name, "ann", at - DAY, at)
                await tokens.add_refresh_token(row, hashed=name)
        await Forgetting(database, room.sessions, LONG_AGO - DAY, nobody_else).forget()
        async with database.session() as session:
            left = [
                name
                for name in ("old", "late", "holds")
                if await Tokens(session).refresh_token(name)
            ]
    assert left == ["late", "holds"]
