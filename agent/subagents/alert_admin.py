"""Alerts, silences, rules, channels, and who was told."""

from agent.subagent import Subagent

ALERT_ADMIN = Subagent(
    name="alert_admin",
    purpose=(
        "Alerts, silences, maintenance windows, routes, rules, channels, notifications, "
        "escalation, who was told."
    ),
    servers=("alerting", "channels"),
    prompt="alert_admin.md",
)
