"""From a seed to snapshot folders; the same seed always gives the same bytes."""

from collections.abc import Sequence
from pathlib import Path

from evals.clusters.writing import write
from evals.generated.blinding import blind
from evals.generated.families import GROUPS
from evals.generated.namespaces import furnish
from evals.generated.noise import make_noise
from evals.generated.registry import FAULTS, REPAIRS, Fault
from evals.generated.repairs import GROUPS as REPAIR_GROUPS
from evals.generated.scene import Scene

__all__ = ["FAULTS", "GROUPS", "HELD_OUT_FROM", "REPAIRS", "REPAIR_GROUPS", "make_cases"]

# Seeds below are for development: look at every failure. Of those from here on, read totals only.
HELD_OUT_FROM = 1000


def make_cases(
    root: Path, *, count: int, seed: int, faults: Sequence[Fault] = tuple(FAULTS)
) -> None:
    """Write `count` cases below `root`, going round the faults; each round draws anew.

    A last round that is not whole takes faults from all of the list.
    """
    rounds, left = divmod(count, len(faults))
    for turn in range(rounds):
        for fault in faults:
            make_case(root, fault, f"{seed}/{turn}")
    for n in range(left):
        make_case(root, faults[n * len(faults) // left], f"{seed}/{rounds}")


def make_case(root: Path, fault: Fault, draw: str, *, space: str = "") -> None:
    scene = Scene(f"{draw}/{fault.slug}", space=space)
    fault.told(scene)
    make_noise(scene)
    blind(scene.world, fault)
    furnish(scene.world)
    write(scene.world, root / f"{fault.slug}-{draw.replace('/', '-')}")
