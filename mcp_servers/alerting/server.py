"""Alerts, the policy over them, and silences."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.alerting.alerts import (
    alerting_acknowledge,
    alerting_list,
    alerting_quality,
    alerting_show,
)
from mcp_servers.alerting.analyses import (
    alerting_analyse,
    alerting_cancel_analysis,
    alerting_list_analyses,
    alerting_retry_analysis,
    alerting_show_analysis,
)
from mcp_servers.alerting.clusters import alerting_list_alertmanagers
from mcp_servers.alerting.concluding import alerting_begin_analysis, alerting_conclude_analysis
from mcp_servers.alerting.config_trials import alerting_dry_run_manager_config
from mcp_servers.alerting.due import alerting_run_due, alerting_tell_unheard
from mcp_servers.alerting.flags import (
    alerting_evaluate_flags,
    alerting_flag_events,
    alerting_judge_flags,
    alerting_list_flags,
    alerting_rate_analysis,
    alerting_record_evaluation,
    alerting_set_flag,
)
from mcp_servers.alerting.forgetting import alerting_forget_old
from mcp_servers.alerting.intake import Intake, alerting_receive
from mcp_servers.alerting.manager_configs import (
    alerting_check_manager_config,
    alerting_diff_manager_config,
    alerting_list_manager_configs,
    alerting_manager_config_versions,
    alerting_remove_manager_config,
    alerting_render_manager_config,
    alerting_roll_back_manager_config,
    alerting_set_manager_config,
    alerting_show_manager_config,
)
from mcp_servers.alerting.metric_suggestions import alerting_suggest_from_words
from mcp_servers.alerting.patrol_rounds import alerting_begin_patrol, alerting_conclude_patrol
from mcp_servers.alerting.patrols import (
    alerting_list_patrols,
    alerting_patrol_report,
    alerting_patrol_rounds,
    alerting_remove_patrol,
    alerting_run_patrol,
    alerting_set_patrol,
)
from mcp_servers.alerting.policy_tools import (
    alerting_dry_run,
    alerting_get_policy,
    alerting_policy_versions,
    alerting_roll_back_policy,
    alerting_set_policy,
)
from mcp_servers.alerting.rule_files import (
    alerting_diff_rule_file,
    alerting_list_rule_files,
    alerting_remove_rule_file,
    alerting_roll_back_rule_file,
    alerting_rule_file_versions,
    alerting_set_rule_file,
    alerting_show_rule_file,
    alerting_switch_rule_file,
)
from mcp_servers.alerting.rule_lint import alerting_lint_rules
from mcp_servers.alerting.rule_placements import (
    alerting_list_rule_objects,
    alerting_remove_rule_placement,
    alerting_render_rule_objects,
    alerting_set_rule_placement,
)
from mcp_servers.alerting.rule_suggestions import (
    alerting_suggest_slo_rules,
    alerting_suggest_threshold,
)
from mcp_servers.alerting.rule_targets import (
    alerting_forget_rule_target,
    alerting_list_rule_targets,
    alerting_report_rule_target,
    alerting_rule_bundle,
    alerting_rule_target_file,
)
from mcp_servers.alerting.rule_trials import alerting_back_test_rules
from mcp_servers.alerting.silences import (
    alerting_create_silence,
    alerting_expire_silence,
    alerting_list_silences,
    alerting_preview_silence,
    alerting_second_silence,
)
from mcp_servers.alerting.told_everywhere import alerting_list_cluster_alerts
from mcp_servers.alerting.watches import (
    alerting_judge_watches,
    alerting_list_watches,
    alerting_remove_watch,
    alerting_set_watch,
)
from mcp_servers.alerting.workflows import alerting_note_workflow
from mcp_servers.backends import Backends

# A storm of 5,000 alerts with long annotations is one request.
MOST_REQUEST_BYTES = 8 * 1024 * 1024
MOST_POLICY_BYTES = 256 * 1024
# A file of rules is given back whole, so that it can be changed and set again.
MOST_RULE_CHARACTERS = 1_500_000

FOR_JOBS = (
    alerting_run_due,
    alerting_begin_analysis,
    alerting_conclude_analysis,
    alerting_begin_patrol,
    alerting_conclude_patrol,
    alerting_judge_watches,
    alerting_judge_flags,
    alerting_tell_unheard,
    alerting_forget_old,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server, desk = (
        ToolServer("alerting", gate, home=backends.kubernetes.cluster_name),
        backends.desk,
    )
    for tool in (
        alerting_list,
        alerting_show,
        alerting_quality,
        alerting_list_analyses,
        alerting_show_analysis,
        alerting_list_patrols,
        alerting_patrol_rounds,
        alerting_patrol_report,
        alerting_list_flags,
        alerting_flag_events,
        alerting_evaluate_flags,
    ):
        publish(server, tool, needs=Permission.ALERTS_READ, desk=desk)
    for tool in (
        alerting_acknowledge,
        alerting_analyse,
        alerting_cancel_analysis,
        alerting_retry_analysis,
        alerting_set_patrol,
        alerting_remove_patrol,
        alerting_run_patrol,
        alerting_set_watch,
        alerting_remove_watch,
        alerting_set_flag,
        alerting_record_evaluation,
        alerting_rate_analysis,
    ):
        publish(server, tool, needs=Permission.ALERTS_MANAGE, changes=True, desk=desk)
    publish(
        server,
        alerting_receive,
        needs=Permission.ALERTS_RECEIVE,
        takes_bytes=MOST_REQUEST_BYTES,
        intake=Intake(desk),
    )
    publish(server, alerting_note_workflow, needs=Permission.ALERTS_RECEIVE, desk=desk)
    for tool in FOR_JOBS:
        publish(
            server,
            tool,
            needs=Permission.DELIVERIES_RUN,
            takes_bytes=MOST_REQUEST_BYTES,
            desk=desk,
        )
    for tool in (alerting_get_policy, alerting_policy_versions, alerting_dry_run):
        publish(
            server, tool, needs=Permission.ALERTS_READ, takes_bytes=MOST_POLICY_BYTES, desk=desk
        )
    for tool in (alerting_set_policy, alerting_roll_back_policy):
        publish(
            server,
            tool,
            needs=Permission.ALERTS_MANAGE,
            changes=True,
            takes_bytes=MOST_POLICY_BYTES,
            desk=desk,
        )
    _publish_rules(server, backends)
    _publish_placements(server, backends)
    _publish_configs(server, backends)
    publish(server, alerting_list_watches, needs=Permission.USAGE_READ, desk=desk)
    _publish_silences(server, backends)
    return server


def _publish_rules(server: ToolServer, backends: Backends) -> None:
    desk, prometheus = backends.desk, backends.prometheus
    read, change, most = Permission.ALERTS_READ, Permission.ALERTS_MANAGE, MOST_REQUEST_BYTES
    for tool in (
        alerting_list_rule_files,
        alerting_rule_file_versions,
        alerting_show_rule_file,
        alerting_list_rule_targets,
        alerting_rule_bundle,
        alerting_rule_target_file,
    ):
        publish(server, tool, needs=read, gives_characters=MOST_RULE_CHARACTERS, desk=desk)
    publish(server, alerting_diff_rule_file, needs=read, takes_bytes=most, desk=desk)
    # Whoever writes rules to a Prometheus says so as senders of alerts do, and may change nothing here.
    publish(server, alerting_report_rule_target, needs=Permission.ALERTS_RECEIVE, desk=desk)
    publish(server, alerting_forget_rule_target, needs=change, changes=True, desk=desk)
    for tool in (
        alerting_set_rule_file,
        alerting_roll_back_rule_file,
        alerting_remove_rule_file,
        alerting_switch_rule_file,
    ):
        publish(
            server,
            tool,
            needs=change,
            changes=True,
            takes_bytes=most,
            gives_characters=MOST_RULE_CHARACTERS,
            desk=desk,
        )
    for tool in (
        alerting_suggest_slo_rules,
        alerting_suggest_threshold,
        alerting_suggest_from_words,
    ):
        publish(server, tool, needs=Permission.METRICS_READ, prometheus=prometheus, desk=desk)
    publish(
        server,
        alerting_lint_rules,
        needs=Permission.METRICS_READ,
        takes_bytes=most,
        prometheus=prometheus,
    )
    publish(
        server,
        alerting_back_test_rules,
        needs=Permission.METRICS_READ,
        takes_bytes=most,
        desk=desk,
        prometheus=prometheus,
    )


def _publish_placements(server: ToolServer, backends: Backends) -> None:
    read, change, desk = Permission.ALERTS_READ, Permission.ALERTS_MANAGE, backends.desk
    for tool in (alerting_list_rule_objects, alerting_render_rule_objects):
        publish(
            server,
            tool,
            needs=read,
            gives_characters=MOST_RULE_CHARACTERS,
            desk=desk,
            kubernetes=backends.kubernetes,
        )
    publish(server, alerting_set_rule_placement, needs=change, changes=True, desk=desk)
    publish(
        server,
        alerting_remove_rule_placement,
        needs=change,
        changes=True,
        desk=desk,
        kubernetes=backends.kubernetes,
    )


def _publish_configs(server: ToolServer, backends: Backends) -> None:
    most, shown = MOST_REQUEST_BYTES, MOST_RULE_CHARACTERS
    for tool in (
        alerting_list_manager_configs,
        alerting_manager_config_versions,
        alerting_show_manager_config,
        alerting_render_manager_config,
        alerting_check_manager_config,
        alerting_diff_manager_config,
        alerting_dry_run_manager_config,
    ):
        publish(
            server,
            tool,
            needs=Permission.ALERTS_READ,
            takes_bytes=most,
            gives_characters=shown,
            desk=backends.desk,
        )
    for tool in (
        alerting_set_manager_config,
        alerting_roll_back_manager_config,
        alerting_remove_manager_config,
    ):
        publish(
            server,
            tool,
            needs=Permission.ALERTS_MANAGE,
            changes=True,
            takes_bytes=most,
            gives_characters=shown,
            desk=backends.desk,
        )


def _publish_silences(server: ToolServer, backends: Backends) -> None:
    read, write = Permission.ALERTS_READ, Permission.SILENCES_WRITE
    alertmanagers, desk = backends.alertmanagers, backends.desk
    publish(server, alerting_list_alertmanagers, needs=read, alertmanagers=alertmanagers)
    publish(server, alerting_list_cluster_alerts, needs=read, alertmanagers=alertmanagers)
    publish(server, alerting_list_silences, needs=read, alertmanagers=alertmanagers)
    publish(server, alerting_preview_silence, needs=read, alertmanagers=alertmanagers, desk=desk)
    publish(
        server,
        alerting_create_silence,
        needs=write,
        changes=True,
        alertmanagers=alertmanagers,
        desk=desk,
    )
    publish(server, alerting_expire_silence, needs=write, changes=True, alertmanagers=alertmanagers)
    publish(server, alerting_second_silence, needs=write, by_hand=True, desk=desk)
