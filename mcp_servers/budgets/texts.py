"""The sentences of the cost tools, in English and Chinese."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from mcp_servers.engines.wording import worded

Language = Annotated[Literal["en", "zh"], Field(description="Language of the notes.")]


class Note(BaseModel):
    code: str
    text: str

    @classmethod
    def of(cls, code: str, language: str, **params: object) -> "Note":
        return cls(code=code, text=sentence(code, language, **params))


@cache
def _catalogue(language: str) -> Mapping[str, Any]:
    text = files("mcp_servers.budgets").joinpath("catalogue", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def sentence(code: str, language: str, **params: object) -> str:
    group, _, name = code.partition(".")
    template = str(_catalogue(language)[group][name])
    return worded(template, {key: str(value) for key, value in params.items()})
