"""A request is worked on as long as its caller waits for the answer, and no longer."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio

# ASGI's own shapes, which no library has to be loaded for.
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def while_waited_for(app: App) -> App:
    """`app`, cancelled when its caller hangs up before the whole answer was sent.

    A server that answers in plain JSON reads nothing after the body, so it would not notice.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _answered(app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


async def _answered(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    passed, heard = anyio.create_memory_object_stream[Message](0)
    sent = anyio.Event()

    async def listen() -> None:
        while (message := await receive())["type"] != "http.disconnect" or sent.is_set():
            await passed.send(message)
        group.cancel_scope.cancel()

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            sent.set()
        await send(message)

    with passed, heard:
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            await app(scope, heard.receive, tell)
            group.cancel_scope.cancel()
