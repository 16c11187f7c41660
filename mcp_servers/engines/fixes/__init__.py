"""Repairs: from a finding, or from what a person asked for, to steps, a proposal or advice.

Each family is a pure function from a case to a draft, a proposal or advice; `finished` judges
protection and owners for all of them alike.
"""

from collections.abc import Mapping

from mcp_servers.engines.fixes.asked_amounts import set_amounts
from mcp_servers.engines.fixes.cpu import raise_cpu
from mcp_servers.engines.fixes.drafting import Case, Outcome, Repairer
from mcp_servers.engines.fixes.finishing import finished
from mcp_servers.engines.fixes.granting import grant_verb, harden, raise_quota
from mcp_servers.engines.fixes.images import pin_digest
from mcp_servers.engines.fixes.jobs import keep_for_a_day, mend_cron, rerun
from mcp_servers.engines.fixes.memory import raise_memory
from mcp_servers.engines.fixes.network import allow_flow
from mcp_servers.engines.fixes.nodes import cordon, drain, uncordon
from mcp_servers.engines.fixes.placement import mend_node_selector, soften_affinity
from mcp_servers.engines.fixes.probes import correct_probe
from mcp_servers.engines.fixes.repointing import repoint
from mcp_servers.engines.fixes.requests import fit_requests
from mcp_servers.engines.fixes.restarting import evict_pod, restart
from mcp_servers.engines.fixes.rightsizing import rightsize
from mcp_servers.engines.fixes.rollback import roll_back
from mcp_servers.engines.fixes.rollouts import allow_one_away, resume
from mcp_servers.engines.fixes.routing import mend_route
from mcp_servers.engines.fixes.scaling import mend_autoscaler, scale
from mcp_servers.engines.fixes.service_fields import mend_selector, mend_target_port
from mcp_servers.engines.fixes.starting import mend_command, restore_variable
from mcp_servers.engines.fixes.storage import expand_claim, raise_ephemeral
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Advice, Plan, Repair, Request
from mcp_servers.facts.kubernetes import Cluster


def _elsewhere(case: Case) -> Outcome:
    """Silences and alert rules are written by those who administer alerts, with their own guards."""
    return case.advice("alerts_are_administered")


_REPAIRERS: Mapping[str, Repairer] = {
    "fix.rollback": roll_back,
    "fix.memory": raise_memory,
    "fix.cpu": raise_cpu,
    "fix.resources": fit_requests,
    "fix.probe": correct_probe,
    "fix.selector": mend_selector,
    "fix.target_port": mend_target_port,
    "fix.repoint": repoint,
    "fix.command": mend_command,
    "fix.env": restore_variable,
    "fix.restart": restart,
    "fix.surge": allow_one_away,
    "fix.node_selector": mend_node_selector,
    "fix.soften_affinity": soften_affinity,
    "fix.uncordon": uncordon,
    "fix.cordon": cordon,
    "fix.drain": drain,
    "fix.expand_pvc": expand_claim,
    "fix.ephemeral": raise_ephemeral,
    "fix.cron": mend_cron,
    "fix.resume": resume,
    "fix.job_rerun": rerun,
    "fix.ttl": keep_for_a_day,
    "fix.hpa": mend_autoscaler,
    "fix.scale": scale,
    "fix.evict_pod": evict_pod,
    "fix.rightsize": rightsize,
    "fix.set_resources": set_amounts,
    "fix.pin_digest": pin_digest,
    "fix.netpol": allow_flow,
    "fix.rbac": grant_verb,
    "fix.quota": raise_quota,
    "fix.harden": harden,
    "fix.ingress": mend_route,
    "fix.silence": _elsewhere,
    "fix.alert_rule": _elsewhere,
}
FIXES = frozenset(_REPAIRERS)
GOES_BACK = "fix.rollback"

# What each rule is repaired by, the gentlest first; the first that can be done is what is offered.
_BY_RULE: Mapping[str, tuple[str, ...]] = {
    "pod.oom_killed": ("fix.memory",),
    "pod.memory_near_limit": ("fix.memory",),
    "pod.memory_leak": ("fix.rollback",),
    "pod.cpu_throttled": ("fix.cpu",),
    "pod.image_pull.not_found": ("fix.rollback",),
    "pod.image_pull.invalid_name": ("fix.rollback",),
    "pod.image_pull.arch": ("fix.node_selector", "fix.rollback"),
    "pod.start.command_not_found": ("fix.command", "fix.rollback"),
    "pod.native_crash": ("fix.rollback",),
    "app.missing_setting": ("fix.env", "fix.rollback"),
    "app.name_unresolved": ("fix.env",),
    "app.regression_after_change": ("fix.rollback",),
    "deploy.progress_deadline": ("fix.rollback",),
    "deploy.paused": ("fix.resume",),
    "deploy.surge_no_room": ("fix.surge",),
    "pod.unschedulable.cpu": ("fix.resources",),
    "pod.unschedulable.memory": ("fix.resources",),
    "pod.unschedulable.node_selector": ("fix.node_selector",),
    "pod.unschedulable.pod_affinity": ("fix.soften_affinity",),
    "pod.unschedulable.cordoned": ("fix.uncordon",),
    "node.left_cordoned": ("fix.uncordon",),
    "workload.create_refused.limits_required": ("fix.resources",),
    "workload.create_refused.quota": ("fix.resources", "fix.quota"),
    "workload.create_refused.identity": ("fix.repoint",),
    "workload.create_refused.pod_security": ("fix.harden",),
    "workload.no_requests": ("fix.resources",),
    "workload.mutable_tag": ("fix.pin_digest",),
    "workload.scaled_to_zero": ("fix.scale",),
    "hpa.requests_missing": ("fix.resources",),
    "hpa.at_max": ("fix.hpa",),
    "hpa.target_invalid": ("fix.hpa",),
    "pod.probe.port_mismatch": ("fix.probe",),
    "pod.probe.http_status": ("fix.probe", "fix.rollback"),
    "pod.probe.timeout": ("fix.probe",),
    "pod.probe.startup_budget": ("fix.probe",),
    "pod.probe.liveness_kills": ("fix.probe",),
    "service.selector_near_miss": ("fix.selector",),
    "service.target_port_name_missing": ("fix.target_port",),
    "service.target_port_mismatch": ("fix.target_port",),
    "pod.config_ref.configmap_missing": ("fix.repoint",),
    "pod.config_ref.secret_missing": ("fix.repoint",),
    "pod.config_ref.key_missing": ("fix.repoint",),
    "pod.config_ref.kind_mixup": ("fix.repoint",),
    "config.changed_not_reloaded": ("fix.restart",),
    "pvc.nearly_full": ("fix.expand_pvc",),
    "pod.evicted.own_storage": ("fix.ephemeral",),
    "sts.revision_stuck": ("fix.evict_pod",),
    "cron.invalid": ("fix.cron",),
    "cron.suspended": ("fix.cron",),
    "job.suspended": ("fix.resume",),
    "job.failed": ("fix.job_rerun",),
    "cost.finished_kept": ("fix.ttl",),
    "cost.idle_workload": ("fix.scale",),
    "cost.over_request": ("fix.rightsize",),
    "cost.under_request": ("fix.rightsize",),
    "netpol.blocks_flow": ("fix.netpol",),
    "netpol.blocks_dns": ("fix.netpol",),
    "ingress.class_missing": ("fix.ingress",),
    "ingress.backend_missing": ("fix.ingress",),
    "ingress.backend_port_missing": ("fix.ingress",),
    "httproute.backend_invalid": ("fix.ingress",),
    "sec.root_or_escalation": ("fix.harden",),
    "rbac.denied": ("fix.rbac",),
    "quota.near_limit": ("fix.quota",),
    "alert.silence_unsafe": ("fix.silence",),
    "alert.flapping": ("fix.alert_rule",),
}
# What a person may ask for without a finding.
REQUESTED = frozenset(
    {"fix.scale", "fix.restart", "fix.rollback", "fix.cordon", "fix.uncordon", "fix.drain"}
    | {"fix.resume", "fix.job_rerun", "fix.evict_pod", "fix.pin_digest", "fix.ttl", "fix.rightsize"}
    | {"fix.set_resources"}
)


def repair(
    finding: Finding, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> Repair:
    """What can be done about a finding; a rule without a repair gets advice, never nothing.

    Of several repairs the first that leads to steps is taken, then the first that is proposed,
    else the advice of the first. `protected` are namespaces beyond the cluster's own in which
    nothing is written.
    """
    named = _fixes_for(finding)
    if not named:
        return Advice("", finding.rule, finding.resource, "no_repair", dict(finding.params))
    found = [_tried(fix, finding, cluster, protected) for fix in named]
    plans = [one for one in found if isinstance(one, Plan)]
    others = [one for one in found if not isinstance(one, Advice)]
    return (plans or others or found)[0]


def going_back(
    finding: Finding, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> Repair:
    """An earlier revision for a finding that is not listed with it, judged by what it tells."""
    case = Case(GOES_BACK, cluster, finding.resource, finding.rule, finding)
    return finished(case, _REPAIRERS[GOES_BACK](case), protected)


def _fixes_for(finding: Finding) -> tuple[str, ...]:
    """Those of the catalogue, and the one that the diagnoser saw to be fitting."""
    listed = _BY_RULE.get(finding.rule, ())
    offered = finding.fix.id if finding.fix else ""
    return listed if offered in ("", *listed) or offered not in FIXES else (*listed, offered)


def _tried(fix: str, finding: Finding, cluster: Cluster, protected: frozenset[str]) -> Repair:
    meant = finding.fix.target if finding.fix and finding.fix.id == fix else finding.resource
    case = Case(fix, cluster, meant, finding.rule, finding)
    return finished(case, _REPAIRERS[fix](case), protected)


def requested(
    request: Request, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> Repair:
    """What a person asked for as steps, or why it is not done so.

    Everything a finding's repair is judged by holds here too; only what would guess at a person's
    intention (a suspension that may be meant) is left to the one who asks.
    """
    case = Case(request.fix, cluster, request.target, request=request)
    if request.fix not in REQUESTED:
        return case.advice("not_on_request")
    return finished(case, _REPAIRERS[request.fix](case), protected)
