"""DingTalk on loopback: the gateway that gives a socket away, and sessions that take answers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

CLIENT, SECRET = "ding-test", "the secret of the app"
TOPIC = "/v1.0/im/bot/messages/get"
Wire = dict[str, Any]


@dataclass
class DingTalk:
    """The gateway that gives a socket away, and the sessions that answers are posted to."""

    url: str = ""
    told: list[Wire] = field(default_factory=list[Wire])
    acknowledged: list[Wire] = field(default_factory=list[Wire])
    code: int = 0
    _sockets: list[web.WebSocketResponse] = field(default_factory=list[web.WebSocketResponse])
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def message(self, text: str, **more: Any) -> Wire:
        return {
            "msgId": "msg-1",
            "msgtype": "text",
            "text": {"content": f" {text} "},
            "conversationId": "cidAbc+/==",
            "conversationType": "2",
            "senderId": "$:LWCP_v1:$abc",
            "senderStaffId": "manager01",
            "senderNick": "Li",
            "sessionWebhook": f"{self.url}/robot/sendBySession?session=s-1",
            **more,
        }

    async def until(self, so: Any) -> Any:
        async with asyncio.timeout(30), self._changed:
            return await self._changed.wait_for(so)

    async def texts(self, count: int = 1) -> list[str]:
        await self.until(lambda: len(self.told) >= count)
        return [str(one["markdown"]["text"]) for one in self.told]

    async def send(self, message: Wire) -> None:
        await self.until(lambda: self._sockets)
        headers = {
            "topic": TOPIC,
            "messageId": f"env-{message['msgId']}",
            "contentType": "application/json",
        }
        frame = {"specVersion": "1.0", "type": "CALLBACK", "headers": headers}
        told = {**frame, "data": orjson.dumps(message).decode()}
        await self._sockets[-1].send_str(orjson.dumps(told).decode())

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def opened(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if (asked["clientId"], asked["clientSecret"]) != (CLIENT, SECRET):
            return web.json_response({"code": "Forbidden"}, status=401)
        assert {"type": "CALLBACK", "topic": TOPIC} in asked["subscriptions"]
        endpoint = f"{self.url.replace('http', 'ws')}/connect"
        return web.json_response({"endpoint": endpoint, "ticket": "t-1"})

    async def connected(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await self._note()
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.acknowledged.append(orjson.loads(message.data))
                await self._note()
        self._sockets.remove(socket)
        return socket

    async def session(self, request: web.Request) -> web.Response:
        self.told.append(await request.json())
        await self._note()
        return web.json_response({"errcode": self.code, "errmsg": "ok"})


@asynccontextmanager
async def dingtalk_serving() -> AsyncGenerator[DingTalk]:
    service, app = DingTalk(), web.Application()
    app.router.add_post("/v1.0/gateway/connections/open", service.opened)
    app.router.add_get("/connect", service.connected)
    app.router.add_post("/robot/sendBySession", service.session)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()
