"""What is wrong with a value that was given, as pydantic found it, in every language people read."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from core.sentences import Said

CATALOGUE = "faults_zh.toml"
# What pydantic puts before a sentence that is a validator's own.
OWN = ("Value error, ", "Assertion failed, ")


class Unfit(ValueError):
    """A value that a validator of ours does not take, with the reason in each language."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.inside().told("en"))
        self.why = why


def said(fault: Mapping[str, Any]) -> Said:
    """One entry of `ValidationError.errors()`: our own words, else pydantic's in English and what
    is known by their type in Chinese."""
    if own := _own(fault):
        return own.why
    english = str(fault["msg"])
    for prefix in OWN:
        english = english.removeprefix(prefix)
    return Said(str(fault["type"]), {"en": english, "zh": _chinese(fault, english)})


def inside(fault: Mapping[str, Any]) -> Said:
    """The same, to stand inside another sentence."""
    told = said(fault).inside()
    if _own(fault):
        return told
    texts, english = told.texts, told.texts["en"]
    return Said(str(fault["type"]), {**texts, "en": f"{english[:1].lower()}{english[1:]}"})


def _context(fault: Mapping[str, Any]) -> Mapping[str, Any]:
    return fault.get("ctx") or {}


def _own(fault: Mapping[str, Any]) -> Unfit | None:
    error = _context(fault).get("error")
    return error if isinstance(error, Unfit) else None


def _chinese(fault: Mapping[str, Any], english: str) -> str:
    known = _catalogue().get(str(fault["type"]))
    if known is None:
        return f"值无效：{english}"
    told = {name: _shown(value) for name, value in _context(fault).items()}
    return known.format_map(defaultdict(str, told))


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace(" or ", " 或 ")


@cache
def _catalogue() -> Mapping[str, str]:
    """Sentences by pydantic's name for a fault."""
    return tomllib.loads(files("core").joinpath("catalogue", CATALOGUE).read_text("utf-8"))
