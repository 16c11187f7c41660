"""Feishu on loopback: its open API and long connection as far as a bot meets them, strict about what it is sent.

`tests/clients/feishu.py` shows that Feishu's own library takes this for Feishu.
"""

import asyncio
import base64
import hashlib
import itertools
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from api.bots.feishu_frames import CONTROL, DATA, Frame, frame_of

APP, SECRET = "cli_test", "the secret of the app"
ENCRYPT_KEY, VERIFICATION = "the key of events", "v-token"
BOT, PERSON = "ou_bot", "ou_anna"
CARD_BYTES = 30 * 1024
Wire = dict[str, Any]


@dataclass
class Feishu:
    """What was called, what is to be refused, and the connections there are."""

    url: str = ""
    # Each reply and each change of one, as (id, kind, content).
    told: list[tuple[str, str, Wire]] = field(default_factory=list[tuple[str, str, Wire]])
    replied_to: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    acknowledged: list[Wire] = field(default_factory=list[Wire])
    pings: int = 0
    refusals: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])
    tokens: list[str] = field(default_factory=list[str])
    _sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def until(self, so: Any) -> Any:
        async with asyncio.timeout(60), self._changed:
            return await self._changed.wait_for(so)

    def cards(self) -> dict[str, Wire]:
        """Every card as it is now."""
        return {name: content for name, kind, content in self.told if kind == "interactive"}

    async def card(self, *words: str) -> str:
        """The text of the first card that has all these words, once there is one."""

        def found() -> str:
            texts = (orjson.dumps(one).decode() for one in self.cards().values())
            return next((one for one in texts if all(word in one for word in words)), "")

        return await self.until(found)

    def card_with(self, word: str) -> tuple[str, Wire]:
        return next(pair for pair in self.cards().items() if word in orjson.dumps(pair[1]).decode())

    async def send(self, event: Wire, pieces: int = 1) -> None:
        """One event over the long connection, once somebody listens, cut into pieces."""
        await self.until(lambda: self._sockets)
        told, number = orjson.dumps(event), next(self._numbers)
        size = -(-len(told) // pieces)
        for place in reversed(range(pieces)):
            headers = {"type": "event", "message_id": f"m-{number}", "trace_id": "t"}
            headers |= {"sum": str(pieces), "seq": str(place)}
            piece = told[place * size : (place + 1) * size]
            frame = Frame(DATA, 7, headers, piece, sequence=number, log=300)
            await self._sockets[-1].send_bytes(frame.told())

    async def acknowledgements(self, count: int) -> list[Wire]:
        await self.until(lambda: len(self.acknowledged) >= count)
        return self.acknowledged

    async def cut(self) -> None:
        """End every connection, as a service does that starts anew."""
        for socket in list(self._sockets):
            await socket.close()

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if (asked["app_id"], asked["app_secret"]) != (APP, SECRET):
            return web.json_response({"code": 10003, "msg": "invalid param"})
        self.tokens.append(f"t-{len(self.tokens)}")
        return web.json_response(
            {"code": 0, "tenant_access_token": self.tokens[-1], "expire": 7200}
        )

    def _refusal(self, request: web.Request, what: str) -> web.Response | None:
        if request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return web.json_response({"code": 99991663, "msg": "Invalid access token"}, status=400)
        if code := self.refused.get(what):
            return web.json_response({"code": code, "msg": "refused"}, status=400)
        return None

    async def me(self, request: web.Request) -> web.Response:
        told = {"code": 0, "bot": {"open_id": BOT, "app_name": "Midwatch"}}
        return self._refusal(request, "me") or web.json_response(told)

    async def reply(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "reply"):
            self.refusals += 1
            await self._note()
            return refusal
        asked = await request.json()
        assert len(asked["content"].encode()) <= CARD_BYTES
        name = f"om_reply_{next(self._numbers)}"
        self.replied_to.append(request.match_info["message"])
        self.told.append((name, asked["msg_type"], _checked(asked["content"])))
        await self._note()
        return web.json_response({"code": 0, "data": {"message_id": name}})

    async def change(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request, "change"):
            return refusal
        asked, name = await request.json(), request.match_info["message"]
        if name not in self.cards():
            return web.json_response({"code": 230011, "msg": "The message was withdrawn."})
        self.told.append((name, "interactive", _checked(asked["content"])))
        await self._note()
        return web.json_response({"code": 0, "data": {}})

    async def file(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["file_type"] == "stream"
        uploaded = form["file"]
        assert isinstance(uploaded, web.FileField)
        self.files.append(uploaded.file.read().decode())
        return web.json_response({"code": 0, "data": {"file_key": f"file_{len(self.files)}"}})

    async def endpoint(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if (asked["AppID"], asked["AppSecret"]) != (APP, SECRET):
            return web.json_response({"code": 514, "msg": "auth failed"})
        if code := self.refused.get("endpoint"):
            return web.json_response({"code": code, "msg": "system busy"})
        address = f"{self.url.replace('http', 'ws')}/ws/v2?device_id=d-1&service_id=7"
        config = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 1}
        told = {"URL": address, "ClientConfig": {**config, "PingInterval": 120}}
        return web.json_response({"code": 0, "msg": "", "data": told})

    async def connected(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await self._note()
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                await self._framed(socket, frame_of(message.data))
        self._sockets.remove(socket)
        return socket

    async def _framed(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        assert frame.service == 7
        if frame.method == CONTROL:
            assert frame.headers["type"] == "ping"
            self.pings += 1
            config = orjson.dumps({"PingInterval": 90})
            await socket.send_bytes(Frame(CONTROL, 7, {"type": "pong"}, config).told())
        else:
            assert frame.headers["message_id"]
            self.acknowledged.append(orjson.loads(frame.payload))
        await self._note()


def _checked(content: str) -> Wire:
    told = orjson.loads(content)
    if "schema" in told:
        assert told["schema"] == "2.0"
        assert told["config"]["update_multi"]
        assert told["body"]["elements"]
    return told


@asynccontextmanager
async def feishu_serving() -> AsyncGenerator[Feishu]:
    service, app = Feishu(), web.Application()
    messages = "/open-apis/im/v1/messages/{message}"
    app.router.add_post("/open-apis/auth/v3/tenant_access_token/internal", service.token)
    app.router.add_get("/open-apis/bot/v3/info", service.me)
    app.router.add_post(f"{messages}/reply", service.reply)
    app.router.add_patch(messages, service.change)
    app.router.add_post("/open-apis/im/v1/files", service.file)
    app.router.add_post("/callback/ws/endpoint", service.endpoint)
    app.router.add_get("/ws/v2", service.connected)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


def message(text: str, *, said: str = "om_1", **more: Any) -> Wire:
    """A direct message; `more` is laid over the message, and `sender_type` over who sent it."""
    sender = {"sender_id": {"open_id": PERSON}, "sender_type": more.pop("sender_type", "user")}
    told = {
        "message_id": said,
        "chat_id": "oc_direct",
        "chat_type": "p2p",
        "message_type": "text",
        "content": orjson.dumps({"text": text}).decode(),
        **more,
    }
    return wrapped("im.message.receive_v1", {"sender": sender, "message": told}, said)


def mention(text: str, *, said: str = "om_2", named: str = BOT, **more: Any) -> Wire:
    """A message of a group that names somebody."""
    mentions = [{"key": "@_user_1", "id": {"open_id": named}, "name": "somebody"}]
    group = {"chat_id": "oc_group", "chat_type": "group", "mentions": mentions}
    return message(f"@_user_1 {text}", said=said, **{**group, **more})


def pressed(value: Wire, card: str, *, who: str = PERSON, number: int = 1, **form: str) -> Wire:
    """A button of a card, with what was typed into its form."""
    event: Wire = {
        "operator": {"open_id": who},
        "token": "c-1",
        "action": {"tag": "button", "value": value},
        "host": "im_message",
        "context": {"open_message_id": card, "open_chat_id": "oc_direct"},
    }
    if form:
        event["action"]["form_value"] = form
    return wrapped("card.action.trigger", event, f"press-{number}")


def wrapped(kind: str, event: Wire, number: str) -> Wire:
    header = {"event_id": f"ev-{number}", "token": VERIFICATION, "event_type": kind}
    return {"schema": "2.0", "header": {**header, "app_id": APP}, "event": event}


def sealed(told: Wire, key: str = ENCRYPT_KEY) -> bytes:
    """As Feishu posts it: AES-256-CBC, the start value first."""
    start, content = os.urandom(16), orjson.dumps(told)
    fill = 16 - len(content) % 16
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start))
    encryptor = cipher.encryptor()
    closed = encryptor.update(content + bytes([fill]) * fill) + encryptor.finalize()
    return orjson.dumps({"encrypt": base64.b64encode(start + closed).decode()})


def signed(body: bytes, *, at_s: float | None = None, key: str = ENCRYPT_KEY) -> dict[str, str]:
    stamp = str(int(at_s or time.time()))
    digest = hashlib.sha256(f"{stamp}n-1{key}".encode() + body).hexdigest()
    names = ("Timestamp", "Nonce")
    given = dict(zip((f"X-Lark-Request-{one}" for one in names), (stamp, "n-1"), strict=True))
    return {"Content-Type": "application/json", **given, "X-Lark-Signature": digest}
