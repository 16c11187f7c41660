"""Autoscalers and disruption budgets over what is already told."""

from typing import Any

from tools.stories.pods import is_alive, is_ready
from tools.stories.times import stamp
from tools.stories.world import World

Json = dict[str, Any]

CALCULATED = (
    "the HPA was able to successfully calculate a replica count from cpu resource "
    "utilization (percentage of request)"
)


def make_autoscaler(
    world: World, namespace: str, name: str, least: int, most: int, cpu_percent: int
) -> None:
    """An HPA on CPU that is content with the replicas there are; target is 70 %."""
    deployment = world.find("Deployment", namespace, name)
    replicas = deployment["spec"]["replicas"]
    created = world.ago("190d")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    now = {"name": "cpu", "current": {"averageUtilization": cpu_percent, "averageValue": "84m"}}
    world.add(
        f"{namespace}/{name}",
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": world.meta("HorizontalPodAutoscaler", namespace, name, created),
            "spec": {
                "minReplicas": least,
                "maxReplicas": most,
                "scaleTargetRef": target,
                "metrics": [{"type": "Resource", "resource": resource}],
            },
            "status": {
                "currentReplicas": replicas,
                "desiredReplicas": replicas,
                "lastScaleTime": stamp(world.ago("19h")),
                "currentMetrics": [{"type": "Resource", "resource": now}],
                "conditions": _content(world),
            },
        },
    )


def _content(world: World) -> list[Json]:
    words = [
        ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
        (
            "ScalingActive",
            "True",
            "ValidMetricFound",
            CALCULATED,
        ),
        (
            "ScalingLimited",
            "False",
            "DesiredWithinRange",
            "the desired count is within the acceptable range",
        ),
    ]
    since = stamp(world.ago("18h"))
    return [
        {"type": kind, "status": status, "reason": reason, "message": text}
        | {"lastTransitionTime": since}
        for kind, status, reason, text in words
    ]


def make_budget(world: World, namespace: str, name: str, *, unavailable: int = 1) -> None:
    """A PodDisruptionBudget of `maxUnavailable` whose numbers follow from the pods."""
    deployment = world.find("Deployment", namespace, name)
    selector = deployment["spec"]["selector"]["matchLabels"]
    pods = [
        pod
        for pod in world.of_kind("Pod", namespace)
        if selector.items() <= pod["metadata"]["labels"].items() and is_alive(pod)
    ]
    healthy, expected = sum(map(is_ready, pods)), deployment["spec"]["replicas"]
    desired = expected - unavailable
    allowed = max(healthy - desired, 0)
    sufficient: Json = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "lastTransitionTime": max(
            one["lastTransitionTime"] for pod in pods for one in pod["status"]["conditions"]
        ),
    }
    world.add(
        f"{namespace}/{name}",
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": world.meta(
                "PodDisruptionBudget", namespace, name, world.ago("190d"), generation=1
            ),
            "spec": {"maxUnavailable": unavailable, "selector": {"matchLabels": selector}},
            "status": {
                "conditions": [sufficient],
                "currentHealthy": healthy,
                "desiredHealthy": desired,
                "disruptionsAllowed": allowed,
                "expectedPods": expected,
                "observedGeneration": 1,
            },
        },
    )
