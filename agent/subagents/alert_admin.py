"""Alerts, silences, rules, channels, and who was told."""

from agent.subagent import Subagent

ALERT_ADMIN = Subagent(
    name="alert_admin",
    purpose=(
        "Alerts, silences, maintenance windows, routes, rules, channels, notifications, "
        "escalation, who was told."
    ),
    servers=("alerting", "channels", "prometheus"),
    prompt="alert_admin.md",
    without=frozenset(
        {
            # For senders of alerts and for the jobs.
            "alerting_receive",
            "alerting_run_due",
            "alerting_begin_analysis",
            "alerting_conclude_analysis",
            "alerting_begin_patrol",
            "alerting_conclude_patrol",
            "alerting_judge_watches",
            "alerting_forget_old",
            "channels_deliver_due",
            # For workflow engines, and for `midwatch sync`.
            "alerting_note_workflow",
            "alerting_rule_bundle",
            "alerting_rule_target_file",
            "alerting_report_rule_target",
            # Their arguments are secrets, which belong in no conversation.
            "channels_add",
            "channels_change",
            "channels_rotate_keys",
            # The second person's yes is given outside the conversation that asks for it.
            "alerting_second_silence",
        }
    ),
    on_demand=frozenset(
        {
            "alerting_patrol_rounds",
            "alerting_patrol_report",
            "alerting_list_patrols",
            "alerting_set_patrol",
            "alerting_remove_patrol",
            "alerting_run_patrol",
            "alerting_list_analyses",
            "alerting_show_analysis",
            "alerting_cancel_analysis",
            "alerting_retry_analysis",
            "alerting_list_watches",
            "alerting_set_watch",
            "alerting_remove_watch",
            "alerting_policy_versions",
            "alerting_dry_run",
            "alerting_set_policy",
            "alerting_roll_back_policy",
            "alerting_list_alertmanagers",
            "alerting_list_cluster_alerts",
            "alerting_list_rule_files",
            "alerting_rule_file_versions",
            "alerting_show_rule_file",
            "alerting_diff_rule_file",
            "alerting_set_rule_file",
            "alerting_roll_back_rule_file",
            "alerting_remove_rule_file",
            "alerting_list_rule_targets",
            "alerting_suggest_slo_rules",
            "alerting_suggest_threshold",
            "alerting_forget_rule_target",
            "alerting_back_test_rules",
            "channels_remove",
            "channels_test",
            "channels_replay",
            "channels_delivery",
        }
    ),
)
