"""What callers send: a body whose every field is known, and one that is read before its door reads it."""

import difflib
import hashlib
from collections.abc import Iterable
from typing import Annotated

from fastapi import Header, Request
from pydantic import BaseModel, ConfigDict
from starlette.types import Message, Receive

from api.sentences import SENTENCES
from core.errors import Stale


class Sent(BaseModel):
    """The body of a request. A field nobody knows is refused: whoever misspells one believes that it
    was heeded, and a scope or a limit left out by accident is the wrong answer told with confidence."""

    model_config = ConfigDict(extra="forbid")


# Only where the thing still is what its ETag said; without it, whatever it is now.
IfMatch = Annotated[
    str,
    Header(max_length=200, description="An ETag: change it only if it is still that."),
]


def tag_of(shown: BaseModel) -> str:
    """The ETag of what is shown: another one as soon as anything of it is."""
    return f'"{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]}"'


def check_match(given: str, shown: BaseModel) -> None:
    """Raises `Stale` where `given`, an If-Match, names none of what is there."""
    wanted = {one.strip() for one in given.split(",")}
    if given and not wanted & {"*", tag_of(shown)}:
        raise SENTENCES.error(Stale, "changed_meanwhile")


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


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, once more, then whatever the connection says next (that it closed)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
