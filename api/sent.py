"""What callers send: a body whose every field is known, and one that is read before its door reads it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import Header
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


def tag_of_fields(shown: Mapping[str, Any], fields: Iterable[str]) -> str:
    """The ETag of what people set of a thing, whatever else is told with it changes by itself."""
    told = orjson.dumps([shown[name] for name in fields], option=orjson.OPT_SORT_KEYS, default=str)
    return f'"{hashlib.sha256(told).hexdigest()[:16]}"'


def check_match(given: str, shown: BaseModel) -> None:
    """Raises `Stale` where `given`, an If-Match, names none of what is there."""
    check_tag(given, tag_of(shown))


def check_tag(given: str, tag: str) -> None:
    """The same by its ETag."""
    wanted = {one.strip() for one in given.split(",")}
    if given and not wanted & {"*", tag}:
        raise SENTENCES.error(Stale, "changed_meanwhile")


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
