"""Calls made again, or nearly: what would tell the same, and what differs in a number only."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A look at the same thing with another bound is a second thought; this many are a habit, and more
# of them count as repeated calls.
NEARLY_NOTED = 4
NEARLY_REPEATED = 7

SAME = "Note: this told the very same as your call with other arguments before. Do not vary it further."
NEARLY = (
    "Note: this is call number {count} that differs from others only in {names}. "
    "Answer from what you have, or do something else."
)
_NUMBER = re.compile(r"[\d.:+TZ-]*\d[\d.:+TZ-]*(?:ms|[smhdw]|min)?")


def key_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """The same for calls that ask for the same: what is left out, padded or quoted is no difference."""
    told = {name: _plain(value) for name, value in arguments.items()}
    asked = {name: value for name, value in told.items() if value not in (None, "")}
    return f"{tool} {json.dumps(asked, sort_keys=True, default=str)}"


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    return int(stripped) if stripped.isdecimal() and stripped == str(int(stripped)) else stripped


@dataclass(frozen=True, slots=True)
class Likeness:
    """`note` is for the model; `repeats` says that nothing was to be learned from this call."""

    note: str = ""
    repeats: bool = False


@dataclass(slots=True)
class Nearly:
    """The calls of a turn, by what they ask once numbers and letter case are set aside."""

    _counts: Counter[str] = field(default_factory=Counter[str])
    _told: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def made(self, tool: str, arguments: Mapping[str, Any], text: str) -> Likeness:
        """What there is to say of a call that brought `text`, after the like of it."""
        shape = key_of(tool, {name: _shape(name, value) for name, value in arguments.items()})
        told_before = (shape, text) in self._told
        self._told.add((shape, text))
        self._counts[shape] += 1
        count = self._counts[shape]
        if told_before:
            return Likeness(SAME, repeats=True)
        if count < NEARLY_NOTED:
            return Likeness()
        names = ", ".join(name for name, value in arguments.items() if _is_number(name, value))
        note = NEARLY.format(count=count, names=names or "spelling")
        return Likeness(note, repeats=count >= NEARLY_REPEATED)


def _shape(name: str, value: Any) -> Any:
    if _is_number(name, value):
        return "#"
    return " ".join(value.lower().split()) if isinstance(value, str) else value


def _is_number(name: str, value: Any) -> bool:
    """A page is another one with every cursor."""
    if name == "cursor" or isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (
        isinstance(value, str) and bool(_NUMBER.fullmatch(value.strip()))
    )
