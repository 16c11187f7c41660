"""One sentence that asks for several things: each is answered, of what it names."""

from typing import Any

import pytest

from agent.dividing import read_all

Told = tuple[str, str, dict[str, Any]]


def _told(message: str) -> list[Told]:
    return [(one.subagent, one.intent, _named(one.arguments)) for one in read_all(message)]


def _named(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key != "service"}


@pytest.mark.parametrize(
    "message",
    [
        "Why is checkout failing, what did shop cost last week, and which alerts are firing?",
        "checkout 为什么报错，上周 shop 花了多少钱，还有哪些告警在响？",
    ],
)
def test_three_questions_with_one_border_word_are_three(message: str) -> None:
    assert _told(message) == [
        ("rca", "investigate", {"name": "checkout"}),
        ("cost", "spend", {"name": "shop", "window": "P7D"}),
        ("alert_admin", "alerts", {}),
    ]


def test_the_question_before_is_asked_of_something_else() -> None:
    assert _told("peisong 上周花了多少，dingdan 呢") == [
        ("cost", "spend", {"name": "peisong", "window": "P7D"}),
        ("cost", "spend", {"name": "dingdan", "window": "P7D"}),
    ]


def test_who_was_asked_first_may_be_asked_again_last() -> None:
    message = "静默 KafkaLagTooHigh 一小时，扩 loan-svc 到 6 个，然后告诉我 on-call 是谁"
    assert _told(message) == [
        ("alert_admin", "silences", {"alert": "KafkaLagTooHigh", "duration": "PT1H"}),
        ("autofix", "change", {"name": "loan-svc", "replicas": 6}),
        ("alert_admin", "channels", {}),
    ]


def test_who_is_on_call_is_no_matter_of_what_was_asked_about_before() -> None:
    assert _told("loan-svc 挂了吗？谁在值班？")[1] == ("alert_admin", "channels", {})


def test_a_team_that_was_named_is_meant_by_the_next_question_for_money() -> None:
    assert _told("上周 jiaoyu 团队花了多少？有没有超？")[1] == (
        "cost",
        "budget",
        {"team": "jiaoyu"},
    )


def test_a_comma_is_no_border_where_only_one_part_asks() -> None:
    assert len(_told("loan-svc 昨天开始变慢，cpu 也高，怎么回事")) == 1


def test_what_only_tells_of_trouble_is_no_fourth_ask() -> None:
    message = "battle-srv 崩了，帮我查日志，顺便静默它的告警半小时，再扩 2 个副本"
    assert _told(message) == [
        ("rca", "logs", {"name": "battle-srv"}),
        ("alert_admin", "silences", {"name": "battle-srv", "duration": "PT30M"}),
        ("autofix", "change", {"name": "battle-srv", "replicas": 2}),
    ]


def test_a_silence_is_for_the_alert_that_was_asked_about() -> None:
    assert _told("MatchQueueLong 还在响吗？没恢复就再静默一小时")[1] == (
        "alert_admin",
        "silences",
        {"alert": "MatchQueueLong", "duration": "PT1H"},
    )


@pytest.mark.parametrize(
    ("message", "intents"),
    [
        ("zhibo-gw 的日志和事件都给我", ["logs", "events"]),
        ("cost of orchard last month, and which alerts are firing", ["spend", "alerts"]),
        ("falcon 团队这周的花费和预算比怎么样", ["budget"]),
        ("logs of media stopped at 3 am, what happened?", ["investigate"]),
    ],
)
def test_what_is_asked_for_by_its_name_is_asked_for(message: str, intents: list[str]) -> None:
    assert [intent for _, intent, _ in _told(message)] == intents
