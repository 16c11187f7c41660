"""Smart functions of the gateway and of patrols, on for some alone: what an alert meets, and what is only noted."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import utc_now
from tests.channels.conftest import Room, alert
from tests.channels.test_flags import switched

STORM = {"alerts": 1, "within": "PT1M"}
FLAPPING = {"changes": 2, "within": "PT30M"}


async def policed(room: Room, **switches: str) -> None:
    document = {
        "route": {"channels": ["*"], "group_wait": "PT5M", "group_by": ["alertname"]},
        "storm": STORM,
        "flapping": FLAPPING,
        "switches": {"analysis": "off", **switches},
    }
    await room.tools.call("alerting_set_policy", document=document, reason="a test", based_on=0)


async def steps(room: Room, name: str) -> list[tuple[str, str]]:
    rows = (await room.tools.call("alerting_list")).data["rows"]
    [key] = [one["id"] for one in rows if one["name"] == name]
    shown = (await room.tools.call("alerting_show", alert_id=key)).data
    return [(one["step"], one["outcome"]) for one in shown["steps"]]


async def test_grouping_is_on_for_a_label_alone_and_others_pass_through(room: Room) -> None:
    heard = await room.add("webhook")
    await policed(room, grouping="on")
    await switched(room, "grouping", labels={"team": "web"})
    await room.receive(alert("A", team="web"), alert("B", team="data"))
    await room.deliver()
    assert [one["name"] for one in heard.taken[0]["data"]["alerts"]] == ["B"]
    assert ("group", "waits") in await steps(room, "A")


@pytest.mark.parametrize(
    ("name", "switch", "step"),
    [
        ("grouping", "grouping", ("group", "would_waits")),
        ("storm", "storm", ("storm", "would_digest")),
        ("flapping", "flapping", ("flapping", "would_quiet")),
    ],
)
async def test_in_shadow_it_is_noted_what_would_have_been_and_all_is_told(
    room: Room, name: str, switch: str, step: tuple[str, str]
) -> None:
    heard = await room.add("webhook")
    await policed(room, **{switch: "on"})
    await switched(room, name, state="shadow")
    now = utc_now()
    starts = (now - timedelta(minutes=2)).isoformat()
    ended = {**alert("A", "resolved", starts=starts), "endsAt": now.isoformat()}
    await room.receive(alert("A", starts=starts), alert("B", starts=starts))
    await room.receive(ended)
    await room.deliver()
    told = {(a["name"], a["status"]) for one in heard.taken for a in one["data"]["alerts"]}
    assert told == {("A", "firing"), ("B", "firing"), ("A", "resolved")}
    assert step in await steps(room, "A")


async def test_a_policy_that_has_it_off_keeps_it_off_whatever_the_flag_says(room: Room) -> None:
    heard = await room.add("webhook")
    await policed(room)
    for name in ("grouping", "storm", "flapping"):
        await switched(room, name)
    await room.receive(*(alert(one) for one in "ABC"))
    await room.deliver()
    assert sum(len(one["data"]["alerts"]) for one in heard.taken) == 3


async def test_a_share_of_groups_waits_and_always_the_same_ones(room: Room) -> None:
    await policed(room, grouping="on")
    await switched(room, "grouping", share_percent=50)
    names = [f"A{n}" for n in range(40)]
    seen: list[dict[str, Any]] = []
    for _ in range(2):
        await room.receive(*(alert(one) for one in names))
        rows = (await room.tools.call("alerting_list")).data["rows"]
        waiting = {
            one["name"]: ("group", "waits") in await steps(room, one["name"]) for one in rows
        }
        seen.append(waiting)
    assert seen[0] == seen[1]
    assert 5 < sum(seen[0].values()) < 35
