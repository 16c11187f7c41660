"""`POST /slack/events`: what Slack sends over HTTP, signed."""

from fastapi import APIRouter, Request, Response

from api.sentences import SENTENCES
from core.errors import NotFound

router = APIRouter(tags=["bots"])


@router.post("/slack/events", operation_id="slackEvents", include_in_schema=False)
async def slack_events(request: Request) -> Response:
    """Events, buttons and forms; each must carry Slack's signature, at most five minutes old."""
    bot = request.app.state.slack
    if bot is None or not bot.over_http:
        raise SENTENCES.error(NotFound, "slack_not_set_up")
    from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler

    return await AsyncSlackRequestHandler(bot.app).handle(request)
