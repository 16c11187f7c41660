"""DingTalk's stream by DingTalk's own library, in a thread of its own: it waits where nothing else may."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, cast

from dingtalk_stream import (
    AckMessage,
    CallbackHandler,
    CallbackMessage,
    ChatbotMessage,
    Credential,
    DingTalkStreamClient,
)

from core.settings.bots import DingTalkSettings

# How long the library may take to close its connection.
ENDING_S = 5.0
Received = Callable[[Mapping[str, Any]], Awaitable[None]]


class _Client(DingTalkStreamClient):
    """The library tells its own address to DingTalk by asking a machine in the internet for the way."""

    ended = False

    def get_host_ip(self) -> str:
        return ""

    def open_connection(self) -> Any:
        return None if self.ended else super().open_connection()


class _Handler(CallbackHandler):
    def __init__(self, received: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._received = received

    async def process(self, message: CallbackMessage) -> Any:
        """Acknowledged at once: DingTalk sends again what waits."""
        self._received(cast("Mapping[str, Any]", message.data))
        return AckMessage.STATUS_OK, "OK"


class DingTalkStream:
    """Use it as `with DingTalkStream(…)`: it connects, and again whenever it was cut, until the end."""

    def __init__(self, settings: DingTalkSettings, received: Received) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = received
        self._tasks: set[asyncio.Task[None]] = set()
        self._own: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        secret = settings.client_secret.get_secret_value()
        # The library reads the address from a variable when it is imported.
        opening = f"{settings.api_url}/v1.0/gateway/connections/open"
        DingTalkStreamClient.OPEN_CONNECTION_API = opening
        logger = logging.getLogger("midwatch.bots.dingtalk.library")
        self._client: Any = _Client(Credential(settings.client_id, secret), logger=logger)
        self._client.register_callback_handler(ChatbotMessage.TOPIC, _Handler(self._heard))
        self._thread = threading.Thread(target=self._run, name="dingtalk", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.call_soon_threadsafe(self._over.set)
        self._thread.join(timeout=ENDING_S)
        for task in self._tasks:
            task.cancel()

    def _run(self) -> None:
        asyncio.run(self._alive())

    async def _alive(self) -> None:
        self._own = asyncio.get_running_loop()
        listening = asyncio.create_task(self._client.start())
        await self._over.wait()
        self._client.ended = True
        if self._client.websocket is not None:
            await self._client.websocket.close()
        await _ended(listening)

    def _heard(self, message: Mapping[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._begin, message)

    def _begin(self, message: Mapping[str, Any]) -> None:
        task = asyncio.ensure_future(self._received(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _ended(listening: asyncio.Task[None]) -> None:
    """The library takes an end for a broken connection and waits to begin again: it is told until it is over."""
    while not listening.done():
        listening.cancel()
        await asyncio.wait([listening], timeout=0.05)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
