"""What is wrong, why, since when; and the live state of the cluster."""

from agent.subagent import Subagent

RCA = Subagent(
    name="rca",
    purpose=(
        "What is wrong, why, since when, what changed; the live state of the cluster: "
        "list, count, show, logs, events, metrics, health."
    ),
    servers=("rca", "kubernetes", "prometheus"),
    prompt="rca.md",
    max_tool_calls=12,
    without=frozenset({"rca_list_custom_rules", "rca_rank_table"}),
    on_demand=frozenset(
        {
            "rca_event_patterns",
            "rca_error_summary",
            "rca_log_patterns",
            "rca_table_anomalies",
            "rca_draft_page",
            "kubernetes_list_objects",
        }
    ),
)
