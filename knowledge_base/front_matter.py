"""The block of YAML at the head of a page: whose it is, what it is about, who may read it."""

import re
from dataclasses import dataclass
from typing import cast

import yaml

from core.errors import Invalid
from knowledge_base.sentences import SENTENCES

_BLOCK = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# More is no description of a page, and YAML can be made to grow.
MAX_CHARACTERS = 16_384
MAX_VALUES = 50
MAX_VALUE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class About:
    """What a page says of itself. Without `groups` everybody may read it."""

    title: str = ""
    owner: str = ""
    service: str = ""
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    general: tuple[str, ...] = ()  # pages of its folder that are about it more generally
    asked: tuple[str, ...] = ()  # how people ask for what the page tells, in any language


def parted(markdown: str) -> tuple[About, int]:
    """What the page says of itself, and where its text begins.

    Raises `Invalid` when the block is not YAML or holds something else than names and lists of them.
    """
    block = _BLOCK.match(markdown)
    if block is None:
        return About(), 0
    if len(block[1]) > MAX_CHARACTERS:
        raise SENTENCES.error(Invalid, "front_long", limit=MAX_CHARACTERS >> 10)
    try:
        fields: object = yaml.safe_load(block[1])
    except yaml.YAMLError as error:
        raise _not_yaml(error) from error
    if fields is None:
        return About(), block.end()
    if not isinstance(fields, dict):
        raise SENTENCES.error(Invalid, "front_unnamed")
    return _about(cast("dict[object, object]", fields)), block.end()


def _about(fields: dict[object, object]) -> About:
    return About(
        title=_text(fields, "title"),
        owner=_text(fields, "owner"),
        service=_text(fields, "service"),
        tags=_texts(fields, "tags"),
        groups=_texts(fields, "groups"),
        rules=_texts(fields, "rules"),
        general=_texts(fields, "general"),
        asked=_texts(fields, "asked"),
    )


def _text(fields: dict[object, object], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, (dict, list)):
        raise SENTENCES.error(Invalid, "front_many", name=name)
    return "" if value is None else str(value)[:MAX_VALUE_CHARACTERS]


def _texts(fields: dict[object, object], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if isinstance(value, dict):
        raise SENTENCES.error(Invalid, "front_mapping", name=name)
    values: list[object] = (
        cast("list[object]", value) if isinstance(value, list) else [*str(value or "").split(",")]
    )
    # A list in a list of lists, each named once, would become text without end.
    if any(isinstance(one, (dict, list)) for one in values):
        raise SENTENCES.error(Invalid, "front_nested", name=name)
    told = [str(one).strip()[:MAX_VALUE_CHARACTERS] for one in values]
    if len(told) > MAX_VALUES:
        raise SENTENCES.error(Invalid, "front_values", name=name, limit=MAX_VALUES)
    return tuple(dict.fromkeys(one for one in told if one))


def _not_yaml(error: yaml.YAMLError) -> Invalid:
    """Where it goes wrong, as the line of the file, in the words of the parser."""
    why = str(getattr(error, "problem", None) or error)
    if mark := getattr(error, "problem_mark", None):
        return SENTENCES.error(Invalid, "front_broken_at", why=why, line=mark.line + 2)
    return SENTENCES.error(Invalid, "front_broken", why=why)
