"""`python -m tools.stories [NAME…]`: write these snapshots, or all of them."""

import sys
from pathlib import Path

from tools.stories.tales import TALES
from tools.stories.writing import write

SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"


def main(names: list[str]) -> int:
    if unknown := set(names) - set(TALES):
        print(f"No story {', '.join(sorted(unknown))}. Known: {', '.join(TALES)}.")
        return 2
    for name in names or TALES:
        size = write(TALES[name](), SNAPSHOTS / name)
        print(f"{name}: {size / 1000:.0f} kB")
    return 0


sys.exit(main(sys.argv[1:]))
