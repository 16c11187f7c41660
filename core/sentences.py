"""Sentences for people in every language they read: named, filled, from one catalogue a language.

A package keeps them in `catalogue/<name>_en.toml` and `_zh.toml`, with the same keys:

    [after_rollback]
    message = "The last change of {object} was rolled back."
    hint = "Find out why before it is changed again."
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Protocol, Self, TypeVar

from core.errors import OpsError

LANGUAGES = ("en", "zh")
# Between a sentence and the next one.
JOINTS = {"en": " ", "zh": ""}
Kind = TypeVar("Kind", bound=OpsError)


class Told(Protocol):
    """What is said in more than one language."""

    def told(self, language: str) -> str: ...


# What fills a sentence: a name, a number, or something that is itself said in each language.
Fact = str | int | Told


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said, by language. `reason` is what programs know it by."""

    reason: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    def told(self, language: str) -> str:
        return self.texts.get(language) or self.texts.get("en", "")

    def __str__(self) -> str:
        return self.told("en")

    def __bool__(self) -> bool:
        return bool(self.texts.get("en"))

    def inside(self) -> "Said":
        """Without its full stop, to stand inside another sentence."""
        return Said(self.reason, {one: text.rstrip(".。") for one, text in self.texts.items()})

    def __add__(self, other: "Said") -> "Said":
        """One after the other."""
        told = {
            one: JOINTS[one].join(part.told(one) for part in (self, other) if part)
            for one in LANGUAGES
        }
        return Said(self.reason or other.reason, told)

    @classmethod
    def of(cls, one: Told, reason: str = "") -> Self:
        return cls(reason, {language: one.told(language) for language in LANGUAGES})

    @classmethod
    def kept(cls, shape: Mapping[str, str] | None) -> Self:
        """As `texts` was written down."""
        return cls("", dict(shape or {}))


@dataclass(frozen=True)
class Sentences:
    """The catalogues of one package."""

    package: str
    name: str = "refusals"

    def said(self, key: str, /, **facts: Fact) -> Said:
        """The sentence of that name, and its hint where it has one, in each language."""
        parts = {one: self._parts(one, key, facts) for one in LANGUAGES}
        told = {one: JOINTS[one].join(part for part in parts[one] if part) for one in LANGUAGES}
        return Said(key, told)

    def error(self, kind: type[Kind], key: str, /, **facts: Fact) -> Kind:
        """An error of that kind that says it."""
        message, hint = self._parts("en", key, facts)
        others = {one: self.said(key, **facts).told(one) for one in LANGUAGES if one != "en"}
        return kind(message, hint=hint, reason=key, texts=others)

    def parts(self, language: str, key: str, /, **facts: Fact) -> tuple[str, str]:
        """Message and hint apart, in one language."""
        return self._parts(language, key, facts)

    def keys(self, language: str) -> Mapping[str, Mapping[str, str]]:
        """The templates of one language; every language has the same keys."""
        return self._catalogues[language]

    def _parts(self, language: str, key: str, facts: Mapping[str, Fact]) -> tuple[str, str]:
        entry = self._catalogues[language][key]
        filling = {name: _in(one, language) for name, one in facts.items()}
        message = entry["message"].format_map(filling)
        return message, entry.get("hint", "").format_map(filling).strip()

    @cached_property
    def _catalogues(self) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        folder = files(self.package).joinpath("catalogue")
        return {
            one: tomllib.loads(folder.joinpath(f"{self.name}_{one}.toml").read_text("utf-8"))
            for one in LANGUAGES
        }


def _in(fact: Fact, language: str) -> str:
    return str(fact) if isinstance(fact, str | int) else fact.told(language)
