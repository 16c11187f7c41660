"""Whether a change did what it was for, by the diagnosers that asked for it."""

from collections.abc import Sequence

from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Judgement, Plan
from mcp_servers.facts.kubernetes import Cluster


def judged(
    before: Sequence[Finding], after: Sequence[Finding], plan: Plan, cluster: Cluster
) -> Judgement:
    """What is left of the finding that the plan was for, and what came instead.

    `before` and `after` are all findings in scope, `cluster` is as it was after the change.
    """
    meant = [one for one in before if one.rule == plan.rule and one.resource == plan.target]
    left = [one for one in after if one.rule == plan.rule and one.resource == plan.target]
    known = {fingerprint(one) for one in before}
    least = max((one.severity.weight for one in meant), default=1)
    new = [
        one
        for one in after
        if fingerprint(one) not in known
        and one.resource == plan.target
        and one.severity.weight >= least
    ]
    return Judgement(not left, tuple(new))
