"""The autofix server: plans, approvals by hand, changes, and the switches that stop them."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.autofix.approvals import autofix_approve, autofix_deny
from mcp_servers.autofix.batches import (
    autofix_apply_batch,
    autofix_get_batch,
    autofix_list_batches,
    autofix_report_batch,
)
from mcp_servers.autofix.changes import (
    autofix_apply,
    autofix_get_change,
    autofix_list_changes,
    autofix_recover,
    autofix_report_change,
    autofix_rollback,
)
from mcp_servers.autofix.desk import Desk, Looker
from mcp_servers.autofix.plans import autofix_get_plan, autofix_list_plans, autofix_plan
from mcp_servers.autofix.policies import read_policy, with_home
from mcp_servers.autofix.rehearsing import autofix_rehearse
from mcp_servers.autofix.rule_plans import autofix_plan_rules
from mcp_servers.autofix.status import autofix_resume, autofix_status, autofix_stop
from mcp_servers.backends import Backends
from mcp_servers.backends.kubernetes_writing import KubernetesWriting

# An object of the cluster can hold no more than 1.5 MiB.
MOST_RULE_BYTES = 1024 * 1024


def build(backends: Backends, gate: Gate, *, looker: Looker) -> ToolServer:
    """`looker` are the diagnosers; without a store, plans are shown and none can be approved."""
    server = ToolServer("autofix", gate, home=backends.kubernetes.cluster_name, beyond=False)
    kept = backends.fixes
    policy = with_home(read_policy(kept.policy_file if kept else None))
    desk = Desk(KubernetesWriting(backends.kubernetes), looker, policy, kept, gate.audit)
    for tool in (autofix_plan, autofix_get_plan, autofix_list_plans, autofix_rehearse):
        publish(server, tool, needs=Permission.FIXES_PLAN, desk=desk)
    publish(
        server,
        autofix_plan_rules,
        needs=Permission.FIXES_PLAN,
        takes_bytes=MOST_RULE_BYTES,
        desk=desk,
    )
    for tool in (autofix_list_changes, autofix_get_change, autofix_report_change, autofix_status):
        publish(server, tool, needs=Permission.FIXES_PLAN, desk=desk)
    for tool in (autofix_list_batches, autofix_get_batch, autofix_report_batch):
        publish(server, tool, needs=Permission.FIXES_PLAN, desk=desk)
    for tool in (autofix_approve, autofix_deny):
        publish(server, tool, needs=Permission.FIXES_APPROVE, by_hand=True, desk=desk)
    for tool in (autofix_apply, autofix_apply_batch, autofix_rollback):
        publish(server, tool, needs=Permission.FIXES_APPLY, changes=True, once=True, desk=desk)
    for tool in (autofix_stop, autofix_recover):
        publish(server, tool, needs=Permission.FIXES_STOP, desk=desk)
    publish(server, autofix_resume, needs=Permission.FIXES_STOP, by_hand=True, desk=desk)
    return server
