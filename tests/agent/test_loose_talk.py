"""What people on call type: orders with their reason, pinyin, kubectl by its short name, lengths of trouble."""

import pytest

from agent import durations
from agent.dividing import read_all
from agent.intents import as_typed


@pytest.mark.parametrize(
    ("words", "subagent", "intent"),
    [
        ("cordon rack-4, the disk is dying", "autofix", "change"),
        ("把 rack-4 封掉，盘要坏了", "autofix", "change"),
        ("ticket-web is broken since the release, take it back", "autofix", "change"),
        ("did the fix for seat-svc work", "autofix", "outcome"),
        ("seat-svc 的修复有效果吗", "autofix", "outcome"),
        ("wake me up if seat-svc drops below 3 replicas", "alert_admin", "rules"),
        ("seat-svc 副本少于 3 个就叫醒我", "alert_admin", "rules"),
        ("latency went through the roof after the last deploy of search-api", "rca", "investigate"),
        ("what happens to checkout-api if redis-main goes down", "rca", "dependencies"),
    ],
)
def test_loose_words_reach_who_can_answer(words: str, subagent: str, intent: str) -> None:
    [route] = read_all(words)
    assert (route.subagent, route.intent) == (subagent, intent)


def test_an_order_keeps_what_was_told_before_it() -> None:
    [route] = read_all("feed-builder 内存不够，给它加点")
    assert route.arguments["metric"] == "memory"


def test_words_of_the_trade_are_read_in_pinyin_but_names_in_it_stay() -> None:
    assert as_typed("chongqi mailer") == "重启 mailer"
    assert as_typed("查看 mailer 的 rizhi") == "查看 mailer 的 日志"
    assert as_typed("restart kuorong") == "restart kuorong"


def test_kubectl_is_known_by_its_short_name() -> None:
    assert as_typed("k get po -n shop") == "kubectl get po -n shop"


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ("pods have been stuck for an hour", "PT1H"),
        ("卡了一个小时了", "PT1H"),
        ("从周二开始慢", ""),
        ("最近一周", "P7D"),
    ],
)
def test_how_long_trouble_lasts_is_a_window_and_a_weekday_is_none(words: str, window: str) -> None:
    assert durations.window(words) == window
