"""`python -m tools.cases [NAME…]`: write these cases, or all of them."""

import sys
from pathlib import Path

from tools.cases.making import GROUPS, known, make

ROOT = Path(__file__).parents[2] / "evals" / "cases"


def main(names: list[str]) -> int:
    cases = known()
    if unknown := set(names) - set(cases):
        print(f"No case {', '.join(sorted(unknown))} in {len(GROUPS)} groups.")
        return 2
    for name in names or cases:
        print(f"{make(cases[name], ROOT) / 1000:6.1f} kB  {name}")
    return 0


sys.exit(main(sys.argv[1:]))
