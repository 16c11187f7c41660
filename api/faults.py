"""What is wrong with a value that was sent to a route, with what this route takes instead."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

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
    if not known:
        return told + SENTENCES.said("no_fields")
    near = difflib.get_close_matches(name, known, n=1)
    return told + (
        _meant(near[0]) if near else SENTENCES.said("known_fields", known=", ".join(known))
    )


def check_names(request: Request) -> None:
    """Raises `RequestValidationError` for what is asked in the query and the asked route does not take.

    It reads as heeded: a misspelt filter shows too much, and `DELETE …?usr=ann` is about oneself.
    """
    asked = list(request.query_params)
    if not asked:
        return
    known = set(_fields(request, in_query=True))
    unknown = [one for one in asked if one not in known]
    if unknown:
        told = [{"type": "extra_forbidden", "loc": ("query", one)} for one in unknown]
        raise RequestValidationError(told)


def _fields(request: Request, *, in_query: bool) -> Iterable[str]:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    for one in _queried(route.dependant) if in_query else (route.body_field,):
        kind: Any = getattr(getattr(one, "field_info", None), "annotation", None)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (field.alias or name for name, field in kind.model_fields.items())
        elif in_query:
            yield str(getattr(one, "alias", ""))


def _queried(dependant: Dependant) -> Iterable[object]:
    """What a route and its dependencies take of the query."""
    yield from dependant.query_params
    for below in dependant.dependencies:
        yield from _queried(below)
