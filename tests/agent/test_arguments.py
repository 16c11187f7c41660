"""What a sentence contains: names, kinds, namespaces, times, amounts."""

from typing import Any

import pytest

from agent.arguments import extract
from agent.intents import read
from agent.naming import could_be_name


def arguments(text: str, previous: str = "") -> dict[str, Any]:
    before = read(previous).shape() if previous else None
    return read(text, previous=before).arguments


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("errors of checkout in the last 2 hours", "PT2H"),
        ("what changed in the past 30 minutes", "PT30M"),
        ("what changed in the last half an hour", "PT30M"),
        ("what changed in the last hour and a half", "PT90M"),
        ("what changed in the last two and a half hours", "PT150M"),
        ("过去一个半小时有什么变更", "PT90M"),
        ("最近一刻钟有什么变更", "PT15M"),
        ("what changed since yesterday", "P1D"),
        ("what changed this week", "P7D"),
        ("checkout 最近30分钟为什么报错", "PT30M"),
        ("最近两小时有什么变更", "PT2H"),
        ("过去三天有哪些 pod 重启过", "P3D"),
        ("半小时前 checkout 怎么了", "PT30M"),
        ("昨天 checkout 为什么慢", "P1D"),
        ("checkout is slow since 10 minutes ago", "PT10M"),
    ],
)
def test_a_length_of_time_is_read_as_iso_8601(text: str, window: str) -> None:
    assert arguments(text)["window"] == window


def test_the_end_of_a_name_is_no_length_of_time() -> None:
    assert "window" not in arguments("cassandra-3 日志")
    assert "horizon" not in arguments("mysql-0 还能撑几天")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("下午三点 checkout 怎么了", "15:00"),
        ("凌晨两点半 checkout 怎么了", "02:30"),
        ("昨晚两点 checkout 怎么了", "02:00"),
    ],
)
def test_a_clock_is_read_in_chinese_words(text: str, at: str) -> None:
    assert arguments(text)["at"] == at


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("checkout 扩到十二个副本", {"replicas": 12}),
        ("给 core 团队建一个两万块的预算", {"amount": 20000, "currency": "CNY"}),
        ("把 core 团队的预算由 3 万改为 4.5 万元", {"amount": 45000}),
        ("move the threshold of DiskFull from 70 to 85", {"threshold": 85}),
        ("is shop/checkout healthy", {"namespace": "shop", "name": "checkout"}),
        ("which alerts fired last night", {"window": "PT12H"}),
    ],
)
def test_sums_numbers_and_places_are_read_as_people_write_them(
    text: str, found: dict[str, Any]
) -> None:
    assert found.items() <= arguments(text).items()


def test_a_forecast_looks_ahead_and_a_bill_looks_back() -> None:
    assert arguments("forecast cpu of cart for the next 2 weeks")["horizon"] == "P14D"
    assert arguments("预测未来三天的 QPS")["horizon"] == "P3D"
    assert arguments("what did we spend last month")["window"] == "P30D"


def test_a_time_of_day_is_read_on_the_24_hour_clock() -> None:
    assert arguments("what happened to checkout around 14:30")["at"] == "14:30"
    assert arguments("why did checkout fail at 2 pm")["at"] == "14:00"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("list pods", "Pod"),
        ("kubectl get deploy -n shop", "Deployment"),
        ("show statefulsets", "StatefulSet"),
        ("列出 shop 的部署", "Deployment"),
        ("有多少个节点", "Node"),
        ("why is my pvc pending", "PersistentVolumeClaim"),
        ("列出所有命名空间", "Namespace"),
    ],
)
def test_a_kind_is_known_by_all_its_names(text: str, kind: str) -> None:
    assert arguments(text)["kind"] == kind


@pytest.mark.parametrize(
    "text",
    [
        "why is deployment/checkout failing in namespace shop",
        "describe deploy checkout -n shop",
        "Why does the checkout deployment in shop fail?",
        "shop 命名空间里的部署 checkout 为什么报错",
        "查看shop命名空间中checkout部署的问题",
    ],
)
def test_kind_name_and_namespace_are_told_apart(text: str) -> None:
    found = arguments(text)
    assert (found["kind"], found["name"], found["namespace"]) == ("Deployment", "checkout", "shop")


def test_a_name_without_a_kind_may_be_a_service() -> None:
    assert arguments("Why is checkout failing?") == {"name": "checkout", "service": "checkout"}


def test_pods_of_a_workload_are_not_a_pod_of_that_name() -> None:
    found = arguments("show the cart pods")
    assert found == {"kind": "Pod", "service": "cart"}
    assert arguments("why is pod cart-0 down")["name"] == "cart-0"


@pytest.mark.parametrize(
    "text", ["why is everything slow", "什么东西坏了", "which pods restarted?"]
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert "name" not in arguments(text)


def test_a_word_that_means_much_else_is_a_name_where_a_sentence_leaves_no_doubt() -> None:
    assert arguments("show the logs of recommendation")["service"] == "recommendation"
    assert "name" not in arguments("apply the recommendation")


@pytest.mark.parametrize("name", ["order-service", "kube-system", "user-api", "load-balancer-2"])
def test_a_hyphen_makes_a_name_of_ordinary_words(name: str) -> None:
    assert name in arguments(f"why is {name} failing").values()


def test_hyphenated_english_is_no_name() -> None:
    assert "name" not in arguments("show right-sizing advice for over-provisioned pods")


def test_replicas_amounts_and_thresholds_are_numbers() -> None:
    assert arguments("scale checkout to 5 replicas")["replicas"] == 5
    budget = arguments("set a budget of $1,500 for team payments")
    assert (budget["amount"], budget["currency"], budget["team"]) == (1500, "USD", "payments")
    assert arguments("alert me when cpu exceeds 80%")["threshold"] == 80


def test_a_silence_has_a_duration_and_an_alert_its_name() -> None:
    found = arguments("silence HighErrorRate for 2 hours")
    assert (found["duration"], found["alert"]) == ("PT2H", "HighErrorRate")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stop paging me about till-sync for the next hour", {"duration": "PT1H"}),
        ("接下来一小时别再为 till-sync 呼我", {"duration": "PT1H", "name": "till-sync"}),
        ("给 rack-9 命名空间设每月 800 欧元的预算", {"amount": 800, "namespace": "rack-9"}),
        ("set a budget of usd800 a month for namespace rack-9", {"amount": 800}),
        ("出错的 pod 是 till-6f7d9c8b4-k2x8p，为什么", {"name": "till-6f7d9c8b4-k2x8p"}),
        ("a pile of 504s from gateway till-gw, find the cause", {"name": "till-gw"}),
        ("cap team heron at 900 dollars per month", {"team": "heron", "amount": 900}),
        ("what did the heron team spend last month", {"team": "heron"}),
        ("mute QueueFull for ninety minutes", {"duration": "PT90M"}),
        ("静音 QueueFull 四十分钟", {"duration": "PT40M"}),
        ("till-sync 中午十二点左右不工作了", {"name": "till-sync", "at": "12:00"}),
    ],
)
def test_what_pagers_and_dictation_say_is_read(text: str, found: dict[str, Any]) -> None:
    told = arguments(text)
    assert {key: told.get(key) for key in found} == found


def test_what_a_thing_is_called_after_is_no_namespace() -> None:
    assert "namespace" not in arguments("a pile of 504s from gateway till-gw, find the cause")
    assert arguments("errors in shop, why is till-gw down")["namespace"] == "shop"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("is everything in namespace rack-9 alright", "rca/health"),
        ("does anything look odd on till-sync", "rca/unusual"),
        ("你最近 30 天改过什么", "autofix/history"),
        ("接下来一小时别再为 till-sync 呼我", "alert_admin/silences"),
        ("undo what was last deployed to till-sync", "autofix/change"),
        ("撤回 till-sync 最近一次发布", "autofix/change"),
        ("is till-sync requesting more memory than it uses", "cost/savings"),
        ("till-sync 申请的内存是不是超过实际用量", "cost/savings"),
        ("notify team heron by slack when till-sync goes over 300 ms", "alert_admin/rules"),
        ("did anything odd happen to our cloud bill last week", "cost/anomalies"),
    ],
)
def test_what_pagers_and_dictation_ask_for_is_understood(text: str, asked: str) -> None:
    found = read(text)
    assert f"{found.subagent}/{found.intent}" == asked


def test_a_part_of_a_hundred_is_no_length_of_time() -> None:
    assert "window" not in arguments("till-sync 这次发布铺到百分之几了")


def test_a_follow_up_keeps_what_it_does_not_replace() -> None:
    found = arguments("and in staging?", "Why is checkout in shop failing?")
    assert found == {"namespace": "staging", "name": "checkout", "service": "checkout"}
    assert arguments("那 cart 呢？", "checkout 为什么报错")["service"] == "cart"


def test_it_means_what_was_named_before() -> None:
    found = arguments("show its logs", "Why is checkout in shop failing?")
    assert (found["service"], found["namespace"]) == ("checkout", "shop")


def test_a_new_question_does_not_inherit_the_old_one() -> None:
    assert arguments("list nodes", "Why is checkout in shop failing?") == {"kind": "Node"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("list pods in shop", "and data?", {"namespace": "data", "kind": "Pod"}),
        ("why is web failing?", "what about cart?", {"name": "cart", "service": "cart"}),
        (
            "silence DiskFull for 1 hour",
            "make it 3 hours",
            {"alert": "DiskFull", "duration": "PT3H"},
        ),
        ("把 web 扩到 3 个副本", "改成 5 个", {"name": "web", "service": "web", "replicas": 5}),
    ],
)
def test_half_a_sentence_changes_the_question_before(
    before: str, after: str, expected: dict[str, Any]
) -> None:
    assert arguments(after, before) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [("why is deployment web in shop failing?", "restart it"), ("web 为什么报错", "看看它的日志")],
)
def test_another_thing_is_asked_of_what_was_named(before: str, after: str) -> None:
    assert arguments(after, before)["name"] == "web"


def test_thanks_after_a_question_ask_nothing() -> None:
    route = read("thanks!", previous=read("why is web failing?").shape())
    assert (route.subagent, route.arguments) == ("none", {})


def test_the_namespace_is_the_word_beside_namespace() -> None:
    assert arguments("命名空间 shop 里的 web 日志")["namespace"] == "shop"
    assert arguments("shop 命名空间的 web 日志")["namespace"] == "shop"
    assert "kind" not in arguments("is namespace shop healthy?")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("since half past eight cart answers with 503, why", "08:30"),
        ("cart went down at a quarter to nine", "08:45"),
        ("since ten this morning cart times out", "10:00"),
        ("why did cart fail at two o'clock in the afternoon", "14:00"),
        ("从八点半开始 cart 一直报错，为什么", "08:30"),
        ("the one this morning crashed, why is cart slow", ""),
        ("cart 从一点点变慢到完全没反应，为什么", ""),
    ],
)
def test_an_hour_in_words_is_a_time_when_something_says_so(text: str, at: str) -> None:
    assert read(text).arguments.get("at", "") == at


@pytest.mark.parametrize("team", ["yunying", "gongying", "kuaiying", "zhibing"])
def test_pinyin_that_ends_like_an_english_verb_is_a_name(team: str) -> None:
    assert could_be_name(team)
    found = extract(f"{team} 团队的预算够吗", subagent="cost", intent="budget")
    assert found["team"] == team


@pytest.mark.parametrize("word", ["deleting", "muting", "running", "restarting"])
def test_what_somebody_does_is_no_name(word: str) -> None:
    assert not could_be_name(word)
