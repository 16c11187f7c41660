"""The usage of containers goes on under the names of the pods that replace them."""

from typing import Any

from sandbox.controllers.behaviour import Behaviour, memory_limit
from sandbox.controllers.kubelet.node import workload_of
from sandbox.controllers.world import World
from sandbox.series import Matcher, Series

Json = dict[str, Any]

# How much of its limit a container that outgrows it needs to start.
_AT_FIRST = 0.4
_OF_CONTAINERS = Matcher("__name__", "=~", "container_.*")


def begin(world: World, pod: Json, container: str) -> None:
    """A container was started: it uses what another of its workload used in the picture."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    now_s = world.timing.now().timestamp()
    model = world.models.get((namespace, workload_of(world, pod), container))
    if model:
        world.series.continue_as(_matchers(namespace, model, container), {"pod": name}, now_s)


def climb(world: World, pod: Json, container: Json, behaviour: Behaviour) -> None:
    """The memory of a container that will be killed for it rises to its limit until then."""
    limit, now_s = memory_limit(container), world.timing.now().timestamp()
    if limit is None or behaviour.working_set_bytes <= limit:
        return
    first = limit * _AT_FIRST
    lasts_s = max(behaviour.killed_after_s / world.timing.speed, 1.0)
    for one in _working_sets(world, pod, container):
        interval_ms = one.growths[-1].interval_ms
        world.series.hold(one.labels, first, now_s, interval_ms=interval_ms)
        world.series.pace(one.labels, (limit - first) / lasts_s, now_s)


def rest(world: World, pod: Json, container: Json) -> None:
    """A container has ended: its memory rises no more."""
    for one in _working_sets(world, pod, container):
        world.series.pace(one.labels, 0.0, world.timing.now().timestamp())


def _working_sets(world: World, pod: Json, container: Json) -> list[Series]:
    about = {
        "__name__": "container_memory_working_set_bytes",
        "namespace": str(pod["metadata"]["namespace"]),
        "pod": str(pod["metadata"]["name"]),
        "container": str(container.get("name")),
    }
    matchers = [Matcher(name, "=", value) for name, value in about.items()]
    return [one for one in world.series.matching(matchers) if one.growths]


def end(world: World, namespace: str, name: str) -> None:
    """A pod is gone, and its series with it."""
    now_s = world.timing.now().timestamp()
    world.series.end([Matcher("pod", "=", name), Matcher("namespace", "=", namespace)], now_s)


def _matchers(namespace: str, pod: str, container: str) -> list[Matcher]:
    labels = {"namespace": namespace, "pod": pod, "container": container}
    return [_OF_CONTAINERS, *(Matcher(name, "=", value) for name, value in labels.items())]
