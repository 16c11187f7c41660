"""What rules say to people: one catalogue a language, the same keys in both."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from agent.intents import Language


@cache
def _catalogue(language: str) -> Mapping[str, Any]:
    text = files("agent.wording").joinpath(f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def phrase(key: str, language: Language, /, **params: object) -> str:
    """The text at "section.key" with its {params} filled in."""
    section, _, name = key.partition(".")
    template = str(_catalogue(language)[section][name])
    return template.format(**params) if params else template


def keys(language: Language) -> set[str]:
    """Every key of a catalogue; the two must be equal."""
    return {
        f"{section}.{name}" for section, texts in _catalogue(language).items() for name in texts
    }
