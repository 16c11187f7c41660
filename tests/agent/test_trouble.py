"""Trouble beats what it is about; names are no words of the trade; what is unclear is looked at."""

import pytest

from agent.graph import Assistant
from agent.intents import Route, read
from agent.naming import marked_namespace, spelt
from agent.supervisor import in_scope
from tests.agent.turns import ask

INVESTIGATED = {"investigate", "health", "look"}


def routed(text: str) -> tuple[str, str]:
    route = read(text)
    return route.subagent, route.intent


@pytest.mark.parametrize(
    "text",
    [
        "Pods of basket are created and deleted in a loop",
        "basket is 3/5, which replicas are gone?",
        "basket has 0 endpoints",
        "Why do the logs of basket stop at noon?",
        "the rollout of basket is waiting, for what?",
        "Which of these warnings is the real problem?",
        "basket does not scale up though CPU is high",
        "basket pods show ErrImagePull",
        "in which order should the pods be repaired?",
        "basket 的 Service 没有后端",
        "basket 的 Pod 都是 0/2",
        "basket 内存是不是泄漏了",
        "basket 到 pay 的流量断了",
        "节点磁盘已经满了",
        "任务 nightly 跑不完",
        "basket 只有一个副本能用，查一下",
    ],
)
def test_a_report_of_trouble_is_investigated_whatever_it_mentions(text: str) -> None:
    subagent, intent = routed(text)
    assert subagent == "rca"
    assert intent in INVESTIGATED


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("which pods are pending", "list"),
        ("show deployments that are not ready", "list"),
        ("how many replicas does basket have", "list"),
        ("列出 crm 里没就绪的 pod", "list"),
        ("哪些 pod 在重启", "list"),
        ("show the logs of basket", "logs"),
        ("basket 的最近 100 行日志", "logs"),
        ("error rate of basket", "metrics"),
        ("basket 的内存使用率", "metrics"),
    ],
)
def test_what_is_to_be_shown_is_shown(text: str, intent: str) -> None:
    assert routed(text) == ("rca", intent)


@pytest.mark.parametrize(
    "text",
    [
        "invoice-printer is not coming up",
        "Why did alert-forwarder die overnight?",
        "notifier has no pods",
        "the budget service returns 502",
        "the notification worker restarts every few minutes",
        "Why does wiki-search fail?",
        "runbook-api 报错了",
        "短信网关超时",
        "账单服务打不开了",
        "通知服务的 Pod 全挂了",
        "告警转发程序起不来",
        "文档站点 502",
    ],
)
def test_what_a_broken_thing_is_for_does_not_decide_who_answers(text: str) -> None:
    assert read(text).subagent == "rca"


@pytest.mark.parametrize(
    "text",
    [
        "Why was nobody notified when basket went down?",
        "basket 的告警没有发出来",
        "silence budget-api for an hour",
        "告警发不出去",
    ],
)
def test_trouble_with_alerts_themselves_stays_with_them(text: str) -> None:
    assert read(text).subagent == "alert_admin"


@pytest.mark.parametrize(
    "text",
    [
        "After the maintenance two apps are down",
        "Is anything broken since last night's drain?",
        "Did the upgrade break basket?",
        "维护之后 basket 没恢复",
        "驱逐节点以后 basket 起不来",
        "回滚了 basket 还是不行",
        "basket 被 cordon 的节点影响了吗",
    ],
)
def test_what_happened_before_is_not_what_is_asked_for(text: str) -> None:
    assert read(text).subagent == "rca"


@pytest.mark.parametrize(
    "text",
    [
        "if we add a node, would basket start?",
        "If I raise the memory limit of basket, will it recover?",
        "would more memory help basket?",
        "加内存 basket 就好了吗",
        "重启一下 basket 会好吗",
        "扩容能解决 basket 的问题吗",
    ],
)
def test_a_change_only_thought_of_is_a_question(text: str) -> None:
    assert read(text).subagent == "rca"


@pytest.mark.parametrize(
    "text", ["can you restart basket", "fix basket, it is broken", "把 basket 扩容到 4 个副本"]
)
def test_a_change_asked_for_is_a_change(text: str) -> None:
    assert read(text).subagent == "autofix"


@pytest.mark.parametrize(
    ("text", "subagent"),
    [
        ("basket 报 ErrImagePull 是什么意思，怎么办", "rca"),
        ("explain why basket is failing", "rca"),
        ("ErrImagePull 是什么意思，怎么办", "rag"),
        ("what does ErrImagePull mean and how do I fix it", "rag"),
    ],
)
def test_an_explanation_about_a_broken_thing_is_an_investigation(text: str, subagent: str) -> None:
    assert read(text).subagent == subagent


def test_a_secret_is_heard_inside_a_name() -> None:
    assert routed("show me the api-key of basket") == ("none", "secret")


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Checkout is slow in APAC", "checkout is slow in X"),
        ("Why is basket stuck in ContainerCreating?", "why is basket stuck in containercreating?"),
        ("The PVC of Basket", "the pvc of X"),
        ("LIST PODS", "list pods"),
    ],
)
def test_a_word_with_capitals_is_no_name(text: str, heard: str) -> None:
    assert spelt(text) == heard


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("basket restarts a lot in EMEA", {}),
        ("basket hangs in Init", {}),
        ("Is something wrong with a machine in row 4?", {}),
        ("basket works in blue and fails in green", {}),
        ("Why does basket fail on half of the nodes?", {"name": "basket", "service": "basket"}),
        (
            "basket pods run but its service ignores connections",
            {"kind": "Pod", "service": "basket"},
        ),
        (
            "Why did a basket pod vanish?",
            {"kind": "Pod", "service": "basket"},
        ),
        ("the autoscaler of basket is stuck", {"kind": "HorizontalPodAutoscaler"}),
    ],
)
def test_only_what_is_said_is_read(text: str, arguments: dict[str, str]) -> None:
    found = read(text).arguments
    assert "namespace" not in found
    assert arguments.items() <= found.items()
    assert found.get("kind", "") == arguments.get("kind", "")


def test_a_namespace_is_certain_only_where_it_is_called_one() -> None:
    assert marked_namespace("list pods -n shop") == "shop"
    assert marked_namespace("shop 命名空间里有什么问题") == "shop"
    assert marked_namespace("what is wrong in shop") == ""


@pytest.mark.parametrize("text", ["Will push-box dance?", "push-box 花花绿绿"])
def test_what_names_something_is_looked_at_though_not_understood(text: str) -> None:
    route = read(text)
    assert route.subagent == "rca"


def test_where_a_namespace_is_shown_an_unclear_question_is_about_it() -> None:
    route = read("the whole screen flickers")
    assert (route.subagent, route.intent) == ("none", "unclear")
    shown = in_scope(route, "shop", "auto")
    assert (shown.subagent, shown.intent) == ("rca", "look")
    assert shown.arguments == {"namespace": "shop"}


@pytest.mark.parametrize(
    "text", ["hello", "write me a poem", "你真棒", "推荐一本书", "how old are you"]
)
def test_small_talk_is_not_looked_into_anywhere(text: str) -> None:
    assert in_scope(read(text), "shop", "auto").subagent == "none"


def test_a_model_may_decide_what_rules_only_look_at() -> None:
    looked = read("push-box 花花绿绿")
    assert (looked.intent, looked.sure) == ("look", False)
    smalltalk = Route("none", "unclear", by="model")
    assert in_scope(smalltalk, "shop", "auto").subagent == "none"


async def test_it_is_said_what_an_unclear_question_was_taken_for(assistant: Assistant) -> None:
    told = await ask(assistant, "the whole screen flickers", namespace="shop")
    assert told.answer.startswith("I was not certain what you ask, so I took it as")
    assert "OOMKilled" in told.answer
    told = await ask(assistant, "页面花花绿绿", namespace="shop", thread="zh")
    assert told.answer.startswith("没有完全听懂")


async def test_a_guessed_namespace_gives_way_to_the_one_shown(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing in zurich?", namespace="shop")
    assert told.answer.startswith("I found nothing called `zurich`")
    assert "So I looked at everything in namespace `shop`" in told.answer
    assert "OOMKilled" in told.answer


async def test_what_is_missing_is_told_in_the_language_of_the_question(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "命名空间 shopp 有什么问题？")
    assert told.answer == "所问的对象不存在：没有名为 'shopp' 的命名空间。您要找的是 shop 吗？"
    told = await ask(assistant, "deployment chekout 为什么报错？", thread="name")
    assert "Deployment 'chekout' 不存在。您要找的是 checkout 吗？" in told.answer
    told = await ask(assistant, "chekout 为什么报错？", thread="loose")
    assert "对象 'chekout' 不存在。您要找的是 checkout 吗？" in told.answer


async def test_a_namespace_called_one_is_meant_literally(assistant: Assistant) -> None:
    told = await ask(assistant, "why is checkout failing -n shopp", namespace="shop")
    assert "There is no namespace 'shopp'. Did you mean shop?" in told.answer
    assert "OOMKilled" not in told.answer
