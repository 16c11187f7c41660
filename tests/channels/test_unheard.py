"""Alerts that no channel takes: the list, the record and the answer say that nobody was told, and what to do."""

from datetime import timedelta
from typing import Any

from tests.channels.conftest import Room, alert
from tests.channels.test_gateway import later, set_policy


async def listed(room: Room) -> dict[str, Any]:
    return (await room.tools.call("alerting_list", status="firing")).data


async def record(room: Room) -> dict[str, Any]:
    [one] = (await listed(room))["rows"]
    return (await room.tools.call("alerting_show", alert_id=one["id"])).data


async def test_without_a_channel_it_is_said_that_nobody_is_told_and_how_that_is_mended(
    room: Room,
) -> None:
    quiet = await listed(room)
    assert (quiet["untold"], quiet["unheard"]["en"][:42]) == (
        0, "Nobody is told of alerts: there is no chan",
    )  # fmt: skip
    await room.receive(alert())
    told = await listed(room)
    assert told["untold"] == 1
    assert "还没有通知渠道（1 条正在触发" in told["unheard"]["zh"]
    shown = await record(room)
    assert "Nobody was told: there is no channel." in shown["unheard"]["en"]
    assert "midwatch channels add" in shown["unheard"]["en"]
    [step] = [one for one in shown["steps"] if one["step"] == "route"]
    assert (step["outcome"], step["detail"]["why"]) == ("nobody", "no_channels")


async def test_what_still_fires_is_told_once_a_channel_was_added_and_its_end_under_the_same_key(
    room: Room,
) -> None:
    await room.receive(alert(), alert("Other", namespace="data"))
    await room.receive(alert("Over", starts="2026-11-29T00:00:00Z"))
    await room.receive(alert("Over", "resolved", starts="2026-11-29T00:00:00Z"))
    heard = await room.add("webhook")
    caught = (await room.tools.call("alerting_tell_unheard")).data
    assert (caught["alerts"], caught["deliveries"]) == (2, 1)
    again = (await room.tools.call("alerting_tell_unheard")).data
    assert (again["alerts"], again["deliveries"]) == (0, 0)
    await room.receive(alert("DiskFull", "resolved"))
    await room.deliver()
    first, ended = (one["data"] for one in heard.taken)
    assert {one["name"] for one in first["alerts"]} == {"DiskFull", "Other"}
    assert [one["status"] for one in ended["alerts"]] == ["resolved"]
    assert first["key"] == ended["key"]
    assert (await listed(room))["unheard"] == {}


async def test_of_many_that_nobody_was_told_of_each_is_counted(room: Room) -> None:
    await room.receive(*(alert(f"A{n}", node=f"n{n}") for n in range(230)))
    told = await listed(room)
    assert told["untold"] == 230
    assert "230" in told["unheard"]["zh"]
    ended = (await room.tools.call("alerting_list", status="resolved")).data
    assert (ended["rows"], ended["untold"]) == ([], 230)
    lost = (await room.tools.call("alerting_list", status="unheard")).data
    assert lost["total"] == 230


async def test_what_the_new_channel_is_not_for_stays_untold(room: Room) -> None:
    for name in ("left", "gone"):
        await room.add("webhook", name=name)
    routes = [{"matchers": ['namespace="data"'], "channels": ["gone"]}]
    await set_policy(room, route={"channels": ["left"], "routes": routes})
    await room.tools.call("channels_remove", name="gone")
    await room.receive(alert("Lost", namespace="data"))
    await room.add("webhook", name="other")
    await room.receive(alert("Told", namespace="shop"))
    unheard = (await room.tools.call("alerting_list", status="unheard")).data["rows"]
    assert [one["name"] for one in unheard] == ["Lost"]
    assert (await room.tools.call("alerting_tell_unheard")).data["alerts"] == 0
    await room.add("webhook", name="gone")
    assert (await room.tools.call("alerting_tell_unheard")).data["alerts"] == 1


async def test_channels_that_are_all_off_are_told_apart_from_none(room: Room) -> None:
    await room.add("webhook")
    await room.tools.call("channels_change", name="webhook", enabled=False)
    await room.receive(alert())
    assert "every channel is off (firing unheard: 1)" in (await listed(room))["unheard"]["en"]
    assert "所有通知渠道都已停用" in (await record(room))["unheard"]["zh"]


async def test_a_route_whose_channels_are_gone_is_named(room: Room) -> None:
    for name in ("left", "gone"):
        await room.add("webhook", name=name)
    await set_policy(room, route={"channels": ["gone"]})
    await room.tools.call("channels_remove", name="gone")
    await room.receive(alert())
    assert "Nobody was told of 1 alerts that fire" in (await listed(room))["unheard"]["en"]
    assert "none of the channels of route" in (await record(room))["unheard"]["en"]


async def test_what_something_keeps_quiet_is_no_page_that_was_lost(room: Room) -> None:
    await room.add("webhook")
    window = {
        "id": "w", "matchers": ['alertname="DiskFull"'], "reason": "disks are replaced",
        "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    await set_policy(room, maintenance=[window])
    await room.receive(alert())
    told = await listed(room)
    assert (told["untold"], told["unheard"]) == (0, {})


async def test_an_escalation_that_reaches_nobody_says_so(room: Room) -> None:
    for name in ("first", "second"):
        await room.add("webhook", name=name)
    ladder = [{"after": "PT10M", "channels": ["second"]}]
    await set_policy(room, route={"channels": ["first"], "escalate": ladder})
    await room.tools.call("channels_remove", name="second")
    await room.receive(alert())
    await later(room, timedelta(minutes=11))
    await room.tools.call("alerting_run_due")
    shown = await record(room)
    [step] = [one for one in shown["steps"] if one["step"] == "escalate"]
    assert (step["outcome"], step["detail"]["why"]) == ("nobody", "route_names_none")
