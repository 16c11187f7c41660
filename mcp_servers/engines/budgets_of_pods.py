"""How many pods may go: what disruption budgets leave, before and after more of them are away."""

from collections.abc import Sequence

from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.selectors import matches
from mcp_servers.engines.settling import is_ready
from mcp_servers.facts.kubernetes import Cluster, Resource


def budgets_of(cluster: Cluster, pod: Resource) -> list[Resource]:
    """The disruption budgets that guard a pod. An empty selector guards all of the namespace."""
    return [
        one
        for one in cluster.all("PodDisruptionBudget", pod.namespace)
        if matches(one.spec.get("selector"), pod.labels)
    ]


def allowed(budget: Resource) -> int:
    return whole(budget.status, "disruptionsAllowed")


def headroom(cluster: Cluster, pod: Resource) -> int | None:
    """How many such pods may be evicted now; None when nothing guards them.

    A pod that is not ready may go where its budget always allows that (`AlwaysAllow`), or while
    the budget still has as many healthy pods as it wants. Two budgets for one pod allow nothing:
    the Eviction API refuses to choose between them.
    """
    guarding = budgets_of(cluster, pod)
    if not guarding:
        return None
    if len(guarding) > 1:
        return 0
    budget = guarding[0]
    if not is_ready(pod) and _may_go_unready(budget):
        return max(1, allowed(budget))
    return allowed(budget)


def _may_go_unready(budget: Resource) -> bool:
    if text(budget.spec, "unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    healthy, wanted = (whole(budget.status, one) for one in ("currentHealthy", "desiredHealthy"))
    return healthy >= wanted > 0


def blocking(cluster: Cluster, pods: Sequence[Resource]) -> list[tuple[Resource, Resource]]:
    """(pod, budget) for each pod that could not be evicted now, however patiently one waits.

    A budget that allows one at a time lets all of them go one after the other.
    """
    return [(pod, budgets_of(cluster, pod)[0]) for pod in pods if headroom(cluster, pod) == 0]
