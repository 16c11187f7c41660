"""From a case to its folder; the same case is always the same bytes."""

from pathlib import Path

from evals.clusters.world import World
from evals.clusters.writing import write
from tools.cases.telling import CASES, Case
from tools.cases.worlds import GROUPS

__all__ = ["GROUPS", "folder_of", "known", "make"]


def known() -> dict[str, Case]:
    return {one.name: one for one in CASES}


def folder_of(case: Case, root: Path) -> Path:
    return root / ("rca_held_out" if case.held_out else "rca") / case.name


def make(case: Case, root: Path) -> int:
    """Write the case below `root`; returns its size in bytes."""
    world = World(seed=case.name)
    case.told(world)
    return write(world, folder_of(case, root))
