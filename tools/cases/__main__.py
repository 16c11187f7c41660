"""`python -m tools.cases [NAME…]`: write these cases, or all of them."""

import sys
from pathlib import Path

from tools.cases.telling import CASES, Case
from tools.cases.world import World
from tools.cases.worlds import GROUPS
from tools.cases.writing import write

ROOT = Path(__file__).parents[2] / "evals" / "cases"


def made(case: Case) -> int:
    world = World(seed=case.name)
    case.told(world)
    return write(world, ROOT / ("rca_held_out" if case.held_out else "rca") / case.name)


def main(names: list[str]) -> int:
    known = {one.name: one for one in CASES}
    if unknown := set(names) - set(known):
        print(f"No case {', '.join(sorted(unknown))} in {len(GROUPS)} groups.")
        return 2
    for name in names or known:
        size = made(known[name])
        if size > 40_000 or not names:
            print(f"{size / 1000:6.1f} kB  {name}")
    return 0


sys.exit(main(sys.argv[1:]))
