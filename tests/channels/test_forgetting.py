"""What is over and old goes; what fires, waits or is young stays."""

from dataclasses import replace
from datetime import timedelta

from core.clock import utc_now
from core.storage.flag_records import FlagEventRow
from core.storage.job_records import JobRow
from core.storage.patrol_records import PatrolRunRow
from tests.channels.conftest import Room, alert

LONG_AGO = timedelta(days=100)


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
