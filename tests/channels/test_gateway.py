"""Routes, mutings, groups, storms and escalation, by a policy that acts without a restart."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound
from core.storage.models import AlertStep
from tests.channels.conftest import Room, alert


async def set_policy(room: Room, **document: Any) -> int:
    now = (await room.tools.call("alerting_get_policy")).data["version"]
    asked = {"document": document, "reason": "for a test", "based_on": now}
    return (await room.tools.call("alerting_set_policy", **asked)).data["version"]


async def steps_of(room: Room, name: str) -> list[tuple[str, str]]:
    rows = (await room.tools.call("alerting_list", name=name)).data["rows"]
    shown = (await room.tools.call("alerting_show", alert_id=rows[0]["id"])).data
    return [(one["step"], one["outcome"]) for one in shown["steps"]]


async def later(room: Room, length: timedelta) -> None:
    """As if so much time had passed for groups and for alerts that wait for a person."""
    async with room.store.session() as tables:
        groups = await tables.alerts.due_groups(utc_now() + length)
        await tables.alerts.save_groups(
            [replace(one, flush_at=one.flush_at - length) for one in groups]
        )
        rows = await tables.alerts.firing()
        await tables.alerts.save(
            [replace(one, received_at=one.received_at - length) for one in rows]
        )
        session = tables.alerts._session
        for step in list(await session.execute(select(AlertStep.id, AlertStep.at))):
            moved = update(AlertStep).where(AlertStep.id == step.id)
            await session.execute(moved.values(at=step.at - length))


async def test_alerts_go_by_their_labels_to_the_channels_of_their_route(room: Room) -> None:
    slack, hook = await room.add("slack", tags=["shop"]), await room.add("webhook")
    await set_policy(
        room,
        route={
            "channels": ["webhook"],
            "routes": [
                {
                    "matchers": ['namespace="shop"', 'severity=~"critical|page"'],
                    "channels": ["tag:shop"],
                }
            ],
        },
    )
    await room.receive(alert("Alpha"), alert("Beta", namespace="data"))
    await room.deliver()
    assert ("Alpha" in str(slack.taken), "Beta" in str(slack.taken)) == (True, False)
    assert [one["data"]["alerts"][0]["name"] for one in hook.taken] == ["Beta"]


async def test_one_alert_keeps_another_quiet_and_the_record_says_by_which(room: Room) -> None:
    hook = await room.add("webhook")
    rule = {
        "source": ['alertname="NodeDown"'],
        "target": ['severity="critical"'],
        "equal": ["node"],
    }
    await set_policy(room, inhibit=[rule])
    await room.receive(alert("NodeDown", severity="page", node="n1"))
    await room.receive(alert("PodDown", node="n1"), alert("PodElse", node="n2"))
    await room.deliver()
    assert [one["data"]["alerts"][0]["name"] for one in hook.taken] == ["NodeDown", "PodElse"]
    assert ("inhibit", "quiet") in await steps_of(room, "PodDown")


@pytest.mark.parametrize(("switch", "told", "outcome"), [
    ("on", 0, "quiet"), ("shadow", 1, "would_quiet"), ("off", 1, ""),
])  # fmt: skip
async def test_maintenance_keeps_quiet_as_far_as_its_switch_lets_it(
    room: Room, switch: str, told: int, outcome: str
) -> None:
    hook, now = await room.add("webhook"), utc_now()
    window = {
        "id": "disks",
        "matchers": ['namespace="shop"'],
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=1)).isoformat(),
        "reason": "disks are replaced",
    }
    await set_policy(room, maintenance=[window], switches={"silences": switch})
    await room.receive(alert())
    await room.deliver()
    assert len(hook.taken) == told
    outcomes = [result for step, result in await steps_of(room, "DiskFull") if step == "silence"]
    assert outcomes == ([outcome] if outcome else [])


async def test_a_group_is_told_once_after_its_wait_and_again_when_it_changes(room: Room) -> None:
    hook = await room.add("webhook")
    route = {"channels": ["*"], "group_by": ["alertname"], "group_wait": "PT30S"}
    await set_policy(room, route=route, switches={"grouping": "on"})
    begun = utc_now().isoformat()
    await room.receive(*(alert("Slow", instance=str(one), starts=begun) for one in range(3)))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    assert hook.taken == []
    await later(room, timedelta(minutes=1))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    assert [len(one["data"]["alerts"]) for one in hook.taken] == [3]
    await later(room, timedelta(minutes=6))
    await room.tools.call("alerting_run_due")
    await room.receive(alert("Slow", instance="9", starts=begun))
    await later(room, timedelta(minutes=6))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    assert [len(one["data"]["alerts"]) for one in hook.taken] == [3, 4]


async def test_what_ended_within_the_wait_is_not_told(room: Room) -> None:
    hook = await room.add("webhook")
    await set_policy(room, switches={"grouping": "on"})
    begun = utc_now().isoformat()
    await room.receive(alert(starts=begun))
    await room.receive(alert(status="resolved", starts=begun))
    await later(room, timedelta(minutes=1))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    assert hook.taken == []


async def test_a_storm_is_told_as_one_digest_that_holds_every_alert(room: Room) -> None:
    hook = await room.add("webhook")
    await set_policy(room, storm={"alerts": 10}, switches={"storm": "on"})
    await room.receive(alert("First"))
    await room.receive(*(alert("Storm", instance=str(one)) for one in range(200)))
    await room.receive(*(alert("Storm", instance=str(one)) for one in range(200, 300)))
    await room.deliver()
    assert [one["data"]["reason"] for one in hook.taken] == ["new"]
    await later(room, timedelta(minutes=1))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    [_, digest] = hook.taken
    assert (digest["data"]["reason"], len(digest["data"]["alerts"])) == ("digest", 300)


async def test_what_nobody_acknowledges_goes_to_the_next_ones_and_then_stops(room: Room) -> None:
    hook, slack = await room.add("webhook"), await room.add("slack")
    ladder = [{"after": "PT10M", "channels": ["slack"]}]
    await set_policy(room, route={"channels": ["webhook"], "escalate": ladder})
    await room.receive(alert("Taken"), alert("Left"))
    [taken] = (await room.tools.call("alerting_list", name="Taken")).data["rows"]
    await room.tools.call("alerting_acknowledge", alert_id=taken["id"])
    with pytest.raises(Conflict, match="ann takes care"):
        await room.tools.call("alerting_acknowledge", alert_id=taken["id"])
    for _ in range(3):
        await later(room, timedelta(minutes=11))
        await room.tools.call("alerting_run_due")
    await room.deliver()
    assert (len(hook.taken), len(slack.taken)) == (1, 1)
    assert ("Left" in str(slack.taken), "Taken" in str(slack.taken)) == (True, False)


async def test_who_heard_by_escalation_hears_of_the_end_and_its_incident_is_closed(
    room: Room,
) -> None:
    hook, pager = await room.add("webhook"), await room.add("pagerduty")
    ladder = [{"after": "PT10M", "channels": ["pagerduty"]}]
    await set_policy(room, route={"channels": ["webhook"], "escalate": ladder})
    for name in ("First", "Second"):
        await room.receive({**alert(name)}, source="prometheus")
        await later(room, timedelta(minutes=11))
        await room.tools.call("alerting_run_due")
    await room.receive(
        {**alert("First"), "status": "", "endsAt": "2026-11-29T01:30:00Z"}, source="prometheus"
    )
    await room.deliver()
    told = [(one["event_action"], one["payload"]["summary"].split()[1]) for one in pager.taken]
    assert told == [("trigger", "First"), ("trigger", "Second"), ("resolve", "First")]
    first, second, ended = (one["dedup_key"] for one in pager.taken)
    assert first == ended != second
    assert [one["data"]["status"] for one in hook.taken] == ["firing", "firing", "resolved"]


async def test_nobody_is_called_before_those_who_were_told_had_the_time_to_answer(
    room: Room,
) -> None:
    await room.add("webhook")
    slack = await room.add("slack")
    ladder = [{"after": "PT10M", "channels": ["slack"]}]
    route = {"channels": ["webhook"], "escalate": ladder, "group_wait": "PT10M"}
    await set_policy(room, route=route, switches={"grouping": "on"})
    await room.receive(alert("Slow"))
    for expected in (0, 1):
        await later(room, timedelta(minutes=11))
        await room.tools.call("alerting_run_due")
        await room.deliver()
        assert len(slack.taken) == expected


async def test_a_group_that_was_escalated_is_ended_there_too(room: Room) -> None:
    await room.add("webhook")
    pager = await room.add("pagerduty")
    ladder = [{"after": "PT10M", "channels": ["pagerduty"]}]
    route = {"channels": ["webhook"], "escalate": ladder, "group_by": ["alertname"]}
    await set_policy(room, route=route, switches={"grouping": "on"})
    await room.receive(alert("Left", node="a"), alert("Left", node="b"))
    for _ in range(2):
        await later(room, timedelta(minutes=11))
        await room.tools.call("alerting_run_due")
    for ends in (["a"], ["a", "b"]):
        state = {one: "resolved" if one in ends else "firing" for one in ("a", "b")}
        await room.receive(*(alert("Left", state[one], node=one) for one in ("a", "b")))
        await later(room, timedelta(minutes=11))
        await room.tools.call("alerting_run_due")
    await room.deliver()
    assert [one["event_action"] for one in pager.taken] == ["trigger", "trigger", "resolve"]
    assert len({one["dedup_key"] for one in pager.taken}) == 1


async def test_more_than_a_channel_takes_is_merged_and_nothing_is_lost(room: Room) -> None:
    wecom = await room.add("wecom")
    for one in range(30):
        await room.receive({**alert("Flood", instance=str(one))})
    for _ in range(3):
        await room.deliver()
    states = [one["state"] for one in await room.deliveries()]
    assert len(wecom.taken) <= 10
    assert (states.count("pending"), states.count("dead")) == (0, 0)
    assert states.count("merged") + len(wecom.taken) == 31


async def test_a_dry_run_says_who_would_not_hear_any_more(room: Room) -> None:
    await room.add("webhook")
    await room.receive(alert("Loud"), alert("Quiet", namespace="data"))
    route = {"channels": ["*"], "mute": ["always"], "matchers": ['namespace="data"']}
    document = {
        "route": {"channels": ["*"], "routes": [route]},
        "intervals": {"always": [{"times": ["00:00-24:00"]}]},
    }
    found = (await room.tools.call("alerting_dry_run", document=document)).data
    assert (found["now"]["messages"], found["then"]["messages"]) == (2, 1)
    assert (found["missed"], found["more"]) == (["Quiet (1)"], [])
    assert found["then"]["quiet"] == {"mute_time": 1}


async def test_a_dry_run_says_to_whom_it_would_have_been_escalated(room: Room) -> None:
    await room.add("webhook")
    await room.add("pagerduty", name="boss")
    await room.receive(alert("Loud"), alert("Over", "resolved"))
    levels = [{"after": "PT5M", "channels": ["boss"]}, {"after": "PT48H", "channels": ["boss"]}]
    document = {"route": {"channels": ["webhook"], "escalate": levels}}
    found = (await room.tools.call("alerting_dry_run", document=document)).data
    assert (found["now"]["escalated"], found["then"]["escalated"]) == (0, 1)
    assert found["then"]["by_channel"]["boss"] == 1


async def test_an_earlier_policy_comes_back_in_one_step_and_versions_do_not_overtake(
    room: Room,
) -> None:
    await room.add("webhook")
    first = await set_policy(room, switches={"grouping": "on"})
    await set_policy(room, switches={"grouping": "off"})
    stale = {"document": {}, "reason": "stale", "based_on": first}
    with pytest.raises(Conflict, match="at version 2 by now"):
        await room.tools.call("alerting_set_policy", **stale)
    back = {"version": first, "reason": "back again"}
    now = (await room.tools.call("alerting_roll_back_policy", **back)).data
    assert (now["version"], now["document"]["switches"]) == (3, {"grouping": "on"})
    with pytest.raises(NotFound):
        await room.tools.call("alerting_roll_back_policy", version=99, reason="nowhere")


WRONG = [
    ({"route": {"channels": ["nobody"]}}, "No channel is called 'nobody'"),
    ({"route": {"matchers": ["severity"]}}, "is no matcher"),
    ({"route": {"matchers": ['a=~"("']}}, "cannot be read"),
    ({"route": {"mute": ["night"]}}, "not among intervals"),
    ({"intervals": {"x": [{"times": ["25:00-26:00"]}]}}, "no range"),
    ({"intervals": {"x": [{"weekdays": ["friday:monday"]}]}}, "ends before it starts"),
    ({"intervals": {"x": [{"zone": "Mars/Olympus"}]}}, "no time zone"),
    ({"routes": []}, "routes"),
    ({"storm": {"within": "soon"}}, "ISO 8601"),
]


@pytest.mark.parametrize(("document", "why"), WRONG)
async def test_a_policy_that_does_not_hold_is_refused_and_the_old_one_stays(
    room: Room, document: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        await set_policy(room, **document)
    assert (await room.tools.call("alerting_get_policy")).data["version"] == 0


async def test_each_sender_is_read_in_its_own_words(room: Room) -> None:
    await set_policy(
        room,
        mappings={
            "shop": {
                "alerts": "event.items",
                "labels": {"alertname": "rule.name", "severity": "=warning", "namespace": "ns"},
                "status": "state",
                "summary": "text",
            }
        },
    )
    event = {
        "specversion": "1.0", "id": "1", "source": "/backup", "type": "backup.failed",
        "data": {"severity": "critical", "summary": "No backup"},
    }  # fmt: skip
    item = {"rule": {"name": "Mapped"}, "ns": "shop", "state": "alerting", "text": "It rains"}
    await room.tools.call("alerting_receive", source="cloudevents", payload=event)
    for state in ("alerting", "alerting", "ok"):
        payload = {"event": {"items": [{**item, "state": state}]}}
        await room.tools.call("alerting_receive", source="generic", payload=payload, mapping="shop")
    grafana = {"alerts": [alert("FromGrafana")], "title": "x", "state": "alerting"}
    await room.tools.call("alerting_receive", source="grafana", payload=grafana)
    rows = (await room.tools.call("alerting_list")).data["rows"]
    found = {one["name"]: (one["status"], one["severity"], one["summary"]) for one in rows}
    assert found == {
        "backup.failed": ("firing", "critical", "No backup"),
        "Mapped": ("resolved", "warning", "It rains"),
        "FromGrafana": ("firing", "critical", "FromGrafana happened"),
    }
    with pytest.raises(NotFound, match="no mapping 'shp'"):
        await room.tools.call("alerting_receive", source="generic", payload={}, mapping="shp")


async def test_more_alerts_than_are_read_at_once_are_refused_and_none_is_left_out(
    room: Room,
) -> None:
    await set_policy(room, mappings={"many": {"alerts": "items", "labels": {"alertname": "name"}}})
    payload = {"items": [{"name": f"A{n}"} for n in range(10_001)]}
    with pytest.raises(Invalid, match="10000"):
        await room.tools.call("alerting_receive", source="generic", payload=payload, mapping="many")
    assert (await room.tools.call("alerting_list")).data["total"] == 0
