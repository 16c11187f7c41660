"""What is wrong with a value that was sent to a route, with what this route takes instead."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request

from api.sentences import SENTENCES
from core import faults
from core.sentences import Said

_CHOICE = re.compile(r"'([^']*)'")


def said(fault: Mapping[str, Any], request: Request) -> Said:
    """One fault of pydantic's as a sentence, in each language."""
    if fault["type"] == "extra_forbidden":
        return _unknown(fault["loc"], request)
    if fault["type"] in ("literal_error", "enum"):
        choices = [one for one in _CHOICE.findall(str(fault["ctx"]["expected"])) if one]
        told = SENTENCES.said("value_one_of", choices=", ".join(choices))
        near = difflib.get_close_matches(str(fault["input"])[:100], choices, n=1, cutoff=0.7)
        return told + _meant(near[0]) if near else told
    return faults.said(fault)


def _meant(name: str) -> Said:
    return SENTENCES.said("value_meant", name=name)


def _unknown(location: tuple[int | str, ...], request: Request) -> Said:
    """Of a field that the asked route does not take: the nearest that it takes, or all."""
    name, known = str(location[-1]), list(_fields(request, in_query=location[0] == "query"))
    told = SENTENCES.said("no_field", name=name)
    near = difflib.get_close_matches(name, known, n=1)
    return told + (
        _meant(near[0]) if near else SENTENCES.said("known_fields", known=", ".join(known))
    )


def _fields(request: Request, *, in_query: bool) -> Iterable[str]:
    route = request.scope.get("route")
    found = getattr(getattr(route, "dependant", None), "query_params", ()) if in_query else ()
    body = [] if in_query else [getattr(route, "body_field", None)]
    for one in (*found, *body):
        kind = getattr(getattr(one, "field_info", None), "annotation", None)
        yield from getattr(kind, "model_fields", ())
