"""The public library of Standard Webhooks judges what a webhook is sent."""

import base64
import json
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.channels.conftest import Room, alert
from tests.channels.fakes import WEBHOOK_SECRET, serving
from tests.programs import CLIENTS, NODE

pytestmark = pytest.mark.live

NEXT_SECRET = "whsec_" + base64.b64encode(b"another twenty-four bytes").decode()


@asynccontextmanager
async def receiver() -> AsyncGenerator[tuple[str, list[dict[str, Any]]]]:
    """Where to post, and what came, byte for byte."""
    came: list[dict[str, Any]] = []

    async def take(request: Request) -> Response:
        body = (await request.body()).decode()
        came.append({"headers": dict(request.headers), "body": body})
        return Response(status_code=204)

    async with serving(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as address:
        yield f"{address}/hook", came


def judged(sent: dict[str, Any], secret: str = WEBHOOK_SECRET) -> dict[str, Any]:
    program = [str(NODE), str(CLIENTS / "standardwebhooks.mjs")]
    asked = json.dumps({**sent, "secret": secret})
    done = subprocess.run(program, input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


async def told(room: Room, settings: dict[str, Any]) -> dict[str, Any]:
    async with receiver() as (url, came):
        given = {"name": "hook", "kind": "webhook", "settings": {"url": url, **settings}}
        await room.tools.call("channels_add", **given, language="zh")
        await room.receive(alert("磁盘已满"))
        await room.deliver()
    [sent] = came
    return sent


async def test_an_alert_is_what_the_library_takes_for_genuine(room: Room) -> None:
    sent = await told(room, {"secret": WEBHOOK_SECRET})
    [one] = judged(sent)["verified"]["data"]["alerts"]
    assert one["name"] == "磁盘已满"
    assert "refused" in judged(sent, NEXT_SECRET)
    assert "refused" in judged({**sent, "body": sent["body"].replace("磁盘", "内存")})
    later = {**sent["headers"], "webhook-timestamp": "1614265330"}
    assert "refused" in judged({**sent, "headers": later})


async def test_while_secrets_change_who_has_either_takes_it(room: Room) -> None:
    both = {"secret": NEXT_SECRET, "previous_secret": WEBHOOK_SECRET}
    sent = await told(room, both)
    assert all("verified" in judged(sent, one) for one in (WEBHOOK_SECRET, NEXT_SECRET))
