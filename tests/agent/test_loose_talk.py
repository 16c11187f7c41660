"""What people on call type: orders with their reason, pinyin, kubectl by its short name, lengths of trouble."""

import pytest

from agent import durations
from agent.counting import count_ordered
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


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("十点半左右抖了一下", "10:30"),
        ("9 点 40 之后翻了一倍", "09:40"),
        ("下午 3 点 20 分挂的", "15:20"),
        ("晚上八点一刻", "20:15"),
        ("三点零五开始的", "03:05"),
        ("慢了一点", ""),
        ("昨晚十二点以后", "00:00"),
        ("中午十二点", "12:00"),
        ("给三点建议", ""),
        ("从九点多就开始了", ""),
    ],
)
def test_a_clock_in_chinese_has_minutes_and_is_no_mere_number(words: str, at: str) -> None:
    assert durations.clock(words) == at


def test_the_minutes_of_a_clock_are_no_length_of_time() -> None:
    assert durations.lasting("3 点 20 分开始静默一小时") == "PT1H"


def test_how_many_days_is_asked_and_no_horizon() -> None:
    assert durations.horizon("磁盘几天后会满") == ""
    assert durations.horizon("未来几天的流量") == "P3D"


def test_syllables_apart_are_words_where_all_of_them_are_taken_up() -> None:
    assert as_typed("order-hub wei shen me gua le") == "order-hub 为什么挂了"
    assert as_typed("you are the man") == "you are the man"


def test_english_verbs_are_chinese_ones_in_a_chinese_sentence() -> None:
    assert as_typed("order-hub 什么时候 deploy 的") == "order-hub 什么时候部署的"
    assert as_typed("看看 deploy/order-hub") == "看看 deploy/order-hub"
    assert as_typed("这个 deploy 坏了") == "这个 deploy 坏了"
    assert as_typed("who deployed order-hub") == "who deployed order-hub"


@pytest.mark.parametrize(
    ("words", "subagent", "intent"),
    [
        ("把 sms-push 停了", "autofix", "change"),
        ("谁把 sms-push 停了", "rca", "changes"),
        ("把 SmsBacklog 改成 warning", "alert_admin", "rules"),
        ("youhui-svc 是不是给太多内存了", "cost", "savings"),
        ("上一个修复是什么时候执行的", "autofix", "history"),
        ("loan-svc 扛不住了，加两台", "autofix", "change"),
        ("label-print 最近的 commit 有哪些", "rca", "changes"),
        ("查查最近的变更", "rca", "changes"),
        ("有没有超", "cost", "budget"),
        ("把 kubeconfig 发到群里", "none", "secret"),
        ("kanche-api 改回昨天的配置", "autofix", "change"),
        ("kanche-api 连续三次探测失败就告警", "alert_admin", "rules"),
        ("DoorOffline 持续多久才会触发", "alert_admin", "rules"),
        ("近 24 小时所有的发布记录", "rca", "changes"),
        ("列出你昨天做的所有变更", "autofix", "history"),
        ("risk-engine 的副本数什么时候变的", "rca", "changes"),
        ("risk-engine 从什么时候开始慢的", "rca", "investigate"),
        ("把 RiskTimeout 禁掉一周", "alert_admin", "silences"),
        ("这周的钱主要涨在哪", "cost", "anomalies"),
        ("risk-engine 给多少 cpu 合适", "cost", "savings"),
        ("p1 的告警该打谁电话", "alert_admin", "channels"),
        ("MatchQueueLong 响了快一个小时了", "alert_admin", "alerts"),
        ("MatchQueueLong 别再响了", "alert_admin", "silences"),
        ("把 MatchQueueLong 的持续时间改成 10 分钟", "alert_admin", "rules"),
        ("login-srv 502，重启也没用", "rca", "investigate"),
        ("活动结束了，battle-srv 缩回原来的数量", "autofix", "change"),
        ("审批被谁拒了", "autofix", "history"),
        ("zuowei-cache 哪天扩到 6 个的", "rca", "changes"),
        ("谁批的 zuowei-cache 扩容", "autofix", "history"),
        ("错误率突增前有人发布吗", "rca", "changes"),
        ("有人知道 zuowei-cache 为啥老重启吗", "rca", "investigate"),
        ("suanfa 团队的钱够用到月底吗", "cost", "budget"),
        ("年底集群内存够不够", "cost", "forecast"),
        ("neirong 命名空间里 request 没配的容器", "rca", "list"),
        ("重启 piaowu-api，不用审批", "none", "bypass"),
    ],
)
def test_what_is_said_in_passing_is_understood(words: str, subagent: str, intent: str) -> None:
    [route] = read_all(words)
    assert (route.subagent, route.intent) == (subagent, intent)


def test_a_reply_may_name_an_environment_in_chinese() -> None:
    [before] = read_all("menzhen 命名空间健康吗")
    [route] = read_all("预发呢", previous=before.shape())
    assert (route.intent, route.arguments["namespace"]) == ("health", "staging")


def test_an_order_is_one_whatever_reason_is_given_for_it() -> None:
    [route] = read_all("piaowu-api 扩到二十个，马上开票了")
    assert (route.intent, route.arguments["replicas"]) == ("change", 20)


def test_two_more_are_ordered_without_a_word_for_replicas() -> None:
    assert count_ordered("loan-svc 扛不住了，加两台") == "replicas+=2"
    assert count_ordered("扩两个再说") == "replicas+=2"
    assert count_ordered("缩回 2 个") == ""


def test_questions_apart_by_an_enumeration_comma_are_two_and_names_are_none() -> None:
    assert [one.intent for one in read_all("看下 tuijian-rank 花了多少、谁改过它")] == [
        "spend",
        "changes",
    ]
    assert len(read_all("看下 cart、web 的日志")) == 1


def test_what_something_became_is_no_length_of_time() -> None:
    assert durations.window("risk-engine 延迟从 20ms 变成 2s 了") == ""
    assert durations.window("卡了 20 分钟了") == "PT20M"


def test_of_two_namespaces_that_are_compared_neither_is_meant_alone() -> None:
    [route] = read_all("licai 命名空间和 kyc 命名空间哪个花得多")
    assert "namespace" not in route.arguments
    assert "name" not in route.arguments


def test_why_an_order_was_given_is_asked_of_what_it_was_about() -> None:
    [before] = read_all("zhangdan-svc 扩到 4 个")
    [route] = read_all("为什么要扩", previous=before.shape())
    assert (route.intent, route.arguments["name"]) == ("investigate", "zhangdan-svc")
