"""A silence asked for in a sentence: which alerts it takes, on which object, and until when."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.arguments import extract
from agent.asked import Asked
from agent.intents import language_of
from agent.planning_alerts import FIRING, PREVIEW, RECEIVED, SET, silences
from agent.silence_places import MANAGERS
from agent.silence_times import period
from agent.steps import Step
from agent.toolbox import Result
from core.clock import utc_now

HALF_A_DAY_M, DAY_M = 12 * 60, 24 * 60


def row(name: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {"name": name, "status": status, "labels": {"alertname": name, **labels}}


CAME_IN = [
    row("DiskFull", node="node-3"),
    row("DiskPressure", node="node-3"),
    row("DiskFull", node="node-7"),
    row("DiskSlow", "resolved", node="node-3"),
    row("HighLatency", instance="web-1"),
]


def planned(question: str, came_in: list[dict[str, Any]], *fires: dict[str, Any]) -> list[Step]:
    """Every call on the way to the silence, when all of them go well."""
    arguments = extract(question, subagent="alert_admin", intent="silences")
    asked = Asked(question, "silences", language_of(question), arguments)
    results: list[Result] = []
    steps: list[Step] = []
    while (more := silences(asked, results)) and steps[-1:] != more:
        [step] = more
        steps.append(step)
        if step.tool == SET:
            break
        rows = {FIRING: list(fires), RECEIVED: came_in}.get(step.tool, [])
        data = {} if step.tool == PREVIEW else {"rows": rows}
        results.append(Result(step.tool, dict(step.arguments), "ok", "", data))
    return steps


def wanted(question: str, *fires: dict[str, Any]) -> dict[str, Any]:
    return dict(planned(question, CAME_IN, *fires)[-1].arguments)


@pytest.mark.parametrize(
    "question",
    [
        "silence the disk alerts of node-3 until 6",
        "silence the disk alerts of node-3 for 2 hours",
        "把 node-3 的磁盘告警静默到 6 点",
        "把 node-3 的磁盘告警静默 2 小时",
    ],
)
def test_the_alerts_that_came_in_about_the_object_are_meant_and_no_others(question: str) -> None:
    assert wanted(question)["matchers"] == [
        'alertname=~"DiskFull|DiskPressure"',
        'node="node-3"',
    ]


@pytest.mark.parametrize(
    ("question", "aim"),
    [
        ("silence the disk alerts of node-9 for 2 hours", 'node="node-9"'),
        ("把 node-9 的磁盘告警静默 2 小时", 'node="node-9"'),
    ],
)
def test_where_none_of_them_fires_the_other_alerts_of_the_object_are_not_silenced_instead(
    question: str, aim: str
) -> None:
    assert wanted(question)["matchers"] == ['alertname=~".*([Dd]isk|DISK).*"', aim]


def test_what_fires_is_enough_where_it_is_about_what_was_named() -> None:
    steps = planned("silence the disk alerts of node-3 for 2 hours", CAME_IN, CAME_IN[0])
    assert [one.tool for one in steps] == [FIRING, PREVIEW, SET]
    assert steps[-1].arguments["matchers"] == ['alertname="DiskFull"', 'node="node-3"']


def test_several_alerts_are_not_silenced_everywhere_by_a_word_alone() -> None:
    steps = planned("silence the disk alerts for 2 hours", CAME_IN, *CAME_IN[:2])
    assert SET not in [one.tool for one in steps]


def test_a_node_that_nothing_fires_about_is_known_by_its_name() -> None:
    assert wanted("silence node-9 for 2 hours")["matchers"] == ['node="node-9"']


@pytest.mark.parametrize(
    ("question", "most_m"),
    [
        ("silence the disk alerts of node-3 until 6", HALF_A_DAY_M),
        ("把 node-3 的磁盘告警静默到 6 点", HALF_A_DAY_M),
        ("silence the disk alerts of node-3 until 18:00", DAY_M),
        ("silence the disk alerts of node-3 until 6am", DAY_M),
    ],
)
def test_until_a_time_of_day_is_until_it_comes_next(question: str, most_m: int) -> None:
    found = re.fullmatch(r"PT(\d+)M", wanted(question)["duration"])
    assert found
    until = utc_now() + timedelta(minutes=int(found[1]))
    assert 0 < int(found[1]) <= most_m
    near = (until + timedelta(minutes=2)).replace(second=0, microsecond=0)
    assert near.hour % 12 == 6
    assert near.minute <= 4


NOON = datetime(2026, 11, 30, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "starts_at", "duration"),
    [
        ("silence node-3 tonight from 22:00 to 23:00", "2026-11-30T22:00Z", "PT60M"),
        ("今晚 10 点到 11 点半 node-3 维护，别告警", "2026-11-30T22:00Z", "PT90M"),
        ("silence node-3 tomorrow from 2 to 4 am", "2026-12-01T02:00Z", "PT120M"),
        ("明天凌晨 2 点到 4 点静默 node-3", "2026-12-01T02:00Z", "PT120M"),
        ("silence node-3 between 23:30 and 01:00", "2026-11-30T23:30Z", "PT90M"),
        ("silence node-3 from 10:00 to 11:00", "2026-12-01T10:00Z", "PT60M"),
        ("silence node-3 from 12:00 to 13:00", "", "PT50M"),
    ],
)
def test_work_with_a_beginning_and_an_end_is_silenced_for_that_time(
    said: str, starts_at: str, duration: str
) -> None:
    found = period(said, NOON)
    assert (found.get("starts_at", ""), found["duration"]) == (starts_at, duration)


@pytest.mark.parametrize(
    "said",
    ["silence node-3 until 6", "把 node-3 静默到 6 点", "silence pods 2-3", "silence ab-4 to 6"],
)
def test_what_names_no_beginning_is_no_such_time(said: str) -> None:
    assert period(said, NOON) == {}


SEVERAL: list[dict[str, Any]] = [
    {"name": "default", "labels": {}},
    {"name": "eu", "labels": {"region": "europe", "team": "web"}},
    {"name": "us", "labels": {"region": "america", "team": "web"}},
]


def tried_among_several(question: str) -> list[Step]:
    """Every call for a silence where a preview is refused that names no cluster."""
    arguments = extract(question, subagent="alert_admin", intent="silences")
    asked = Asked(question, "silences", language_of(question), arguments)
    results: list[Result] = []
    steps: list[Step] = []
    while more := silences(asked, results):
        steps += more
        [step] = more
        named = step.tool != PREVIEW or "am_cluster" in step.arguments
        data: dict[str, Any] = {"rows": SEVERAL} if step.tool == MANAGERS else {}
        status = "ok" if named else "invalid"
        results.append(Result(step.tool, dict(step.arguments), status, "", data=data))
        if step.tool == SET:
            break
    return steps


@pytest.mark.parametrize(
    ("question", "cluster"),
    [
        ("silence the alert DiskFull in eu for 1 hour", "eu"),
        ("silence the alert DiskFull in europe for 1 hour", "eu"),
        ("把 us 集群的 DiskFull 告警静默 1 小时", "us"),
        ("silence the alert DiskFull for 1 hour", ""),
        ("silence the alert DiskFull of team web for 1 hour", ""),
    ],
)
def test_among_several_clusters_a_silence_is_for_the_one_that_the_words_name(
    question: str, cluster: str
) -> None:
    steps = tried_among_several(question)
    assert [one.tool for one in steps[:2]] == [PREVIEW, MANAGERS]
    if not cluster:
        assert len(steps) == 2
        return
    assert [one.tool for one in steps[2:]] == [PREVIEW, SET]
    for one in steps[2:]:
        assert one.arguments["am_cluster"] == cluster
        assert one.arguments["matchers"] == ['alertname="DiskFull"']
