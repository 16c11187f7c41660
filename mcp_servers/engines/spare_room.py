"""Whether more pods fit on the nodes there are, and how many nodes more they would take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_servers.facts.money import Amounts

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Fit:
    """Of the pods that come, `fitting` find room; for the others `nodes` like the largest are needed.

    `nodes` None: one pod asks for more than a whole node has.
    """

    fitting: int
    nodes: int | None


def fit(free: Sequence[Amounts], whole: Sequence[Amounts], pod: Amounts, coming: int) -> Fit:
    """`free` and `whole` are what nodes have left, and have in all. A pod that asks for nothing fits."""
    fitting = min(coming, sum(_times(one, pod, coming) for one in free))
    left = coming - fitting
    if not left:
        return Fit(fitting, 0)
    most = max((_times(one, pod, left) for one in whole), default=0)
    return Fit(fitting, math.ceil(left / most) if most else None)


def _times(room: Amounts, pod: Amounts, most: int) -> int:
    parts = ((room.cpu, pod.cpu), (room.memory, pod.memory), (room.gpu, pod.gpu))
    found = [have / wants + ROUNDING for have, wants in parts if wants > 0]
    return max(math.floor(min([most, *found])), 0)
