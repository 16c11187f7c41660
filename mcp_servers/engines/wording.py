"""Fills the sentences of the catalogue."""

import re
from collections.abc import Mapping

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PARAM = re.compile(r"\{(\w+)\}")


def worded(template: str, params: Mapping[str, str]) -> str:
    """A template with its `{params}` filled in.

    A part in square brackets is optional: it falls away when a param inside is empty, so that
    no sentence says "the limit of " about a container without one. What a param holds is never
    read as a template.
    """
    return "".join(_parts(template, params)).strip()


def params_of(template: str) -> frozenset[str]:
    """The names of all params a template uses."""
    return frozenset(_PARAM.findall(template))


def _parts(template: str, params: Mapping[str, str]) -> list[str]:
    parts: list[str] = []
    for position, part in enumerate(_OPTIONAL.split(template)):
        optional = position % 2 == 1
        if not optional or all(params[name] for name in params_of(part)):
            parts.append(_PARAM.sub(lambda match: params[match.group(1)], part))
    return parts
