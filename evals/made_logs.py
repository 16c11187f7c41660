"""Log lines of a made-up system: chatter, and the cries of the component that broke."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Line = tuple[float, str, str]  # seconds, component, message
Array = NDArray[np.floating[Any]]

CHATTER = (
    "handled request {a} in {b} ms",
    "cache refreshed, {a} entries kept of {b}",
    "connection from 10.0.{a}.{b} accepted",
    "WARN slow query {a} took {b} ms",
    "ERROR client {a} went away before the answer",
)
CRIES = (
    "ERROR cannot parse order {a}: unexpected token",
    "java.lang.IllegalStateException: ledger {a} is closed",
    "panic: runtime error: index out of range [{a}]",
    "wrong total for basket {a}, using {b}",
)
COMPLAINT = "ERROR call to backend failed after {a} ms, attempt {b}"


def made_lines(
    random: np.random.Generator,
    names: Sequence[str],
    timestamps: Array,
    at: float,
    broken: str = "",
    callers: Sequence[str] = (),
) -> tuple[Line, ...]:
    """Oldest first. After `at` the broken component cries, and those who call it complain, less."""
    begin, end = float(timestamps[0]), float(timestamps[-1])
    lines: list[Line] = []
    for name in names:
        said = random.choice(CHATTER, size=int(random.integers(40, 150))).tolist()
        lines += _spread(random, name, said, begin, end)
    if broken:
        cry = str(random.choice(CRIES))
        lines += _spread(random, broken, [cry] * int(random.integers(12, 40)), at, end)
        for caller in callers:
            lines += _spread(random, caller, [COMPLAINT] * int(random.integers(2, 12)), at, end)
    return tuple(sorted(lines))


def _spread(
    random: np.random.Generator, name: str, said: Sequence[str], begin: float, end: float
) -> list[Line]:
    whens = begin + random.random(len(said)) * (end - begin)
    numbers = random.integers(1, 255, size=(len(said), 2))
    return [
        (float(when), name, str(words).format(a=a, b=b))
        for when, words, (a, b) in zip(whens, said, numbers.tolist(), strict=True)
    ]
