"""What is ordered, apart from what is told with it; and numbers that are written out."""

from typing import Any

import pytest

from agent.dividing import read_all
from agent.intents import read


def asked(text: str, previous: str = "") -> list[tuple[str, str]]:
    before = read(previous).shape() if previous else None
    return [(one.subagent, one.intent) for one in read_all(text, previous=before)]


def arguments(text: str, previous: str = "") -> dict[str, Any]:
    before = read(previous).shape() if previous else None
    return read_all(text, previous=before)[-1].arguments


@pytest.mark.parametrize(
    ("text", "replicas"),
    [
        ("bump web to twelve", 12),
        ("take web down to three", 3),
        ("set web to sixteen please", 16),
        ("scale web to twenty-four replicas", 24),
        ("scale web from three to fifteen", 15),
        ("we need a dozen replicas of web", 12),
        ("把 web 扩到十二个", 12),
        ("web 加到二十四", 24),
        ("web 副本从三个改成五个", 5),
    ],
)
def test_how_many_is_read_in_digits_and_in_words(text: str, replicas: int) -> None:
    found = arguments(text)
    assert (found["name"], found["replicas"]) == ("web", replicas)


def test_another_number_alone_is_another_count() -> None:
    assert arguments("make it fourteen", "bump web to twelve")["replicas"] == 14
    assert arguments("二十个吧", "把 web 扩到十二个")["replicas"] == 20


@pytest.mark.parametrize(
    "text",
    ["drain node ab-4, its disk is swapped tonight", "今晚换硬盘，先把节点 ab-4 排空"],
)
def test_why_something_is_ordered_is_no_argument_of_the_order(text: str) -> None:
    assert arguments(text) == {"kind": "Node", "name": "ab-4"}


def test_an_order_about_what_was_told_keeps_what_was_told() -> None:
    assert arguments("ab-api needs more memory, raise its limit")["metric"] == "memory"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ab-api 老是 OOM，把内存上限调大", [("autofix", "change")]),
        ("ab-api 在压测，告警静默两个小时", [("alert_admin", "silences")]),
        (
            "ab-api 一直 503，查下原因，顺便把它的告警静默一小时",
            [("rca", "investigate"), ("alert_admin", "silences")],
        ),
        ("ab-api 为什么慢，重启它", [("rca", "investigate"), ("autofix", "change")]),
    ],
)
def test_what_only_tells_why_is_no_question_of_its_own(
    text: str, wanted: list[tuple[str, str]]
) -> None:
    assert asked(text) == wanted


def test_a_word_of_consent_before_an_order_asks_nothing() -> None:
    assert asked("行，重启它", "ab-api 为什么报错") == [("autofix", "change")]
    assert asked("yes, restart it", "why is ab-api failing?") == [("autofix", "change")]


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("send critical alerts of team web to slack and not by email", "slack"),
        ("send critical alerts of team web to dingtalk instead of slack", "dingtalk"),
        ("web 团队的严重告警发飞书，不要发邮件", "feishu"),
        ("stop sending critical alerts by email", "email"),
    ],
)
def test_what_is_named_to_be_ruled_out_is_not_meant(text: str, channel: str) -> None:
    assert arguments(text)["channel"] == channel


def test_an_order_in_english_may_follow_a_comma() -> None:
    told = "error rate of ab-api went up after the release, roll it back"
    assert asked(told) == [("autofix", "change")]


def test_a_question_about_money_goes_on_with_the_team_that_was_named() -> None:
    assert arguments("超预算了吗", "risk 团队这个月花了多少")["team"] == "risk"
    told = arguments("and is that within budget?", "how much did team risk spend this month")
    assert told["team"] == "risk"


def test_what_is_taken_back_lasts_no_longer() -> None:
    assert arguments("取消吧", "mute CartSlow for 1h") == {"alert": "CartSlow"}


def test_a_sum_may_be_written_out() -> None:
    told = arguments("lower the budget of team risk to eight thousand dollars")
    assert told == {"team": "risk", "amount": 8000, "currency": "USD"}


@pytest.mark.parametrize(
    "text",
    ["ab-api 加内存", "ab-api 的内存调大一些", "ab-9 设为不可调度", "ab-api 开六个实例"],
)
def test_an_order_in_chinese_may_begin_with_its_object(text: str) -> None:
    assert asked(text) == [("autofix", "change")]


def test_two_things_joined_by_and_are_asked_of_two_subagents() -> None:
    wanted = [("rca", "logs"), ("cost", "spend")]
    assert asked("把 ab-api 的日志和这个月的费用给我") == wanted


def test_how_something_is_is_asked_of_now() -> None:
    assert arguments("今天集群还好吗") == {}
    assert asked("what is waiting for my approval today") == [("autofix", "plans")]
    assert arguments("what is waiting for my approval today") == {}
