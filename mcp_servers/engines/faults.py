"""Which findings are faults, and which are notes: true and worth telling, never why it is broken."""

from mcp_servers.engines.rule_families import matches
from mcp_servers.facts.findings import Finding, Severity

# A risk, an opening, an order in data: however grave, nothing stops working by it.
NOTE_RULES = (
    "sec.*",
    "policy.violation",
    "node.overcommitted",
    "node.version_skew",
    "storageclass.multiple_default",
    "pv.released_or_failed",
    "webhook.fail_closed_wide",
    "api.deprecated",
    "alert.silence_unsafe",
    "alert.flapping",
    "workload.selector_overlap",
    "workload.mutable_tag",
    "custom.note",
    "quota.near_limit",  # a full quota refuses nothing yet; once it does, the refusal is the fault
)

# Risks that become faults, and are then high, once something waits for what they withhold.
RISK_RULES = ("pdb.blocks_drain", "sts.service_missing", "tls.expiring")

# Notes as long as all is well, and the cause where they explain a fault.
LATENT_RULES = ("config.changed_not_reloaded", "app.slow_queries")
# The same of those that are faults by themselves only where they are graver.
LATENT_WHEN_LOW = ("pod.cpu_throttled", "service.no_pods")


def is_fault(finding: Finding) -> bool:
    """Whether it can be the reason for an outage: medium or worse, and not a note."""
    return finding.severity.weight >= Severity.MEDIUM.weight and not is_note(finding)


def is_note(finding: Finding) -> bool:
    risk = finding.rule in RISK_RULES and finding.severity.weight < Severity.HIGH.weight
    if risk or is_latent(finding):
        return True
    return any(matches(pattern, finding.ranked_as) for pattern in NOTE_RULES)


def is_latent(finding: Finding) -> bool:
    """A note that becomes a fault by what has come of it."""
    if finding.rule in LATENT_WHEN_LOW:
        return finding.severity is Severity.LOW
    return finding.rule in LATENT_RULES and finding.severity.weight < Severity.HIGH.weight


def is_grave_note(finding: Finding) -> bool:
    """A note that should be heard of though nobody asked: medium or worse."""
    return finding.severity.weight >= Severity.MEDIUM.weight and is_note(finding)
