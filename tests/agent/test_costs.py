"""Questions about money, answered by rules from the practice shop, in both languages."""

from datetime import datetime, timedelta

import pytest

from agent.answers.costs import amount
from agent.events import ToolFinished
from agent.graph import Assistant
from core.clock import utc_now
from tests.agent.turns import ask


@pytest.mark.parametrize(
    ("question", "said", "row"),
    [
        ("How much does shop cost?", "shop cost", "Deployment shop/checkout"),
        ("最近 1 天 shop 花了多少钱？", "shop 共花费", "Deployment shop/cart"),
        ("what did each namespace cost today", "Everything cost", "payments"),
    ],
)
async def test_spend_is_told_with_its_source_and_what_is_missing(
    question: str, said: str, row: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert told.done.route == ("cost",)
    assert said in told.answer
    assert f"| {row} |" in told.answer
    assert "[1]" in told.answer
    assert "OpenCost defaults" in told.answer


@pytest.mark.parametrize("question", ["what did shop cost yesterday", "shop 昨天花了多少钱"])
async def test_yesterday_costs_what_a_day_of_the_calendar_does(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    midnight = f"{utc_now():%Y-%m-%d} 00:00Z"
    [call] = told.calls
    assert call.arguments["window"] == "PT24H"
    assert midnight in told.answer


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("what did shop cost last month", -1, 0),
        ("shop 上个月花了多少钱", -1, 0),
        ("what did shop cost this month", 0, None),
    ],
)
async def test_a_month_costs_what_the_month_of_the_calendar_does(
    question: str, since: int, until: int | None, assistant: Assistant
) -> None:
    now = utc_now()
    this = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = (this - timedelta(days=1)).replace(day=1)
    told = await ask(assistant, question)
    [call] = told.calls
    start, first = datetime.fromisoformat(call.data["start"]), last if since else this
    # A bill is of an hour at least, which in the first hour of a month begins before it.
    assert first - timedelta(hours=1) <= start <= first
    assert until is None or datetime.fromisoformat(call.data["end"]) == this


@pytest.mark.parametrize(
    ("question", "by"),
    [
        ("how much do we spend on LLM tokens per team?", "team"),
        ("每个用户的模型费用是多少？", "user"),
        ("what do the language models cost by model?", "model"),
    ],
)
async def test_what_models_cost_is_never_told_as_what_the_cluster_costs(
    question: str, by: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [(call.tool, call.arguments["by"]) for call in told.calls] == [
        ("budgets_model_spend", by)
    ]


@pytest.mark.parametrize(
    "question",
    [
        "what will this month cost?",
        "本月底预计花多少钱？",
        "forecast the spend of the shop namespace for the rest of the month",
        "what will team storefront cost this quarter?",
        "shop 这个月预计会花多少钱",
    ],
)
async def test_what_a_period_will_cost_is_no_matter_of_load(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_foretell"]
    assert "qps" not in told.answer


@pytest.mark.parametrize(
    ("question", "rows", "other"),
    [
        ("compare the cost of shop and payments", ("shop", "payments"), "monitoring"),
        ("shop 和 payments 哪个更贵？", ("shop", "payments"), "monitoring"),
        (
            "how much do checkout and cart cost?",
            ("Deployment shop/checkout", "Deployment shop/cart"),
            "catalog",
        ),
    ],
)
async def test_what_is_compared_is_told_side_by_side(
    question: str, rows: tuple[str, str], other: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert all(f"| {row} |" in told.answer for row in rows)
    assert f"| {other}" not in told.answer


@pytest.mark.parametrize("question", ["cost per department", "按部门拆分费用"])
async def test_what_a_bill_is_divided_by_is_no_name(question: str, assistant: Assistant) -> None:
    told = await ask(assistant, question)
    [call] = told.calls
    assert call.arguments["by"] == "label:department"
    assert "Nothing called" not in told.answer
    assert "没有名为" not in told.answer


@pytest.mark.parametrize(
    "question", ["which workloads grew most in cost this month?", "哪个服务的费用涨得最多？"]
)
async def test_what_grew_most_is_asked_of_the_changes_and_not_of_the_bill(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_anomalies"]


@pytest.mark.parametrize(
    "question", ["payments 的预算什么时候用完？", "when is the payments budget used up?"]
)
async def test_when_a_budget_is_used_up_is_no_matter_of_disks(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_list"]


async def test_of_what_is_compared_the_missing_one_is_named(assistant: Assistant) -> None:
    told = await ask(assistant, "compare the cost of shop and zebra")
    assert "| shop |" in told.answer
    assert "Nothing called zebra cost anything" in told.answer


async def test_a_workload_of_a_namespace_is_meant_in_chinese_too(assistant: Assistant) -> None:
    told = await ask(assistant, "明天 shop 的 checkout 需要多少个实例？")
    [call] = told.calls
    assert (call.arguments["namespace"], call.arguments["name"]) == ("shop", "checkout")
    assert "Deployment shop/checkout" in told.answer


async def test_a_name_that_is_no_namespace_is_a_workload(assistant: Assistant) -> None:
    told = await ask(assistant, "how much does checkout cost")
    assert [call.tool for call in told.calls] == ["budgets_spend", "budgets_spend"]
    assert "| Deployment shop/checkout |" in told.answer
    assert "cart" not in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("predict the memory of checkout for the next hour", "it peaks at"),
        ("预测 checkout 未来 1 小时的内存", "峰值"),
        ("集群什么时候要加机器", "全部资源 的 cpu"),
        ("predict the qps of checkout for the next 3 days", "it peaks at"),
        ("checkout 明天的 QPS 预测", "峰值"),
        ("predict the qps of chequeout for the next 3 days", "cannot be foretold"),
    ],
)
async def test_load_is_foretold_or_it_is_said_what_is_missing(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert told.done.route == ("cost",)
    assert said in told.answer
    assert "[1]" in told.answer or "[2]" in told.answer  # a bare name is tried as a place too


@pytest.mark.parametrize(
    "question", ["which team will break its budget", "why is the bill of shop so high this month"]
)
async def test_without_a_place_to_keep_days_that_is_said(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert "there is no database" in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [("which workloads are over-provisioned?", "is worth"), ("哪些服务浪费资源", "每月价值")],
)
async def test_savings_are_told_with_how_sure_they_are(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_savings"]
    assert said in told.answer
    assert "payments/ledger" in told.answer
    assert "[1]" in told.answer
    # What the shop's unused volumes cost is no part of what requests could be worth.
    [found] = [one.data for one in told.events if isinstance(one, ToolFinished)]
    rows = [row["monthly"] for row in found["rows"] if row["what"] == "requests"]
    assert f"{said} {amount(sum(one for one in rows if one > 0))} USD" in told.answer
    assert found["monthly"] > sum(one for one in rows if one > 0)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("what if we double checkout's replicas?", "with 6 it would take"),
        ("如果把 checkout 的副本翻倍会怎样？", "6 个副本则为"),
        ("what if we scale checkout to 5 replicas?", "with 5 it would take"),
        ("how much money would scaling checkout to 6 cost?", "with 6 it would take"),
        ("checkout 扩到 6 个副本要多花多少钱？", "6 个副本则为"),
    ],
)
async def test_other_replicas_are_only_supposed(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_what_if"]
    assert said in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("can the cluster take another 20 pods of checkout?", "Of 20 pods more of"),
        ("is there room for three more replicas of checkout", "Of 3 pods more of"),
        ("集群还能再放 20 个 checkout 的 pod 吗", "再增加 20 个 Pod"),
        ("再加 20 个 checkout 的 Pod 放得下吗", "再增加 20 个 Pod"),
    ],
)
async def test_room_for_more_pods_is_what_nodes_have_left(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_what_if"]
    assert said in told.answer


async def test_room_for_pods_of_nothing_named_is_asked_back(assistant: Assistant) -> None:
    told = await ask(assistant, "can the cluster take another 20 pods")
    assert told.calls == []
    assert "Name the workload" in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how many instances of checkout do we need tomorrow", "core-seconds"),
        ("checkout 明天需要多少实例", "核·秒"),
    ],
)
async def test_how_many_instances_is_told_with_the_reasons(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["forecast_load"]
    assert said in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("how many days until the volumes are full?", "data/data-orders-postgres-0"),
        ("磁盘还有几天写满", "data/data-orders-postgres-0"),
    ],
)
async def test_when_disks_are_full_is_asked_of_what_was_measured(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["forecast_disks"]
    assert said in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("which volumes are unclaimed?", "data/orders-export"),
        ("有没有没人用的存储卷？", "data/orders-export"),
        ("are there unused load balancers?", "Service payments/ledger-partners"),
        ("有哪些闲置的负载均衡？", "Service payments/ledger-partners"),
    ],
)
async def test_what_costs_unused_is_told_alone(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_savings"]
    assert said in told.answer
    assert "payments/ledger ledger" not in told.answer


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "what is the probability that storefront CPU exceeds 2 cores tomorrow?",
            "exceeds 2 cores is",
        ),
        ("storefront 明天 CPU 超过 2 核的概率有多大？", "峰值超过 2 cores 的概率为"),
        (
            "how likely is it that memory of storefront goes above 500Mi in the next 6 hours?",
            "exceeds 500.0 MiB is",
        ),
    ],
)
async def test_how_likely_a_peak_is_above_a_level_is_a_number(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["forecast_load"]
    assert said in told.answer


@pytest.mark.parametrize("question", ["what is in our cloud bill?", "我们的云账单里都有什么？"])
async def test_a_cloud_bill_is_asked_of_what_was_read_in(
    question: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_kept_bills"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("are there cost anomalies by the hour in shop?", "changes of spend by the hour"),
        ("shop 哪些小时的费用异常？", "处费用变化异常"),
        ("which hours cost unusually much?", "changes of spend by the hour"),
        ("哪几个小时花费特别高？", "处费用变化异常"),
    ],
)
async def test_hours_that_cost_unusually_much_are_told(
    question: str, said: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    assert [call.tool for call in told.calls] == ["budgets_hourly_anomalies"]
    assert (
        said in told.answer or "No hour of the last" in told.answer or "没有费用异常" in told.answer
    )
