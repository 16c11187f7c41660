"""Lists are of what was asked for: pods in a state, restarts within a time, the first few of an order."""

import pytest

from agent.asked import Asked
from agent.dividing import read_all
from agent.graph import Assistant
from agent.planning_lacking import lacking, pod_state
from agent.planning_metrics import asks_who_uses, how_many
from tests.agent.turns import ask


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("any pending pods", "Pending"),
        ("有没有 pending 的 pod", "Pending"),
        ("which pods are not ready", "unhealthy"),
        ("哪些 pod 没就绪", "unhealthy"),
        ("list pods in shop", ""),
        ("列出 shop 的 pod", ""),
    ],
)
def test_pods_are_asked_for_by_their_state(words: str, state: str) -> None:
    assert pod_state(words) == state


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("which deployments have no memory limit", "memory_limit"),
        ("哪些 deployment 没设内存限制", "memory_limit"),
        ("anything without limits?", "limits"),
        ("哪些服务没配就绪探针", "readiness_probe"),
        ("which pods hit their memory limit", ""),
        ("checkout 的内存上限是多少", ""),
    ],
)
def test_what_is_not_set_is_asked_for_by_its_name(words: str, what: str) -> None:
    assert lacking(words) == what


@pytest.mark.parametrize(
    ("words", "count"), [("top 5 memory hogs", 5), ("内存占用前五的 pod", 5), ("memory use", None)]
)
def test_the_first_few_of_an_order_are_counted(words: str, count: int | None) -> None:
    assert how_many(Asked(words, "metrics", "en")) == count


def test_who_uses_the_cpu_is_asked_of_all_and_not_of_one() -> None:
    assert asks_who_uses(Asked("what's eating the cpu", "investigate", "en", {"metric": "cpu"}))
    of_one = {"metric": "cpu", "name": "checkout"}
    assert not asks_who_uses(Asked("what eats checkout's cpu", "investigate", "en", of_one))


@pytest.mark.parametrize(
    ("question", "told", "left_out"),
    [
        ("any pending pods", "None found", "CrashLoopBackOff"),
        ("有没有 pending 的 pod", "没有找到", "CrashLoopBackOff"),
        ("which pods restarted today", "3 of 32 pods restarted", "recommendation"),
        ("top 2 memory hogs", "checkout-", "ledger"),
        ("are checkout and cart up?", "## cart", ""),
        ("checkout 和 cart 正常吗", "## cart", ""),
        ("does checkout really need that much memory", "Deployment shop/checkout", "mobile-api"),
        ("catalog 申请的内存是不是太多了", "Deployment shop/catalog", "mobile-api"),
        ("will storefront survive double the traffic", "At 2 times the upper end", ""),
        ("流量翻倍 storefront 扛得住吗", "的 2 倍", ""),
        ("现在有什么告警", "| 严重 | ServiceErrorsHigh |", "critical"),
        ("checkout 发完版就坏了，退回去", "回滚到上一个正常的版本", ""),
        ("checkout is broken since the release, take it back", "back to the last revision", ""),
    ],
)
async def test_an_answer_keeps_to_what_was_asked_for(
    question: str, told: str, left_out: str, assistant: Assistant
) -> None:
    answer = (await ask(assistant, question)).answer
    assert told in answer
    assert not left_out or left_out not in answer


@pytest.mark.parametrize("question", ["how long has checkout been up", "checkout 跑了多久没重启了"])
async def test_how_long_something_runs_is_told_by_its_pods(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["kubernetes_list_pods"]
    assert told.answer.count("| shop | checkout-") == 3


async def test_what_kind_of_change_it_was_is_told_in_the_readers_language(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "变更汇总一下")
    assert "| 发布 |" in told.answer
    assert "| commit |" not in told.answer


@pytest.mark.parametrize(
    "text", ["is ab-api a deployment or a statefulset", "ab-api 是 statefulset 还是 deployment"]
)
def test_which_of_two_kinds_it_is_is_asked_of_its_name_alone(text: str) -> None:
    [route] = read_all(text)
    assert (route.subagent, route.intent) == ("rca", "list")
    assert "kind" not in route.arguments
