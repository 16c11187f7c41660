"""Whether a change did what it was for, by the diagnosers that asked for it."""

from collections.abc import Sequence
from datetime import timedelta

from mcp_servers.engines.dependents import dependents_of
from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.fixes import Judgement, Plan
from mcp_servers.facts.kubernetes import Cluster, Ref

# What new pods bring with them, and for how long: nothing has been measured of them yet.
PASSING = {"hpa.metrics_unavailable": timedelta(minutes=2)}
# Nobody found a fault when a person asks for a change; what is grave and new is then a failure.
WITHOUT_A_FINDING = Severity.HIGH


def judged(
    before: Sequence[Finding], after: Sequence[Finding], plan: Plan, cluster: Cluster
) -> Judgement:
    """Whether the finding that the plan was for is gone, and what came instead.

    `before` and `after` are all findings in scope, `cluster` is as it was after the change. What
    is left of the finding as history (info, where it was more) counts as gone. New is what is at
    least as grave, on the targets of the plan or on those that depend on them.
    """
    meant = [one for one in before if _is_meant(one, plan)]
    left = [one for one in after if _is_meant(one, plan) and not _is_history(one, meant)]
    least = max((one.severity.weight for one in meant), default=WITHOUT_A_FINDING.weight)
    scope, known = _scope(plan, meant, cluster), {fingerprint(one) for one in before}
    new = [
        one
        for one in after
        if fingerprint(one) not in known
        and one.severity.weight >= least
        and not _passes(one, cluster)
        and (one.resource in scope or scope & set(one.affected))
    ]
    return Judgement(not left, tuple(new))


def unseen(cluster: Cluster) -> frozenset[str]:
    """What could not be looked at, of all that makes a diagnosis less certain."""
    return frozenset(one.what for one in cluster.not_checked if one.counts)


def _passes(finding: Finding, cluster: Cluster) -> bool:
    """Whether it is what any rollout brings with it for a while."""
    usual, since = PASSING.get(finding.rule), finding.since
    return usual is not None and since is not None and cluster.now - since < usual


def _is_meant(finding: Finding, plan: Plan) -> bool:
    if plan.finding:
        return fingerprint(finding) == plan.finding
    about = (finding.resource, *finding.affected)
    return bool(plan.rule) and finding.rule == plan.rule and plan.target in about


def _is_history(left: Finding, meant: Sequence[Finding]) -> bool:
    graver = any(one.severity.weight > left.severity.weight for one in meant)
    return left.severity is Severity.INFO and graver


def _scope(plan: Plan, meant: Sequence[Finding], cluster: Cluster) -> set[Ref]:
    targets = {plan.target, *(one.resource for one in meant)}
    for step in plan.steps:
        targets.add(step.write.target)
        if (held := cluster.get(step.write.target)) is not None:
            targets.add(top_owner(cluster, held))
    return targets | dependents_of(cluster, targets)
