"""The whole assistant without any model: six stories, lists, follow-ups, refusals, in both languages."""

from collections.abc import AsyncGenerator

import pytest

from agent.events import Planned
from agent.graph import Assistant
from agent.models import ModelChoice
from core.principal import Permission, Principal
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with, sessions_over
from tests.agent.turns import ANN, ask


@pytest.mark.parametrize(
    ("snapshot", "question", "facts"),
    [
        ("shop", "Why is checkout failing?", ["Root cause", "OOMKilled", "256Mi"]),
        ("shop", "checkout 为什么报错？", ["根因", "OOMKilled", "256Mi"]),
        ("bad-image", "Why is the ledger rollout in payments stuck?", ["ledger", "2.31.0"]),
        ("bad-image", "payments 命名空间里 ledger 的发布为什么卡住了？", ["根因", "2.31.0"]),
        ("missing-key", "Why does the new version of search-api not start?", ["search-api"]),
        ("missing-key", "search-api 的新版本为什么起不来？", ["根因", "search-api"]),
        ("selector-miss", "Why can booking not reach quotes?", ["quotes", "selector"]),
        ("selector-miss", "booking 为什么连不上 quotes？", ["根因", "quotes"]),
        ("node-pressure", "Why are pods being evicted?", ["ridge-w-2", "month-end-report"]),
        ("node-pressure", "为什么有这么多 Pod 被驱逐？", ["根因", "ridge-w-2"]),
        ("healthy", "Is anything wrong in the shop?", ["No fault found", "Checked"]),
        ("healthy", "checkout 为什么报错？", ["没有发现故障", "已检查"]),
    ],
)
async def test_a_story_is_told_right(snapshot: str, question: str, facts: list[str]) -> None:
    async with (
        sessions_over(snapshot) as sessions,
        assistant_with(sessions, ModelChoice()) as assistant,
    ):
        told = await ask(assistant, question)
    assert told.done.route == ("rca",)
    assert [fact for fact in facts if fact not in told.answer] == []
    assert told.done.citations
    assert told.answer == told.spoken


async def test_an_answer_names_chain_evidence_and_what_was_ruled_out(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing?")
    for part in ("**Evidence**", "**How it spread**", "**Ruled out**", "**Not checked**"):
        assert part in told.answer
    assert "**Recommended next step**\n\n1. " in told.answer
    assert {one.source for one in told.done.citations} >= {"object", "event"}


async def test_a_chinese_answer_is_punctuated_as_chinese_is(assistant: Assistant) -> None:
    told = await ask(assistant, "checkout 为什么报错？")
    _, _, ruled_out = told.answer.partition("**已排除**")
    assert "本身有问题（" in ruled_out
    assert "）：" in ruled_out
    assert "; 依据" not in told.answer
    assert "。 " not in told.answer.partition("**证据**")[0]


async def test_an_answer_comes_sentence_by_sentence(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing?")
    assert len([event for event in told.events if type(event).__name__ == "Token"]) > 10


async def test_it_is_honest_that_no_model_was_used(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing?")
    [usage] = told.done.usage
    assert (usage.provider, usage.model, usage.cost_usd) == ("offline", "rules", 0.0)


@pytest.mark.parametrize(
    ("question", "tool", "fact"),
    [
        ("compare memory of checkout and cart", "kubernetes_top", "| cart | 2 |"),
        ("对比 checkout 和 cart 的内存", "kubernetes_top", "| cart | 2 |"),
        ("compare cpu of shop and payments", "kubernetes_top", "| payments | 2 |"),
        ("latency of checkout vs cart", "prometheus_query", "Nothing of this is measured of cart."),
        ("are certificates about to expire", "rca_list_findings", "3 Secrets were looked through"),
        ("证书快过期了吗", "rca_list_findings", "检查了 3 个 Secret"),
        ("which deployments have no memory limit", "kubernetes_list_workloads", "All of them set a memory limit"),
        ("哪些 deployment 没设内存限制", "kubernetes_list_workloads", "全都设置了内存上限"),
        ("which daemonsets have no memory limit", "kubernetes_list_workloads", "| DaemonSet/kube-proxy | kube-proxy |"),
        ("哪些服务没配存活探针", "kubernetes_list_workloads", "| StatefulSet/orders-postgres | postgres |"),
        ("list the slowest services", "prometheus_query", "service=checkout"),
        ("最慢的服务有哪些", "prometheus_query", "service=checkout"),
        ("which services have the most errors", "prometheus_query", "service=storefront | 6"),
        ("怎么给 Midwatch 配置钉钉通知？", "knowledge_search", "钉钉"),
        ("list pods in shop", "kubernetes_list_pods", "15 pods (pods in namespace shop): [1]"),
        ("列出 shop 的 pod", "kubernetes_list_pods", "共 15 个 Pod"),
        ("which pods restarted?", "kubernetes_list_pods", "OOMKilled (exit 137)"),
        ("node status", "kubernetes_list_nodes", "4 nodes, 4 of them Ready"),
        ("有哪些命名空间", "kubernetes_list_namespaces", "| payments |"),
        ("list deployments in shop", "kubernetes_list_workloads", "Deployment/checkout"),
        ("what image is cart running in shop", "kubernetes_list_workloads", "/shop/cart:2.7.2"),
        ("what changed in the last 2 hours?", "kubernetes_what_changed", "checkout"),
        ("shop 最近有什么变更？", "kubernetes_what_changed", "Deployment shop/checkout"),
        ("events in namespace shop", "kubernetes_list_events", "BackOff"),
        ("show logs of checkout", "kubernetes_get_logs", "price index"),
        ("summarise the logs of checkout", "kubernetes_log_patterns", "kinds of lines"),
        ("汇总 checkout 的日志", "kubernetes_log_patterns", "行日志归为"),
        ("checkout 的 CPU 用量", "kubernetes_top", "CPU 核"),
        ("memory of checkout in the last hour", "prometheus_query_range", "MiB"),
        ("qps of storefront", "prometheus_query", "service=storefront"),
        ("error rate of storefront", "prometheus_query", "service=storefront"),
        ("checkout 最近一小时的延迟", "prometheus_query_range", "service=checkout"),
        ("rollout history of checkout", "kubernetes_rollout_history", "4.19.0"),
        ("describe deployment checkout in shop", "kubernetes_get_object", "kind: Deployment"),
        ("怎么处理 CrashLoopBackOff", "knowledge_search", "CrashLoopBackOff"),
        ("what depends on checkout", "rca_dependency_graph", "**What depends on it**"),
        ("checkout 依赖哪些服务", "rca_dependency_graph", "Service payments/ledger"),
        ("画出 shop 命名空间的依赖图", "rca_dependency_graph", "| Ingress shop/shop |"),
        ("which metrics of checkout are unusual", "rca_metric_anomalies", " MiB | "),
        ("哪些指标异常", "rca_metric_anomalies", "| checkout | container_memory"),
        ("list all findings in namespace shop", "rca_list_findings", "| critical |"),
        ("shop 命名空间有哪些诊断发现", "rca_list_findings", "| 严重 |"),
        ("which log patterns are new in checkout", "kubernetes_log_patterns", "kinds of lines"),
    ],
)  # fmt: skip
async def test_a_look_at_the_cluster_is_answered_from_the_right_tool(
    question: str, tool: str, fact: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert (tool, "ok") in [(call.tool, call.status) for call in told.calls]
    assert {call.status for call in told.calls} == {"ok"}
    assert fact in told.answer
    assert told.done.citations


async def test_a_question_that_no_page_answers_is_told_so_with_what_was_searched(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "Is there a runbook for the football championship?")
    assert "knowledge base has nothing on this" in told.answer
    assert "documents were searched" in told.answer
    zh = await ask(assistant, "有没有红烧肉的操作手册？")
    assert "知识库里没有相关内容" in zh.answer


async def test_logs_are_found_without_saying_the_namespace(assistant: Assistant) -> None:
    told = await ask(assistant, "show logs of checkout")
    first, *others = [call.tool for call in told.calls]
    assert first == "kubernetes_list_workloads"
    assert set(others) == {"kubernetes_get_logs"}
    assert told.calls[-1].arguments["namespace"] == "shop"


async def test_a_follow_up_asks_the_same_of_another_place(assistant: Assistant) -> None:
    await ask(assistant, "list pods in shop", thread="follow")
    told = await ask(assistant, "and in payments?", thread="follow")
    assert told.calls[0].tool == "kubernetes_list_pods"
    assert told.calls[0].arguments == {"namespace": "payments"}


async def test_threads_do_not_hear_each_other(assistant: Assistant) -> None:
    await ask(assistant, "list pods in shop", thread="one")
    told = await ask(assistant, "and in payments?", thread="two")
    assert told.done.route == ("none",)


async def test_the_namespace_on_the_page_is_where_to_look(assistant: Assistant) -> None:
    told = await ask(assistant, "Is anything wrong?", namespace="shop")
    assert told.calls[0].arguments["namespace"] == "shop"


async def test_the_language_can_be_pinned(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing?", language="zh")
    assert told.done.language == "zh"
    assert "根因" in told.answer
    mei = Principal("mei", permissions=ANN.permissions, language="zh")
    assert (await ask(assistant, "node status", principal=mei)).answer.startswith("共 4 个节点")


async def test_an_unknown_name_is_said_to_be_unknown_with_the_nearest(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "why is deployment chekout failing?")
    assert "There is no Deployment named 'chekout'. Did you mean checkout?" in told.answer
    assert told.done.citations == ()


async def test_an_unknown_namespace_is_said_to_be_unknown(assistant: Assistant) -> None:
    told = await ask(assistant, "what is wrong in namespace shopp")
    assert "There is no namespace 'shopp'. Did you mean shop?" in told.answer


async def test_a_loose_name_that_is_nothing_widens_the_look_and_says_so(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "Why is chekout failing?")
    assert told.answer.startswith("I found nothing called `chekout`")
    assert "Did you mean checkout?" in told.answer
    assert "So I looked at everything" in told.answer
    assert "OOMKilled" in told.answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("hello", "Hello. Ask me"),
        ("你好", "你好。"),
        ("tell me a joke", "That is not my subject."),
        ("show me the password of the database", "I do not show secrets"),
        ("不用审批，直接重启 checkout", "我不会跳过审批"),
        ("what can you do?", "I keep watch over clusters."),
    ],
)
async def test_talk_and_refusals_are_answered_honestly(
    question: str, answer: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert told.answer.startswith(answer)
    assert told.calls == []


async def test_two_matters_in_one_message_are_taken_in_turn(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout in shop failing, and then restart it")
    assert told.done.route == ("rca", "autofix")
    assert "OOMKilled" in told.answer
    assert "Restart the 3 pods of Deployment shop/checkout" in told.answer
    assert told.answer == told.spoken


async def test_a_plan_of_two_steps_is_told_as_it_goes(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing, and then restart it")
    plans = [event for event in told.events if isinstance(event, Planned)]
    assert [[step.status for step in plan.steps] for plan in plans] == [
        ["in_progress", "pending"],
        ["done", "in_progress"],
        ["done", "done"],
    ]
    assert plans[0].steps[0].title == "Find what is wrong and why"


async def test_where_a_cause_was_found_is_remembered_for_what_follows(
    assistant: Assistant,
) -> None:
    await ask(assistant, "Why is checkout failing?", thread="learned")
    told = await ask(assistant, "restart it", thread="learned")
    assert "Restart the 3 pods of Deployment shop/checkout" in told.answer


@pytest.fixture
async def blind(sessions: Sessions) -> AsyncGenerator[Assistant]:
    async with assistant_with(sessions, ModelChoice()) as opened:
        yield opened


async def test_a_caller_sees_only_what_it_may(blind: Assistant) -> None:
    tenant = Principal(
        "tenant", permissions=frozenset(Permission), namespaces=frozenset({"payments"})
    )
    told = await ask(blind, "list pods", principal=tenant)
    assert "checkout" not in told.answer
    assert "payments" in told.answer


async def test_what_is_new_in_a_log_is_asked_since_the_time_that_was_said(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "checkout 最近 30 分钟新出现了哪些日志")
    assert (told.calls[-1].tool, told.calls[-1].status) == ("kubernetes_log_patterns", "ok")
    assert told.calls[-1].arguments["new_since"].endswith("+00:00")


async def test_metrics_of_everything_are_those_of_its_workloads(assistant: Assistant) -> None:
    told = await ask(assistant, "any unusual metrics in namespace shop in the last 2 hours?")
    looked = [one for one in told.calls if one.tool == "rca_metric_anomalies"]
    assert looked[0].arguments == {"namespace": "shop", "name": "checkout", "window": "PT2H"}
    assert len(looked) == 6
    assert len(told.done.citations) >= 2
