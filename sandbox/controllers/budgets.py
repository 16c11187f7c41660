"""PodDisruptionBudgets: how many pods may go now."""

from typing import Any

from sandbox.controllers.conditions import with_condition
from sandbox.controllers.replica_sets import replicas_of
from sandbox.controllers.replicas import is_active, is_ready
from sandbox.controllers.strategies import share_of
from sandbox.controllers.world import BUDGETS, PODS, RESOURCES, World, controller_of
from sandbox.fields import entries, section
from sandbox.store import Key

Json = dict[str, Any]


def reconcile(world: World, key: Key) -> None:
    budget = world.store.get(key)
    if budget is None:
        return
    selector = section(budget, "spec", "selector")
    pods = [pod for pod in world.matching(PODS, key.namespace, selector) if is_active(pod)]
    expected = _expected(world, budget, pods)
    healthy, desired = sum(map(is_ready, pods)), _desired(budget, expected)
    allowed = max(0, healthy - desired) if expected else 0
    conditions = with_condition(
        entries(budget, "status", "conditions"),
        world.timing,
        "DisruptionAllowed",
        "True" if allowed else "False",
        reason="SufficientPods" if allowed else "InsufficientPods",
    )
    status = {
        **section(budget, "status"),
        "conditions": conditions,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
    }
    if generation := budget["metadata"].get("generation"):
        status["observedGeneration"] = generation
    world.set_status(BUDGETS, budget, status)


def _expected(world: World, budget: Json, pods: list[Json]) -> int:
    """As many as the owners of the pods want; with a plain number to keep, as many as there are."""
    minimum = section(budget, "spec").get("minAvailable")
    if isinstance(minimum, int):
        return len(pods)
    owners: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        resource = RESOURCES.get(str(reference.get("kind")), "")
        owner = world.get(resource, pod["metadata"]["namespace"], str(reference.get("name")))
        if owner:
            owners[owner["metadata"]["uid"]] = replicas_of(owner)
    return sum(owners.values())


def _desired(budget: Json, expected: int) -> int:
    spec = section(budget, "spec")
    if (most := spec.get("maxUnavailable")) is not None:
        return max(0, expected - share_of(most, expected, up=True))
    return share_of(spec.get("minAvailable", 0), expected, up=True)
