"""Repairs: from a finding, or from what a person asked for, to steps, a proposal or advice."""

from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Advice, Repair, Request
from mcp_servers.facts.kubernetes import Cluster

FIXES = frozenset(
    {
        "fix.rollback", "fix.memory", "fix.cpu", "fix.resources", "fix.probe", "fix.selector",
        "fix.target_port", "fix.repoint", "fix.command", "fix.restart", "fix.surge",
        "fix.node_selector", "fix.soften_affinity", "fix.uncordon", "fix.cordon", "fix.drain",
        "fix.expand_pvc", "fix.cron", "fix.resume", "fix.job_rerun", "fix.hpa", "fix.evict_pod",
        "fix.netpol", "fix.rbac", "fix.quota", "fix.ingress", "fix.harden", "fix.env",
        "fix.scale", "fix.ephemeral", "fix.rightsize", "fix.pin_digest", "fix.ttl",
        "fix.silence", "fix.alert_rule",
    }
)  # fmt: skip


def repair(
    finding: Finding, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> Repair:
    """What can be done about a finding; a rule without a repair gets advice, never nothing.

    `protected` are namespaces beyond the cluster's own in which nothing is written.
    """
    fix = finding.fix.id if finding.fix else ""
    return Advice(fix, finding.rule, finding.resource, "no_repair", dict(finding.params))


def requested(
    request: Request, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> Repair:
    """What a person asked for as steps, or why it is not done so."""
    return Advice(request.fix, "", request.target, "no_repair")
