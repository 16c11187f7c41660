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


# Params that hold words of ours; the others hold names and quotations, which stay as they are.
OUR_WORDS = frozenset({"what", "failure", "probe", "source", "state"})


def translated(params: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """Params with our own words (`refused, timeout`) in the words of a language."""
    return {
        name: _translated(value, words) if name in OUR_WORDS else value
        for name, value in params.items()
    }


def _translated(value: str, words: Mapping[str, str]) -> str:
    parts = value.split(", ")
    return ", ".join(words[part] for part in parts) if set(parts) <= words.keys() else value


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
