"""Why a change is not made: a sentence of the catalogue, as an error or as part of a plan."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from core.errors import Forbidden, OpsError
from mcp_servers.engines.wording import worded
from mcp_servers.facts.guards import Refusal

Language = Literal["en", "zh"]


@cache
def _catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    folder = files("mcp_servers.autofix").joinpath("catalogue")
    return tomllib.loads(folder.joinpath(f"refusals_{language}.toml").read_text("utf-8"))


def told(refusal: Refusal, language: Language = "en") -> tuple[str, str]:
    """The sentence, and what would have to be true."""
    entry = _catalogue(language)[refusal.key]
    return worded(entry["message"], refusal.params), worded(entry["hint"], refusal.params)


def refuse(refusal: Refusal | None, kind: type[OpsError] = Forbidden) -> None:
    """Raise what a guard answered, if it said no."""
    if refusal is not None:
        message, hint = told(refusal)
        raise kind(message, hint=hint)
