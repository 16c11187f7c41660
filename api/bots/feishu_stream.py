"""Feishu's long connection: frames over a web socket, each answered, with a sign of life now and then."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from api.bots.feishu_api import FeishuApi, NotTaken
from api.bots.feishu_frames import CONTROL, DATA, Frame, frame_of
from core.http import is_plain_loopback
from core.telemetry import logger

# What a connection may end with; it is opened again.
AWAY = (NotTaken, ClientError, OSError, TimeoutError, ValueError)
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0
CONNECT_S, PING_S = 10.0, 120.0
# A message in pieces: how many pieces, and how many such messages at a time.
MOST_PIECES, MOST_OPEN = 64, 32
Received = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
log = logger("midwatch.bots.feishu")


class FeishuStream:
    """`run` keeps one connection until it is cancelled."""

    def __init__(self, api: FeishuApi, api_url: str, received: Received) -> None:
        self._api, self._received = api, received
        self._plain = is_plain_loopback(api_url)
        self._pieces: dict[str, dict[int, bytes]] = {}
        self._ping_s = PING_S
        self._rest_s = FIRST_REST_S
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self._connected()
                except AWAY as error:
                    log.warning("bot.away", service="feishu", why=str(error))
                await asyncio.sleep(self._rest_s)
                self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        finally:
            await _ended(self._tasks)

    async def _connected(self) -> None:
        """One connection, from its opening to its end."""
        told = await self._api.endpoint()
        url = str(told["URL"])
        if urlsplit(url).scheme != "wss" and not self._plain:
            raise ValueError("Feishu named an address without TLS.")
        self._configure(told.get("ClientConfig"))
        timeout = ClientTimeout(total=None, sock_connect=CONNECT_S)
        async with ClientSession(timeout=timeout) as http, http.ws_connect(url) as socket:
            log.info("bot.connected", service="feishu")
            self._rest_s = FIRST_REST_S
            service = int(parse_qs(urlsplit(url).query).get("service_id", ["0"])[0])
            alive = asyncio.create_task(self._alive(socket, service))
            try:
                await self._listen(socket)
            finally:
                await _ended({alive})

    async def _listen(self, socket: ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            try:
                frame = frame_of(message.data)
            except ValueError as error:
                log.warning("feishu.no_frame", why=str(error))
                continue
            if frame.method == CONTROL:
                self._controlled(frame)
            elif frame.method == DATA:
                # A button may take a while; messages behind it are not to wait.
                task = asyncio.create_task(self._answer(socket, frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, socket: ClientWebSocketResponse, frame: Frame) -> None:
        """One event, once it is whole. What is not acknowledged comes again."""
        whole = self._whole(frame)
        if whole is None or frame.headers.get("type") != "event":
            return
        told: dict[str, Any] = {"code": 200}
        try:
            if answer := await self._received(orjson.loads(whole)):
                told["data"] = base64.b64encode(orjson.dumps(answer)).decode()
        except ValueError as error:
            log.warning("feishu.unreadable", why=str(error))
            told["code"] = 500
        payload = orjson.dumps(told)
        answer = Frame(DATA, frame.service, {**frame.headers}, payload, frame.sequence, frame.log)
        with suppress(ConnectionError, ClientError):  # it comes again over the next connection
            await socket.send_bytes(answer.told())

    def _whole(self, frame: Frame) -> bytes | None:
        """A message in pieces is put together; None as long as some are missing."""
        count, place = _count(frame, "sum", 1), _count(frame, "seq", 0)
        if count <= 1:
            return frame.payload
        if count > MOST_PIECES or not 0 <= place < count:
            return None
        named = frame.headers.get("message_id", "")
        pieces = self._pieces.setdefault(named, {})
        pieces[place] = frame.payload
        if len(pieces) < count:
            if len(self._pieces) > MOST_OPEN:
                del self._pieces[next(iter(self._pieces))]
            return None
        del self._pieces[named]
        return b"".join(pieces[one] for one in range(count))

    def _controlled(self, frame: Frame) -> None:
        if frame.headers.get("type") == "pong" and frame.payload:
            with suppress(ValueError):
                self._configure(orjson.loads(frame.payload))

    def _configure(self, told: Any) -> None:
        """How often Feishu wants a sign of life."""
        given = told.get("PingInterval") if isinstance(told, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(given, int) and given > 0:
            self._ping_s = float(given)

    async def _alive(self, socket: ClientWebSocketResponse, service: int) -> None:
        with suppress(ConnectionError, ClientError):  # whoever listens hears the end too
            while True:
                await socket.send_bytes(Frame(CONTROL, service, {"type": "ping"}).told())
                await asyncio.sleep(self._ping_s)


def _count(frame: Frame, name: str, otherwise: int) -> int:
    told = frame.headers.get(name, "")
    return int(told) if told.isdecimal() else otherwise


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
