"""The usage of containers goes on under the names of the pods that replace them."""

from typing import Any

from sandbox.controllers.kubelet.node import workload_of
from sandbox.controllers.world import World
from sandbox.series import Matcher

Json = dict[str, Any]

_OF_CONTAINERS = Matcher("__name__", "=~", "container_.*")


def begin(world: World, pod: Json, container: str) -> None:
    """A container was started: it uses what another of its workload used in the picture."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    now_s = world.timing.now().timestamp()
    model = world.models.get((namespace, workload_of(world, pod), container))
    if model:
        world.series.continue_as(_matchers(namespace, model, container), {"pod": name}, now_s)


def end(world: World, namespace: str, name: str) -> None:
    """A pod is gone, and its series with it."""
    now_s = world.timing.now().timestamp()
    world.series.end([Matcher("pod", "=", name), Matcher("namespace", "=", namespace)], now_s)


def _matchers(namespace: str, pod: str, container: str) -> list[Matcher]:
    labels = {"namespace": namespace, "pod": pod, "container": container}
    return [_OF_CONTAINERS, *(Matcher(name, "=", value) for name, value in labels.items())]
