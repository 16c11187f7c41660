"""Spend of a month against the month before: which one a question means, and what is answered."""

from typing import Any

import pytest

from agent.answers.budgets import told_anomalies
from agent.arguments import extract
from agent.asked import Asked
from agent.intents import language_of
from agent.planning_costs import anomalies
from agent.toolbox import Result

CAUSE: dict[str, Any] = {"workload": "Deployment shop/web", "kind": "cpu", "rollouts": []}
MONTH: dict[str, Any] = {
    "start": "2026-11-01", "end": "2026-11-20", "before": "2026-10-01", "days": 20,
    "days_before": 31, "daily": 13.0, "daily_before": 10.0,
    "causes": [{**CAUSE, "daily": 8.0, "daily_before": 5.0}],
}  # fmt: skip
WEEK = [{**CAUSE, "daily": 9.0, "daily_before": 7.0}]


def asked(question: str) -> Asked:
    arguments = extract(question, subagent="cost", intent="anomalies")
    return Asked(question, "anomalies", language_of(question), arguments)


def answered(question: str, month: dict[str, Any] | None) -> str:
    data: dict[str, Any] = {
        "verdict": "ok", "currency": "USD", "days_known": 31, "daily": 9.0, "daily_before": 7.0,
        "rows": [], "week": WEEK, "month": month, "notes": [],
    }  # fmt: skip
    result = Result("budgets_anomalies", {}, "ok", "", data)
    return told_anomalies(asked(question), result)


@pytest.mark.parametrize(
    ("question", "month"),
    [
        ("why is this month 30 % up?", "this"),
        ("why is spend higher than last month?", "this"),
        ("why did this month cost more than the last month", "this"),
        ("为什么这个月费用涨了 30%？", "this"),
        ("费用为什么比上个月高？", "this"),
        ("why was last month more expensive than the month before", "last"),
        ("上个月花费为什么比前一个月高", "last"),
        ("why did spend jump yesterday?", None),
        ("最近花费为什么上涨", None),
    ],
)
def test_the_month_that_is_meant_is_asked_for(question: str, month: str | None) -> None:
    [step] = anomalies(asked(question), [])
    assert step.arguments.get("month") == month


@pytest.mark.parametrize(
    ("question", "compared", "behind"),
    [
        (
            "why is this month 30 % up?",
            "from 2026-11-01 to 2026-11-20 (20 days known), +30 % against 10.00 a day in 2026-10",
            "In 2026-11 Deployment shop/web cost 8.00 USD a day, in 2026-10 5.00",
        ),
        (
            "为什么这个月费用涨了 30%？",
            "2026-10（已知 31 天）每天 10.00，变化 +30 %",
            "2026-10 为 5.00",
        ),
    ],
)
def test_a_month_is_answered_by_month_and_not_by_week(
    question: str, compared: str, behind: str
) -> None:
    told = answered(question, MONTH)
    assert compared in told
    assert behind in told
    assert "last week" not in told


def test_where_months_are_unknown_the_week_is_told() -> None:
    assert "in the last week, +29 % against 7.00" in answered("why is this month up?", None)
