"""The registry of all cases, with the split each belongs to."""

from collections.abc import Callable
from dataclasses import dataclass

from evals.clusters.telling import root, truth
from evals.clusters.world import World

__all__ = ["CASES", "Case", "case", "root", "truth"]

Told = Callable[[World], None]


@dataclass(frozen=True)
class Case:
    name: str
    told: Told
    held_out: bool


CASES: list[Case] = []


def case(name: str, *, fault: int) -> Callable[[Told], Told]:
    """Register a case of the fault class of that number.

    The split was chosen by number before any case was run: every third class is held out,
    its healthy twin with it.
    """

    def register(told: Told) -> Told:
        CASES.append(Case(name, told, held_out=fault % 3 == 0))
        return told

    return register
