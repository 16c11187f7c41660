"""What points to a subagent: a pattern, what it is worth, and the intent it stands for."""

import re
from typing import NamedTuple


class Signal(NamedTuple):
    subagent: str
    intent: str
    weight: float
    pattern: re.Pattern[str]


def signals(*rows: tuple[str, str, float, str]) -> tuple[Signal, ...]:
    """Patterns are matched against lower-case text."""
    return tuple(
        Signal(subagent, intent, weight, re.compile(pattern, re.VERBOSE))
        for subagent, intent, weight, pattern in rows
    )
