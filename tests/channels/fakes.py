"""Servers of chat services on loopback, faithful in status, result codes, limits and signatures."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SECRET = "SEC0123456789abcdef"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Heard:
    """What a server was sent and took, as it took it. `plan` are answers to give first, in order."""

    taken: list[Any] = field(default_factory=list[Any])
    tries: int = 0
    plan: list[Response] = field(default_factory=list[Response])
    hang_s: float = 0.0
    more: asyncio.Event = field(default_factory=asyncio.Event)


class Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def serving(app: Starlette) -> AsyncGenerator[str]:
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class Services:
    """Every service under one address, each with what it heard."""

    def __init__(self) -> None:
        names = ("webhook", "slack", "dingtalk", "feishu", "wecom", "teams", "pagerduty")
        self.heard = {name: Heard() for name in names}
        self.app = Starlette(
            routes=[Route(f"/{name}", self._answering(name), methods=["POST"]) for name in names]
        )

    def _answering(self, name: str) -> Any:
        async def answer(request: Request) -> Response:
            heard = self.heard[name]
            heard.tries += 1
            if heard.hang_s:
                await asyncio.sleep(heard.hang_s)
            if heard.plan:
                return heard.plan.pop(0)
            body = await request.body()
            answered = ANSWERS[name](request, body, heard)
            heard.more.set()
            return answered

        return answer


def webhook(request: Request, body: bytes, heard: Heard) -> Response:
    stamp, message = request.headers["webhook-timestamp"], request.headers["webhook-id"]
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    signed = f"{message}.{stamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if wanted not in request.headers["webhook-signature"].split(" "):
        return PlainTextResponse("bad signature", 401)
    heard.taken.append({"id": message, **json.loads(body)})
    return Response(status_code=204)


def slack(request: Request, body: bytes, heard: Heard) -> Response:
    said = json.loads(body)
    blocks = [one for part in said["attachments"] for one in part["blocks"]]
    if len(blocks) > 50:
        return PlainTextResponse("invalid_blocks", 400)
    for block in blocks:
        text = block.get("text", {}).get("text", "x")
        if not 0 < len(text) <= (150 if block["type"] == "header" else 3000):
            return PlainTextResponse("invalid_blocks", 400)
    if sum(len(one.get("text", {}).get("text", "")) for one in blocks) > 12_000:
        return PlainTextResponse("msg_too_long", 400)
    heard.taken.append(said)
    return PlainTextResponse("ok")


def dingtalk(request: Request, body: bytes, heard: Heard) -> Response:
    query = dict(part.split("=", 1) for part in request.url.query.split("&"))
    stamp = query["timestamp"]
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    if unquote_plus(query["sign"]) != base64.b64encode(digest).decode():
        return JSONResponse({"errcode": 310000, "errmsg": "sign not match"})
    if query["access_token"] != "robot":
        return JSONResponse({"errcode": 300001, "errmsg": "token is not exist"})
    if len(body) > 20_000:
        return JSONResponse({"errcode": 460101, "errmsg": "message too long"})
    heard.taken.append(json.loads(body))
    return JSONResponse({"errcode": 0, "errmsg": "ok"})


def feishu(request: Request, body: bytes, heard: Heard) -> Response:
    said = json.loads(body)
    key = f"{said['timestamp']}\n{SECRET}".encode()
    if said["sign"] != base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode():
        return JSONResponse({"code": 19021, "msg": "sign match fail"})
    if len(body) > 20 * 1024:
        return JSONResponse({"code": 9499, "msg": "too large"}, 400)
    heard.taken.append(said)
    return JSONResponse({"code": 0, "msg": "success", "data": {}})


def wecom(request: Request, body: bytes, heard: Heard) -> Response:
    if request.query_params.get("key") != "robot":
        return JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url"})
    said = json.loads(body)
    if len(said["markdown"]["content"].encode()) > 4096:
        return JSONResponse({"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
    heard.taken.append(said)
    return JSONResponse({"errcode": 0, "errmsg": "ok"})


def teams(request: Request, body: bytes, heard: Heard) -> Response:
    if len(body) > 28 * 1024:
        return PlainTextResponse("", 413)
    heard.taken.append(json.loads(body))
    return Response(status_code=202)


def pagerduty(request: Request, body: bytes, heard: Heard) -> Response:
    said = json.loads(body)
    if said["routing_key"] != ROUTING_KEY or len(said["payload"]["summary"]) > 1024:
        return JSONResponse({"status": "invalid event"}, 400)
    heard.taken.append(said)
    return JSONResponse({"status": "success", "dedup_key": said["dedup_key"]}, 202)


ANSWERS: dict[str, Callable[[Request, bytes, Heard], Response]] = {
    "webhook": webhook,
    "slack": slack,
    "dingtalk": dingtalk,
    "feishu": feishu,
    "wecom": wecom,
    "teams": teams,
    "pagerduty": pagerduty,
}

SETTINGS: dict[str, Callable[[str], dict[str, Any]]] = {
    "webhook": lambda url: {"url": f"{url}/webhook", "secret": WEBHOOK_SECRET},
    "slack": lambda url: {"url": f"{url}/slack"},
    "dingtalk": lambda url: {"url": f"{url}/dingtalk?access_token=robot", "secret": SECRET},
    "feishu": lambda url: {"url": f"{url}/feishu", "secret": SECRET},
    "wecom": lambda url: {"url": f"{url}/wecom?key=robot"},
    "teams": lambda url: {"url": f"{url}/teams"},
    "pagerduty": lambda url: {"url": f"{url}/pagerduty", "routing_key": ROUTING_KEY},
}
