"""So many replicas more or fewer are no number of replicas: "two more" of three are five."""

from typing import Any

import pytest

from agent.asked import Asked
from agent.counting import count_ordered
from agent.dividing import read_all
from agent.planning_fixes import changing


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("add 2 more replicas to web", "replicas+=2"),
        ("give web three extra pods", "replicas+=3"),
        ("add another instance of web", "replicas+=1"),
        ("web +2", "replicas+=2"),
        ("scale web up by 3", "replicas+=3"),
        ("scale web down by one", "replicas-=1"),
        ("remove one replica from web", "replicas-=1"),
        ("double the replicas of web", "replicas*=2"),
        ("halve the number of web pods", "replicas*=0.5"),
        ("web 加俩副本", "replicas+=2"),
        ("给 web 再加三个实例", "replicas+=3"),
        ("web 减少一个副本", "replicas-=1"),
        ("web 副本翻倍", "replicas*=2"),
        ("把 web 的副本数减半", "replicas*=0.5"),
    ],
)
def test_more_fewer_and_times_are_told_from_the_count_there_is(text: str, count: str) -> None:
    assert count_ordered(text) == count


@pytest.mark.parametrize(
    "text",
    ["scale web to 5", "scale web up to 5 replicas", "from 3 to 5 replicas", "raise web cpu by 50%", "cut the cpu of web by 50 percent", "web 加到 5 个副本", "把 web 扩到五个", "web 5 个副本"],
)  # fmt: skip
def test_how_many_there_shall_be_is_no_difference(text: str) -> None:
    assert count_ordered(text) == ""


def planned(text: str) -> dict[str, Any]:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("autofix", "change")
    [step] = changing(Asked(text, route.intent, route.language, route.arguments), [])
    return dict(step.arguments)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("add 2 more replicas to ab-api", "replicas+=2"),
        ("gimme 2 more pods of ab-api", "replicas+=2"),
        ("remove one replica from ab-api", "replicas-=1"),
        ("double the replicas of ab-api", "replicas*=2"),
        ("ab-api 加俩副本", "replicas+=2"),
    ],
)
def test_an_order_for_more_or_fewer_is_planned_as_a_difference(text: str, count: str) -> None:
    told = planned(text)
    assert (told["change"], told["name"]) == ("scale", "ab-api")
    assert (told["replicas"], told["resources"]) == (None, [count])


def test_an_order_for_a_number_is_planned_with_that_number() -> None:
    told = planned("scale ab-api to 5 replicas")
    assert told["replicas"] == 5
    assert "resources" not in told


def test_what_more_replicas_would_cost_orders_none() -> None:
    [route] = read_all("how much would 2 more replicas of ab-api cost")
    assert route.subagent == "cost"
