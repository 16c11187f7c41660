"""`POST /feishu/events`: what Feishu posts to an app, encrypted and signed."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request

from api.sentences import SENTENCES
from core.errors import NotFound

router = APIRouter(tags=["bots"])


@router.post("/feishu/events", operation_id="feishuEvents", include_in_schema=False)
async def feishu_events(
    request: Request,
    stamp: Annotated[str, Header(alias="X-Lark-Request-Timestamp")] = "",
    nonce: Annotated[str, Header(alias="X-Lark-Request-Nonce")] = "",
    sign: Annotated[str, Header(alias="X-Lark-Signature")] = "",
) -> Mapping[str, Any]:
    """Events and buttons; both are answered at once, and go on afterwards."""
    bot = request.app.state.feishu
    if bot is None:
        raise SENTENCES.error(NotFound, "feishu_not_set_up")
    return await bot.posted(await request.body(), stamp=stamp, nonce=nonce, sign=sign)
