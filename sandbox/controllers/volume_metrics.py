"""What kubelets measure of volumes follows the volumes."""

from typing import Any

from sandbox.controllers.world import World
from sandbox.series import Matcher, is_growing

Json = dict[str, Any]

# Where time passes faster, so do the rounds in which it is measured.
SHORTEST_MS = 1000
_ROOM = Matcher("__name__", "=~", "kubelet_volume_stats_(available|capacity)_bytes")


def enlarge(world: World, claim: Json, by_bytes: float) -> None:
    """The file system of a claim has grown: there is more of it, and all of that is free."""
    about = {
        "namespace": str(claim["metadata"]["namespace"]),
        "persistentvolumeclaim": str(claim["metadata"]["name"]),
    }
    matchers = [_ROOM, *(Matcher(name, "=", value) for name, value in about.items())]
    now_s = world.timing.now().timestamp()
    for one in world.series.matching(matchers):
        if is_growing(one.growths):
            last = one.growths[-1]
            room = last.at(round(now_s * 1000)) + by_bytes
            interval_ms = max(SHORTEST_MS, round(last.interval_ms / world.timing.speed))
            world.series.hold(one.labels, room, now_s, interval_ms=interval_ms)
