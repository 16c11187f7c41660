"""What a step may do beyond what it is meant to do, computed from the cluster."""

from mcp_servers.facts.fixes import Plan, Risk, Step
from mcp_servers.facts.kubernetes import Cluster, Json


def assess(
    plan: Plan, step: Step, before: Json | None, after: Json | None, cluster: Cluster
) -> Risk:
    """The risk of one step: never below the plan's base, raised by what the facts say.

    `before` is the live object, `after` what a dry run answered (None: it is not there).
    """
    reversible = "reversible" if step.inverse is not None else "not_reversible"
    return Risk(plan.base, ((reversible, {}),))
