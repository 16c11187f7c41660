"""Changes to the cluster: planned, approved, applied, verified."""

from agent.subagent import Subagent

AUTOFIX = Subagent(
    name="autofix",
    purpose=(
        "Change the cluster: fix, restart, scale, roll back, undo, cordon, drain, apply a "
        "recommendation; plans, approvals and the history of changes."
    ),
    servers=("autofix",),
    prompt="autofix.md",
    without=frozenset({"autofix_recover", "autofix_report_change"}),
)
