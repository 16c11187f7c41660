"""A plugin of pytest: what services were sent and answered while tests ran, one line of JSON each.

The service is imported when pytest is ready: what it leaves out of LangChain, other plugins look for.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "EXAMPLES_FOLDER"
# More would be cut to pieces.
MOST_BYTES = 200_000


def pytest_configure() -> None:
    """As a plugin: every service of this process keeps what it answers."""
    from api.app import Midwatch

    Midwatch.__call__ = noted(Midwatch.__call__)


def noted(answered: Callable[..., Any]) -> Callable[..., Any]:
    """The same service, with a note of every exchange that went well."""

    async def call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        sent, told, head = bytearray(), bytearray(), dict[str, Any]()

        async def received() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            told.extend(message.get("body", b""))
            await send(message)

        await answered(app, scope, received, answer)
        kind = dict(head.get("headers", ())).get(b"content-type", b"")
        if kind.startswith(b"text/event-stream"):
            told.clear()  # what was asked is an example all the same
        elif kind != b"application/json":
            return
        if 200 <= head["status"] < 300 and len(sent) + len(told) < MOST_BYTES:
            route = getattr(scope.get("route"), "path", "")
            note(f"{scope['method'].lower()} {route}", bytes(sent), bytes(told))

    return call


def note(route: str, sent: bytes, told: bytes) -> None:
    line = json.dumps([route, _read(sent), _read(told)])
    place = Path(os.environ[FOLDER], f"{os.getpid()}.jsonl")
    with place.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _read(body: bytes) -> Any:
    """None for what is no JSON: a form, a file."""
    try:
        return json.loads(body)
    except ValueError:
        return None
