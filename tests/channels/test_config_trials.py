"""Configurations of Alertmanagers tried on alerts that came in: whom they would have told, and how often."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import Invalid, NotFound
from tests.channels.conftest import Room, alert

NOW = """
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
receivers:
- {name: ops, webhook_configs: [{url: 'https://hooks.example/ops'}]}
"""
THEN = """
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  routes:
  - {receiver: web, matchers: ['team="web", severity=~"critical|error"']}
  - {receiver: nobody, match: {alertname: Watchdog}}
receivers:
- {name: ops, webhook_configs: [{url: 'https://hooks.example/ops'}]}
- {name: web, email_configs: [{to: web@example.com, from: a@example.com, smarthost: 'mail.example:25'}]}
- {name: nobody}
inhibit_rules:
- {source_matchers: [alertname=NodeDown], target_match_re: {alertname: 'Disk.*'}, equal: [node]}
"""


async def stored(room: Room, text: str = NOW, **more: Any) -> None:
    asked = {"name": "main", "text": text, "reason": "a test", "based_on": 0}
    await room.tools.call("alerting_set_manager_config", **asked, **more)


async def came_in(room: Room) -> None:
    """An hour ago: what is web's, a heartbeat, a node that is down, and a disk on it."""
    at = utc_now() - timedelta(hours=1)
    starts = at.isoformat()
    ended = {
        **alert("Slow", "resolved", team="web", starts=starts),
        "endsAt": (at + timedelta(minutes=20)).isoformat(),
    }
    await room.receive(
        alert("Slow", team="web", starts=starts),
        alert("Watchdog", starts=starts),
        alert("NodeDown", node="n1", starts=starts),
        alert("DiskFull", node="n1", starts=starts),
    )
    await room.receive(ended)


async def tried(room: Room, text: str = THEN, **more: Any) -> dict[str, Any]:
    asked = {"name": "main", "text": text, **more}
    return (await room.tools.call("alerting_dry_run_manager_config", **asked)).data


async def test_it_is_said_who_would_have_heard_of_what_beside_what_is_stored(room: Room) -> None:
    await stored(room)
    await came_in(room)
    told = await tried(room)
    assert told["alerts"] == 4
    assert told["now"]["by_receiver"] == {"ops": 5}  # four groups, and the end of one
    # E-mail tells of no ends, the heartbeat's receiver tells nobody, the disk is kept quiet.
    assert told["then"]["by_receiver"] == {"ops": 1, "web": 1}
    assert set(told["then"]["quiet"]) == {"inhibit"}
    assert sorted(told["missed"]) == ["DiskFull (1)", "Watchdog (1)"]
    assert told["moved"] == ["Slow: ops -> web (1)"]
    assert told["more"] == []


async def test_without_a_stored_one_all_that_is_told_is_more(room: Room) -> None:
    await came_in(room)
    told = await tried(room, NOW)
    assert (told["now"]["messages"], len(told["more"])) == (0, 4)
    with pytest.raises(NotFound):
        await tried(room, "")


async def test_values_of_the_target_decide_there_too(room: Room) -> None:
    await stored(room, NOW.replace("receiver: ops", "receiver: <<who>>"), values={"who": "ops"})
    await came_in(room)
    same = await tried(room, "")
    assert (same["missed"], same["moved"]) == ([], [])
    other = NOW.replace("receiver: ops", "receiver: <<who>>").replace(
        "receivers:", "receivers:\n- {name: us, webhook_configs: [{url: 'https://us.example'}]}"
    )
    there = await tried(room, other, by_target={"us": {"who": "us"}}, target="us")
    assert there["then"]["by_receiver"] == {"us": 5}


async def test_times_at_which_a_route_is_quiet_are_taken_into_account(room: Room) -> None:
    await came_in(room)
    hushed = NOW.replace(
        "  group_wait: 30s",
        "  group_wait: 30s\n  routes:\n  - {receiver: ops, mute_time_intervals: [always]}",
    )
    hushed += "time_intervals: [{name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}]\n"
    told = await tried(room, hushed)
    assert told["then"]["messages"] == 0
    assert told["then"]["quiet"]["mute_time"] > 0


async def test_what_an_alertmanager_would_refuse_is_not_tried(room: Room) -> None:
    with pytest.raises(Invalid, match="would refuse this configuration"):
        await tried(room, NOW.replace("receiver: ops", "receiver: nobody"))


async def test_a_secret_is_no_obstacle_where_nothing_is_stored(room: Room) -> None:
    await came_in(room)
    secret = (
        NOW + "- {name: pd, pagerduty_configs: [{routing_key: abcdefabcdefabcdefabcdefabcdef12}]}\n"
    )
    told = await tried(room, secret)
    assert told["then"]["alerts_told"] == 4
    assert "abcdef" not in str(told)
