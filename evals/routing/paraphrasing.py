"""The same request said in many ways: lines of `phrases/*.txt`, unfolded.

    SUBAGENT/INTENT | TEXT with (one|another) and [perhaps|maybe this] and {slots}

A line stands for thousands of sentences; a few are drawn of it, always the same ones.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from core.errors import Invalid

HERE = Path(__file__).parent / "phrases"
# How often something that may be left out is left out.
LEFT_OUT = 0.45
# How often it is tried to draw another sentence of a line.
TRIES = 3
# Names and numbers are all the same to who reads them, so a few stand for all.
NAMES: Mapping[str, Sequence[str]] = {
    "n": ("pay-api", "order-svc", "auth-gw"),
    "n2": ("cart-db",),
    "ns": ("shop", "batch", "labs"),
    "t": ("core", "mobile"),
    "al": ("DiskFull", "HighLatency", "TargetDown"),
    "node": ("node-7", "gpu-3"),
    "pod": ("redis-0", "import-7"),
    "job": ("nightly-export", "import-7"),
    "time": ("14:10", "06:30"),
}
SLOTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "en": {
        **NAMES,
        "num": ("3", "80", "two"),
        "money": ("5000 usd", "$800", "1200 EUR"),
        "ch": ("slack", "email", "feishu"),
        "for": ("2 hours", "30 minutes", "1h"),
        "back": ("in the last hour", "since yesterday", "today", "last week", "this month"),
        "ahead": ("for the next week", "next month", "over the next 3 days", "tomorrow"),
    },
    "zh": {
        **NAMES,
        "num": ("3", "80", "两"),
        "money": ("5000 美元", "3 万元", "800 欧元"),
        "ch": ("钉钉", "飞书", "slack", "邮件", "企业微信"),
        "for": ("两小时", "30 分钟", "一小时", "3 天"),
    },
}


class Phrase(NamedTuple):
    """One way to say something, and what it asks for."""

    subagent: str
    intent: str
    text: str


class _Choice(NamedTuple):
    """One of several, each a row of words and further choices; perhaps none of them."""

    rows: Sequence[Sequence["str | _Choice"]]
    may_be_left_out: bool


def phrases(language: str, *, of_each: int) -> Iterator[Phrase]:
    """`of_each` different sentences of each line, fewer where it has no more."""
    path = HERE / f"{language}.txt"
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        label, separator, text = line.partition(" | ")
        subagent, slash, intent = label.partition("/")
        if not (separator and slash):
            raise Invalid(f"{path.name} line {number} is no phrase.", hint="SUBAGENT/INTENT | TEXT")
        for said in unfolded(text, SLOTS[language], of_each):
            yield Phrase(subagent, intent, said)


def unfolded(text: str, slots: Mapping[str, Sequence[str]], at_most: int) -> list[str]:
    """Different sentences of a folded one, in the order in which they were drawn."""
    drawn, choice = random.Random(text), _read(text)  # noqa: S311  always the same draw
    told = dict.fromkeys(_said(choice, slots, drawn) for _ in range(TRIES * at_most))
    return [one for one in told if one][:at_most]


def _read(text: str) -> _Choice:
    rows, _ = _rows(text, 0, "")
    return _Choice(rows, may_be_left_out=False)


def _rows(text: str, place: int, until: str) -> tuple[list[list["str | _Choice"]], int]:
    rows: list[list[str | _Choice]] = [[]]
    while place < len(text) and text[place] != until:
        match text[place]:
            case "(" | "[" as opened:
                inner, place = _rows(text, place + 1, ")" if opened == "(" else "]")
                rows[-1].append(_Choice(inner, may_be_left_out=opened == "["))
            case "|":
                rows.append([])
            case ")" | "]":
                raise Invalid(f"{text!r} closes what it never opened.")
            case letter:
                rows[-1].append(letter)
        place += 1
    return rows, place


def _said(choice: _Choice, slots: Mapping[str, Sequence[str]], drawn: random.Random) -> str:
    text = _drawn(choice, drawn)
    text = re.sub(r"\{(\w+)\}", lambda slot: drawn.choice(slots[slot[1]]), text)
    return re.sub(r"\s+", " ", text).strip()


def _drawn(choice: _Choice, drawn: random.Random) -> str:
    if choice.may_be_left_out and drawn.random() < LEFT_OUT:
        return ""
    row = drawn.choice(choice.rows)
    return "".join(one if isinstance(one, str) else _drawn(one, drawn) for one in row)
