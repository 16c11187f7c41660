"""Slack on loopback: its Web API and Socket Mode as far as a bot meets them, strict about what it is sent."""

import asyncio
import hashlib
import hmac
import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-test", "xapp-test", "a signing secret of the workspace"
TEAM, BOT, BOT_USER = "T01", "B01", "U0BOT"
MARKDOWN_CHARACTERS = 12_000
Wire = dict[str, Any]


@dataclass
class Called:
    """One call of the Web API."""

    method: str
    fields: Wire


@dataclass
class Slack:
    """What was called, and what is to be refused."""

    url: str = ""
    calls: list[Called] = field(default_factory=list[Called])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    acknowledged: list[str] = field(default_factory=list[str])
    streams: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def of(self, *methods: str) -> list[Wire]:
        return [one.fields for one in self.calls if one.method in methods]

    async def until(self, so: Any) -> Any:
        """Wait until `so()` is true after some call; its value."""
        async with asyncio.timeout(30), self._changed:
            return await self._changed.wait_for(so)

    async def ended(self, count: int = 1) -> list[Wire]:
        """The answers that came to their end, once there are so many."""
        methods = ("chat.stopStream", "chat.postMessage", "chat.postEphemeral")
        await self.until(lambda: len(self.of(*methods)) >= count)
        return self.of(*methods)

    async def reacted(self, name: str, count: int = 1) -> None:
        """Wait until the bot is through with a message."""
        await self.until(
            lambda: [one["name"] for one in self.of("reactions.add")].count(name) >= count
        )

    async def send(self, payload: Wire, kind: str = "events_api") -> str:
        """One envelope over the socket, once somebody listens."""
        await self.until(lambda: self._sockets)
        envelope = f"env-{next(self._numbers)}"
        told = {"envelope_id": envelope, "type": kind, "payload": payload}
        await self._sockets[-1].send_str(orjson.dumps(told).decode())
        return envelope

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fields = await _fields(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if error := self.refused.get(method) or _wrong(method, fields):
            return web.json_response({"ok": False, "error": error})
        answer = self._answer(method, fields)
        self.calls.append(Called(method, fields))
        await self._note()
        return web.json_response({"ok": True, **answer})

    def _answer(self, method: str, fields: Wire) -> Wire:
        match method:
            case "auth.test":
                return {
                    "team_id": TEAM,
                    "bot_id": BOT,
                    "user_id": BOT_USER,
                    "team": "shop",
                    "url": "",
                }
            case "apps.connections.open":
                return {"url": f"{self.url.replace('http', 'ws')}/socket"}
            case "chat.startStream" | "chat.postMessage":
                ts = f"1700000100.{next(self._numbers):06}"
                self.streams[ts] = "open"
                return {"channel": fields["channel"], "ts": ts}
            case "chat.appendStream" | "chat.stopStream":
                assert self.streams[fields["ts"]] == "open"
                self.streams[fields["ts"]] = "open" if method == "chat.appendStream" else "ended"
                return {"channel": fields["channel"], "ts": fields["ts"]}
            case "files.getUploadURLExternal":
                file = f"F{next(self._numbers)}"
                return {"upload_url": f"{self.url}/upload/{file}", "file_id": file}
            case "files.completeUploadExternal":
                return {"files": [{"id": "F1"}]}
            case _:
                return {}

    async def upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["file"]] = await request.read()
        return web.Response(text="OK")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str('{"type": "hello", "num_connections": 1}')
        self._sockets.append(socket)
        await self._note()
        async for message in socket:
            if message.type == WSMsgType.TEXT and "envelope_id" in message.data:
                self.acknowledged.append(orjson.loads(message.data)["envelope_id"])
                await self._note()
        self._sockets.remove(socket)
        return socket


def _wrong(method: str, fields: Wire) -> str:
    """What Slack itself would refuse."""
    chunks = [one["text"] for one in fields.get("chunks") or () if one["type"] == "markdown_text"]
    if len("".join([fields.get("markdown_text") or "", *chunks])) > MARKDOWN_CHARACTERS:
        return "msg_too_long"
    if method == "chat.startStream" and not (
        fields.get("recipient_user_id") and fields.get("thread_ts")
    ):
        return "missing_recipient_user_id"
    return ""


async def _fields(request: web.Request) -> Wire:
    if request.content_type == "application/json":
        return dict(await request.json())
    told: Wire = dict(await request.post())
    return {name: _parsed(value) for name, value in told.items()}


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        return orjson.loads(value)
    return value


def signed(body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers that Slack puts on what it posts."""
    stamp = str(int(at or time.time()))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}"}


@asynccontextmanager
async def slack_serving() -> AsyncGenerator[Slack]:
    service, app = Slack(), web.Application()
    app.router.add_post("/api/{method}", service.api)
    app.router.add_post("/upload/{file}", service.upload)
    app.router.add_get("/socket", service.socket)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


def message(text: str, *, ts: str = "1700000001.000100", **fields: Any) -> Wire:
    """A message event as Slack wraps it."""
    event = {"type": "message", "channel": "D01", "channel_type": "im", "user": "U1", "text": text}
    return wrapped({**event, "ts": ts, **fields})


def mention(text: str, *, ts: str = "1700000002.000100", **fields: Any) -> Wire:
    event = {"type": "app_mention", "channel": "C01", "user": "U1", "text": f"<@{BOT_USER}> {text}"}
    return wrapped({**event, "ts": ts, **fields})


def wrapped(event: Wire) -> Wire:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A01",
        "event": event,
        "event_id": f"Ev{event['ts']}",
        "event_time": 1700000000,
        "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
    }


def pressed(action: Wire, *, person: str = "U1", channel: str, ts: str, root: str) -> Wire:
    """A button of ours that a person pressed."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": person, "team_id": TEAM},
        "api_app_id": "A01",
        "trigger_id": "trigger-1",
        "container": {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel,
            "thread_ts": root,
        },
        "channel": {"id": channel},
        "message": {
            "ts": ts,
            "thread_ts": root,
            "blocks": [
                {"type": "markdown", "text": "what will happen"},
                {"type": "actions", "elements": []},
            ],
        },
        "actions": [{**action, "type": "button", "block_id": "b", "action_ts": "1"}],
    }


def submitted(view: Wire, typed: str, *, person: str = "U1") -> Wire:
    """A form that was opened for a person, filled in and sent."""
    values = {
        view["blocks"][0]["block_id"]: {"typed": {"type": "plain_text_input", "value": typed}}
    }
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": person, "team_id": TEAM},
        "api_app_id": "A01",
        "trigger_id": "trigger-2",
        "view": {**view, "id": "V01", "state": {"values": values}},
    }
