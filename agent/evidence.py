"""The numbered evidence of one turn: what [n] stands for, and which numbers an answer used."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from agent.events import Citation

MARK = re.compile(r"\[(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\]")
SPACED_MARK = re.compile(rf"([ \t]?){MARK.pattern}")
LOCAL_MARK = re.compile(r"\[(e\d+)\]")
SHOWN_CHARACTERS = 300

# What a whole result is evidence of, by the words in the tool's name; the first that fits.
SOURCES = (
    ("logs", "log"),
    ("events", "event"),
    ("changed", "change"),
    ("changes", "change"),
    ("alerts", "alert"),
    ("prometheus", "metric"),
    ("top", "metric"),
    ("budgets", "metric"),
    ("forecast", "metric"),
    ("knowledge", "document"),
    ("kubernetes", "object"),
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A result's text with the turn's numbers in it.

    `numbers` maps a result's own evidence ids to them; `whole` is the number of the result
    itself, which stands in its text when it has no evidence items.
    """

    text: str
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    whole: int = 0


@dataclass(slots=True)
class Evidence:
    """Numbers every piece of evidence of a turn once, in the order it was found."""

    citations: list[Citation] = field(default_factory=list[Citation])
    _known: dict[tuple[str, str, str], int] = field(default_factory=dict[tuple[str, str, str], int])

    def number(self, tool: str, arguments: Mapping[str, Any], text: str, data: Any) -> Numbered:
        """Give the evidence of one tool result its numbers, and put them into its text."""
        numbers: dict[str, int] = {}
        legend: list[str] = []
        for item in _items(data):
            n = self._add(item["source"], item["ref"], item["text"], item.get("at"))
            numbers[item["id"]] = n
            if f"[{item['id']}]" not in text:
                legend.append(f"[{n}] {item['ref']}")
        whole = self._add(_source(tool), _call(tool, arguments), _first_lines(text), None)
        if not numbers:
            return Numbered(f"[{whole}] {text}", whole=whole)
        told = LOCAL_MARK.sub(lambda found: _mark(numbers.get(found[1])), text)
        unmarked = "\nCite as: " + "; ".join(dict.fromkeys(legend)) if legend else ""
        return Numbered(told + unmarked, numbers, whole)

    def told(self, by: str, text: str, at: datetime) -> int:
        """The number of what a person told; it is evidence of that, and of no more."""
        return self._add("person", by, text, at.isoformat())

    def kept(self) -> list[list[str]]:
        """Plain values, for a checkpoint: what each number stands for, in the order of numbers."""
        at = (one.at.isoformat() if one.at else "" for one in self.citations)
        return [[*key, when] for key, when in zip(self._known, at, strict=True)]

    def take_back(self, kept: Sequence[Sequence[str]]) -> None:
        """Give out again what was given out before; what is known already keeps its number."""
        for source, ref, text, at in kept:
            self._add(source, ref, text, at or None)

    def cited_in(self, answer: str) -> tuple[Citation, ...]:
        """What the numbers of an answer stand for, in the order of the numbers."""
        used = {int(n) for found in MARK.findall(answer) for n in re.findall(r"\d+", found)}
        return tuple(one for one in self.citations if one.n in used)

    def without_unknown(self, text: str) -> str:
        """The text without the numbers that nobody gave, nor the space before those."""
        return SPACED_MARK.sub(self._known_only, text)

    def _known_only(self, found: re.Match[str]) -> str:
        numbers = [int(n) for n in re.findall(r"\d+", found[2])]
        kept = "".join(f"[{n}]" for n in numbers if 1 <= n <= len(self.citations))
        return f"{found[1]}{kept}" if kept else ""

    def _add(self, source: str, ref: str, text: str, at: object) -> int:
        key = (source, ref, text)
        if key not in self._known:
            n = len(self.citations) + 1
            self._known[key] = n
            self.citations.append(Citation(n, source, ref, text[:SHOWN_CHARACTERS], _time(at)))
        return self._known[key]


def _items(data: Any) -> Iterator[dict[str, Any]]:
    """Every evidence item in structured content, wherever it stands, first seen first."""
    if isinstance(data, list):
        for one in cast("list[Any]", data):
            yield from _items(one)
    elif isinstance(data, dict):
        fields = cast("dict[str, Any]", data)
        item = _as_item(fields)
        if item:
            yield item
        for value in fields.values() if not item else ():
            yield from _items(value)


def _as_item(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    if {"id", "source", "ref", "text"} <= fields.keys():
        return {**fields, "ref": str(fields["ref"]), "text": str(fields["text"])}
    return None


def _source(tool: str) -> str:
    return next((source for word, source in SOURCES if word in tool), "tool")


def _call(tool: str, arguments: Mapping[str, Any]) -> str:
    told = " ".join(f"{key}={value}" for key, value in arguments.items() if value not in ("", None))
    return f"{tool} {told}".strip()


def _first_lines(text: str) -> str:
    return " · ".join(line.strip() for line in text.splitlines() if line.strip())[:SHOWN_CHARACTERS]


def _mark(n: int | None) -> str:
    return f"[{n}]" if n else ""


def _time(at: object) -> datetime | None:
    try:
        return datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        return None
