"""Which of several findings about one object is repaired: its causes, and not what they bring about."""

from collections.abc import Sequence

from mcp_servers.engines.fixes import GOES_BACK, going_back, repair
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.fixes import Advice, Plan, Proposal, Repair
from mcp_servers.facts.kubernetes import Cluster

# What a revision of a workload may have brought with it, so that going back to another ends it.
BROUGHT_BY_A_REVISION = (
    "pod.crash_loop", "pod.exit_nonzero", "pod.exit_zero_loop", "pod.restart_storm", "pod.killed_not_oom",
    "pod.native_crash", "pod.start.", "pod.probe.", "pod.init_blocked", "pod.sidecar_unready",
    "pod.image_pull.not_found", "pod.image_pull.invalid_name", "pod.image_pull.arch", "pod.config_ref.",
    "app.missing_setting", "app.regression_after_change", "deploy.", "ds.", "sts.",
)  # fmt: skip


def chosen(
    causes: Sequence[Finding],
    symptoms: Sequence[Finding],
    behind: Sequence[Finding],
    cluster: Cluster,
    *,
    protected: frozenset[str] = frozenset(),
) -> tuple[Finding, Repair]:
    """The finding to repair and what is done about it; one of `causes` or `symptoms` must be given.

    Of the causes the first that leads to steps, then the first that is proposed. What they bring
    about is not repaired in their place, for it would come back, or be called mended while they
    stand. The one exception is going back to an earlier revision, where that can have brought the
    causes; it is then judged by them. `behind` are causes outside of what was asked about: they are named, and come first.
    """
    told = [(one, repair(one, cluster, protected=protected)) for one in causes]
    best = _gentlest(told)
    if best and not isinstance(best[1], Advice):
        return best
    if best is None and behind:
        return symptoms[0], _elsewhere(symptoms[0], behind[0])
    rest = [(one, repair(one, cluster, protected=protected)) for one in symptoms]
    if best is None:
        return _gentlest(rest) or rest[0]
    if any(_goes_back(way) for _, way in rest) and all(map(_comes_with_a_revision, causes)):
        ways = [(one, going_back(one, cluster, protected=protected)) for one in causes]
        return _gentlest(ways) or best
    return best


def _gentlest(repairs: Sequence[tuple[Finding, Repair]]) -> tuple[Finding, Repair] | None:
    """Steps before a proposal before advice; of those alike the first."""
    order = (Plan, Proposal, Advice)
    return min(repairs, key=lambda pair: order.index(type(pair[1])), default=None)


def _goes_back(way: Repair) -> bool:
    return way.fix == GOES_BACK and not isinstance(way, Advice)


def _comes_with_a_revision(cause: Finding) -> bool:
    return cause.rule.startswith(BROUGHT_BY_A_REVISION)


def _elsewhere(symptom: Finding, cause: Finding) -> Advice:
    params = {"cause": cause.rule, "cause_object": str(cause.resource)}
    return Advice("", symptom.rule, symptom.resource, "caused_elsewhere", params)
