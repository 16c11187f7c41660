"""What callers send: a body whose every field is known."""

import difflib
from collections.abc import Iterable

from fastapi import Request
from pydantic import BaseModel, ConfigDict


class Sent(BaseModel):
    """The body of a request. A field nobody knows is refused: whoever misspells one believes that it
    was heeded, and a scope or a limit left out by accident is the wrong answer told with confidence."""

    model_config = ConfigDict(extra="forbid")


def unknown_field(name: str, request: Request) -> str:
    """What is said of a field that the asked route does not take."""
    known = list(_fields(request))
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"There is no field {name!r}. Did you mean {near[0]!r}?"
    return f"There is no field {name!r}. Known here: {', '.join(known)}."


def _fields(request: Request) -> Iterable[str]:
    body = getattr(request.scope.get("route"), "body_field", None)
    kind = getattr(getattr(body, "field_info", None), "annotation", None)
    return getattr(kind, "model_fields", ())
