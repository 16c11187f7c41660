"""An alert that arrives is stored, told once to each channel, and everything done is on record."""

import pytest
from starlette.responses import PlainTextResponse

from core.errors import Invalid
from tests.channels.conftest import Room, alert


async def test_an_alert_reaches_a_signed_webhook_and_its_record_says_so(room: Room) -> None:
    heard = await room.add("webhook")
    stored = await room.receive(alert())
    assert stored == {"alerts": 1, "new": 1, "deliveries": 1}
    await room.deliver()
    [message] = heard.taken
    assert message["type"] == "alert.firing"
    assert message["data"]["alerts"][0]["labels"]["namespace"] == "shop"
    [listed] = (await room.tools.call("alerting_list")).data["rows"]
    assert (listed["name"], listed["told"]) == ("DiskFull", "firing")
    shown = (await room.tools.call("alerting_show", alert_id=listed["id"])).data
    steps = [(one["step"], one["outcome"]) for one in shown["steps"]]
    assert steps == [
        ("receive", "new"),
        ("route", "queued"),
        ("analysis", "queued"),
        ("deliver", "sent"),
    ]
    assert shown["investigate"] == {"namespace": "shop", "symptom": "DiskFull happened"}


async def test_what_is_sent_again_is_told_once(room: Room) -> None:
    heard = await room.add("webhook")
    for _ in range(3):
        await room.receive(alert(), alert("CpuHigh"))
        await room.deliver()
    assert len(heard.taken) == 1


async def test_an_end_is_told_to_those_who_heard_of_the_start(room: Room) -> None:
    heard = await room.add("webhook")
    await room.receive(alert("Unheard", "resolved"))
    await room.receive(alert())
    await room.receive(alert(status="resolved"))
    await room.receive(alert(status="resolved"))
    await room.deliver()
    assert [one["type"] for one in heard.taken] == ["alert.firing", "alert.resolved"]


async def test_a_start_that_comes_after_its_end_was_overtaken_and_changes_nothing(
    room: Room,
) -> None:
    await room.add("webhook")
    await room.receive(alert())
    await room.receive(alert(status="resolved"))
    await room.receive(alert())
    [listed] = (await room.tools.call("alerting_list")).data["rows"]
    assert listed["status"] == "resolved"
    shown = (await room.tools.call("alerting_show", alert_id=listed["id"])).data
    assert shown["steps"][-1]["outcome"] == "overtaken"


async def test_a_channel_that_fails_is_tried_again_and_told_once(room: Room) -> None:
    heard = await room.add("webhook")
    heard.plan = [PlainTextResponse("busy", 503), PlainTextResponse("broken", 500)]
    await room.receive(alert())
    await room.deliver()
    [waiting] = await room.deliveries(state="pending")
    assert (waiting["attempts"], waiting["code"]) == (1, "503")
    for _ in range(2):
        await _forward(room)
        await room.deliver()
    [sent] = await room.deliveries()
    assert (sent["state"], sent["attempts"], len(heard.taken)) == ("sent", 3, 1)


async def test_a_refusal_is_dead_at_once_and_can_be_replayed(room: Room) -> None:
    heard = await room.add("webhook")
    heard.plan = [PlainTextResponse("no", 403)]
    await room.receive(alert())
    await room.deliver()
    [dead] = await room.deliveries(state="dead")
    assert heard.tries == 1
    await room.tools.call("channels_replay", delivery_id=dead["id"])
    await room.deliver()
    detail = (await room.tools.call("channels_delivery", delivery_id=dead["id"])).data
    assert [one["outcome"] for one in detail["tries"]] == ["refused", "sent"]
    assert len(heard.taken) == 1


async def test_health_is_that_of_real_outcomes(room: Room) -> None:
    heard = await room.add("webhook")
    heard.plan = [PlainTextResponse("no", 403)]
    await room.receive(alert())
    await room.deliver()
    await room.receive(alert("CpuHigh"))
    await room.deliver()
    [health] = (await room.tools.call("channels_health")).data["rows"]
    assert (health["tried"], health["sent"], health["success_rate"]) == (2, 1, 0.5)
    assert (health["dead"], health["last_error"]) == (1, "The channel answered 403.")


@pytest.mark.parametrize("payload", [{}, {"alerts": 3}, {"alerts": [{"labels": {}}]}, []])
async def test_what_is_no_webhook_is_refused_in_words(room: Room, payload: object) -> None:
    with pytest.raises(Invalid, match="This is not what alertmanager sends"):
        await room.tools.call("alerting_receive", source="alertmanager", payload=payload)


async def _forward(room: Room) -> None:
    """As if the waits were over."""
    from dataclasses import replace

    from core.clock import utc_now

    async with room.store.session() as tables:
        waiting = await tables.outbox.latest(state="pending")
        await tables.outbox.save([replace(one, run_after=utc_now()) for one in waiting])
        for channel in await tables.channels.all():
            await tables.channels.save(replace(channel, rest_until=None))
