"""Spend, budgets, forecasts and savings."""

from agent.subagent import Subagent

COST = Subagent(
    name="cost",
    purpose=(
        "Spend, budgets, cost anomalies, savings, right-sizing advice; "
        "prediction of load, capacity and spend."
    ),
    servers=("budgets", "forecast", "prometheus"),
    prompt="cost.md",
    without=frozenset(
        {
            "budgets_bill",
            "budgets_keep_bill",
            "budgets_forget_bill",
            "budgets_table_anomalies",
            "forecast_table",
        }
    ),
)
