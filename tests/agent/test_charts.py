"""What answers about money and load look like drawn: figures of the tools, words of the language."""

from typing import Any

import pytest

from agent.charts import MOST_BARS, charts_of
from agent.events import ToolFinished
from agent.graph import Assistant
from tests.agent.turns import ask


def found(tool: str, data: dict[str, Any], status: str = "ok") -> ToolFinished:
    return ToolFinished("c1", "budgets", tool, {}, status, 5, "", data, 1, "s1")


@pytest.mark.parametrize(
    ("question", "form", "head"),
    [
        ("How much does shop cost?", "bars", "asked for, not used"),
        ("最近 1 天 shop 花了多少钱？", "bars", "申请未用"),
        ("predict the qps of checkout for the next 3 days", "line", "upper end"),
        ("checkout 明天的 QPS 预测", "line", "上限"),
        ("which workloads are over-provisioned?", "bars", "a month"),
        ("如果把 checkout 的副本翻倍会怎样？", "bars", "副本数"),
    ],
)
async def test_an_answer_is_drawn_from_the_figures_of_its_tool(
    question: str, form: str, head: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    finished = [one for one in told.events if isinstance(one, ToolFinished)]
    [chart] = charts_of(finished, told.done.language)
    assert (chart["form"], chart["tool"]) == (form, finished[-1].tool)
    assert head in chart["columns"]
    assert all(len(row) == len(chart["columns"]) for row in chart["rows"])
    assert chart["id"] == finished[-1].call_id


@pytest.mark.parametrize(
    ("question", "head"), [("Why is checkout failing?", "cause"), ("checkout 为什么报错？", "原因")]
)
async def test_causes_are_drawn_from_the_change_to_what_users_feel(
    question: str, head: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    finished = [one for one in told.events if isinstance(one, ToolFinished)]
    [graph] = [one for one in charts_of(finished, told.done.language) if one["form"] == "graph"]
    assert graph["columns"][0] == head
    assert "4.19.0" in graph["rows"][0][0]
    assert "256Mi" in graph["rows"][0][1]
    assert any(word in graph["rows"][-1][1] for word in ("failing requests", "失败请求"))
    assert "OOMKilled" in graph["rows"][0][2]


def at(minute: int) -> str:
    return f"2026-03-01T12:{minute:02}:00Z"


def course(*series: tuple[str, list[tuple[int, float]]]) -> ToolFinished:
    rows = [
        {"labels": {"job": "web", "pod": pod}, "points": [(at(m), value) for m, value in points]}
        for pod, points in series
    ]
    return found("prometheus_query_range", {"query": "up", "unit": "", "rows": rows})


def test_series_over_time_are_drawn_each_with_the_moments_it_has() -> None:
    [chart] = charts_of([course(("a", [(0, 1.0), (2, 3.0)]), ("b", [(1, 2.0)]))], "en")
    assert chart["columns"] == ["time", "a", "b"]
    assert chart["rows"] == [[at(0), 1.0, None], [at(1), None, 2.0], [at(2), 3.0, None]]
    assert chart["marks"] == []


def test_more_series_than_can_be_told_apart_are_said_to_be_left_out() -> None:
    [chart] = charts_of([course(*((str(n), [(0, 1.0)]) for n in range(6)))], "en")
    assert (len(chart["columns"]), chart["more"]) == (5, 2)


def test_what_other_calls_of_the_turn_saw_happen_meanwhile_is_marked() -> None:
    change = {"kind": "deploy", "namespace": "shop", "name": "web", "summary": "v2"}
    changes = found("kubernetes_what_changed", {"rows": [
        {"at": at(1), **change}, {"at": at(9), **change, "summary": "later"},
    ]})  # fmt: skip
    timeline = [
        {"at": at(2), "text": "v2", "evidence": None}, {"at": at(3), "text": "slow", "evidence": "e1"}
    ]  # fmt: skip
    causes = found("rca_investigate", {"timeline": timeline, "root_causes": []})
    alert = {"starts_at": at(4), "name": "Slow", "summary": ""}
    alerts = found("alerting_list", {"rows": [alert, {**alert, "starts_at": at(0)[:-4] + "59Z"}]})
    refused = found("alerting_list", {"rows": [{**alert, "name": "No"}]}, status="error")
    seen = [course(("a", [(1, 1.0), (5, 3.0)])), changes, causes, alerts, refused]
    [chart] = [one for one in charts_of(seen, "en") if one["form"] == "line"]
    assert [(one["at"], one["kind"], one["text"]) for one in chart["marks"]] == [
        (at(1), "deploy", "shop/web: v2"),
        (at(2), "change", "v2"),
        (at(3), "symptom", "slow"),
        (at(4), "alert", "Slow"),
    ]


def test_nothing_is_drawn_of_a_cause_without_effects() -> None:
    lone = {"rule": "r", "resource": {"kind": "Pod", "namespace": None, "name": "a"}, "title": "A"}
    root = {"chain": [lone], "change": "", "evidence": []}
    data = {"root_causes": [root], "symptoms": []}
    assert charts_of([found("rca_investigate", data)], "en") == []


async def test_a_forecast_is_drawn_with_its_interval(assistant: Assistant) -> None:
    told = await ask(assistant, "predict the memory of checkout for the next 24 hours")
    [call] = [one for one in told.events if isinstance(one, ToolFinished)]
    [chart] = charts_of([call], "en")
    at, mean, lower, upper, *_ = chart["rows"][0]
    assert (len(chart["rows"]), chart["unit"]) == (24, "MiB")
    assert lower <= mean <= upper
    assert at == call.data["forecast"][0]["at"]


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("predict the qps of checkout for tomorrow", "if it returns to what it was"),
        ("checkout 明天的 QPS 预测", "若恢复常态"),
    ],
)
async def test_what_comes_if_an_outage_ends_is_drawn_beside_it(
    question: str, head: str, assistant: Assistant
) -> None:
    told = await ask(assistant, question)
    [call] = [one for one in told.events if isinstance(one, ToolFinished)]
    [chart] = charts_of([call], told.done.language)
    assert chart["columns"][4] == head
    assert all(row[4] > row[1] for row in chart["rows"])
    assert call.data["level_break"]["text"] in told.answer


async def test_what_cannot_be_foretold_is_not_drawn(assistant: Assistant) -> None:
    told = await ask(assistant, "predict the qps of chequeout for the next 3 days")
    calls = [one for one in told.events if isinstance(one, ToolFinished)]
    assert charts_of(calls, "en") == []


def test_what_is_left_out_is_counted_and_a_refused_call_draws_nothing() -> None:
    rows = [{"name": str(i), "cost": float(i), "unused_cost": 0.0} for i in range(MOST_BARS + 3)]
    data = {"rows": rows, "start": "2026-01-01", "end": "2026-01-02", "currency": "USD"}
    [chart] = charts_of([found("budgets_spend", data)], "en")
    assert (len(chart["rows"]), chart["more"]) == (MOST_BARS, 3)
    assert charts_of([found("budgets_spend", data, "forbidden")], "en") == []
    assert charts_of([found("kubernetes_list_pods", data)], "en") == []


def test_budgets_disks_changes_and_models_are_drawn() -> None:
    budget = {"name": "shop", "share": 80.0, "amount": 100.0, "foretold": {"mean": 120.0}}
    disk = {"namespace": "shop", "name": "data", "mountpoint": "", "share": 0.9}
    told = {
        "budgets_list": {"rows": [budget, {**budget, "share": None}]},
        "forecast_disks": {"rows": [{**disk, "days_until_full": None}]},
        "budgets_anomalies": {
            "currency": "USD",
            "month": None,
            "week": [{"workload": "Deployment shop/web", "daily": 4.0, "daily_before": 2.0}],
        },
        "budgets_model_spend": {"currency": "CNY", "rows": [{"name": "search", "cost": 3.0}]},
    }
    rows = [charts_of([found(tool, data)], "zh")[0]["rows"] for tool, data in told.items()]
    assert rows == [
        [["shop", 80.0, 120.0, 100.0]],
        [["shop/data", 90.0, None]],
        [["Deployment shop/web", 4.0, 2.0]],
        [["search", 3.0]],
    ]


async def test_what_costs_unused_is_drawn_by_its_name(assistant: Assistant) -> None:
    told = await ask(assistant, "which volumes are unclaimed?")
    [chart] = charts_of([one for one in told.events if isinstance(one, ToolFinished)], "en")
    assert "data/orders-export" in [row[0] for row in chart["rows"]]
    assert all(row[1] > 0 for row in chart["rows"])
