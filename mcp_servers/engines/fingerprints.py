"""The mark by which one fault is known again, in the next look and from its other pods."""

import hashlib

from mcp_servers.facts.findings import Finding


def fingerprint(finding: Finding) -> str:
    """A hash of rule, resource, container and cause: equal for all pods of one fault."""
    parts = (finding.rule, str(finding.resource), finding.container, finding.cause_key)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
