"""Windows in which alerts converge, by name: what a route takes from one, and what it says itself."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import Invalid
from mcp_servers.alerting.policies import checked, policy_of
from mcp_servers.facts.alert_policies import Route
from tests.channels.conftest import Room, alert

WINDOWS: dict[str, Any] = {
    "calm": {"wait": "PT40S", "interval": "PT6M", "repeat": "PT5H", "group_by": ["team"]},
    "urgent": {"wait": "PT5S"},
}


def routed(route: dict[str, Any]) -> Route:
    return policy_of(checked({"route": route, "convergence": WINDOWS})).root


def test_a_route_takes_what_its_window_says() -> None:
    route = routed({"channels": ["ops"], "converge": "calm"})
    assert (route.group_wait, route.group_interval) == (
        timedelta(seconds=40),
        timedelta(minutes=6),
    )
    assert (route.repeat_interval, route.group_by) == (timedelta(hours=5), ("team",))


def test_what_a_route_says_itself_goes_before_its_window_and_that_before_the_route_above() -> None:
    below = {"channels": ["a"], "converge": "urgent", "group_by": [], "repeat_interval": "PT1H"}
    route = routed({"channels": ["ops"], "converge": "calm", "routes": [below]}).routes[0]
    assert (route.group_wait, route.group_interval) == (timedelta(seconds=5), timedelta(minutes=6))
    assert (route.repeat_interval, route.group_by) == (timedelta(hours=1), ())


def test_a_window_that_is_none_is_refused_wherever_it_is_named() -> None:
    for route in ({"converge": "x"}, {"routes": [{"converge": "x"}]}):
        with pytest.raises(Invalid, match="no convergence window 'x'"):
            routed({"channels": ["ops"], **route})
    with pytest.raises(Invalid, match="calm"):
        checked({"convergence": {"calm": {"wait": "soon"}}})


async def test_alerts_of_one_window_are_one_message(room: Room) -> None:
    heard = await room.add("webhook")
    document = {
        "route": {"channels": ["*"], "converge": "now"},
        "convergence": {"now": {"wait": "PT0S", "group_by": ["alertname"]}},
        "switches": {"grouping": "on"},
    }
    asked = {"document": document, "reason": "test", "based_on": 0}
    await room.tools.call("alerting_set_policy", **asked)
    await room.receive(alert("A", pod="a"), alert("A", pod="b"), alert("B"))
    await room.tools.call("alerting_run_due")
    await room.deliver()
    assert sorted(len(one["data"]["alerts"]) for one in heard.taken) == [1, 2]
