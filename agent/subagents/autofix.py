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
    # A batch is for who has approved each of its plans already; in a conversation each has a card.
    without=frozenset(
        {"autofix_recover", "autofix_report_change", "autofix_apply_batch", "autofix_report_batch"}
        # Takes whole files of rules: made by the command line and by REST, from what is stored.
        | {"autofix_plan_rules"}
    ),
)
