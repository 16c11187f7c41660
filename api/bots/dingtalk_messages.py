"""`POST /dingtalk/messages`: what DingTalk sends to a robot in HTTP mode, signed."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request

from api.sentences import SENTENCES
from core.errors import NotFound

router = APIRouter(tags=["bots"])
UNDER_WAY: set[asyncio.Task[None]] = set()


@router.post("/dingtalk/messages", operation_id="dingtalkMessages", include_in_schema=False)
async def dingtalk_messages(
    request: Request,
    message: Annotated[dict[str, Any], Body()],
    timestamp: Annotated[str, Header()] = "",
    sign: Annotated[str, Header()] = "",
) -> dict[str, str]:
    """Acknowledged at once; the answer goes to the session that the message names."""
    bot = request.app.state.dingtalk
    if bot is None:
        raise SENTENCES.error(NotFound, "dingtalk_not_set_up")
    bot.check(timestamp, sign)
    task = asyncio.create_task(bot.received(message))
    UNDER_WAY.add(task)
    task.add_done_callback(UNDER_WAY.discard)
    return {"msgtype": "empty"}
