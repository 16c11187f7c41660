"""The bots that are set up: absent where they are not, and never in the way of a start."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from api.sentences import SENTENCES
from api.turns.running import Turns
from core.errors import Invalid
from core.settings import Settings
from core.telemetry import logger

if TYPE_CHECKING:
    from api.bots.dingtalk import DingTalkBot
    from api.bots.feishu import FeishuBot
    from api.bots.slack import SlackBot

# Between tries to reach a service that is away; its own library keeps a connection that once stood.
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0
log = logger("midwatch.bots")


@asynccontextmanager
async def bots(state: Any, settings: Settings, turns: Turns) -> AsyncGenerator[None]:
    """Every bot, in `state`, where the routes that services post to look for it."""
    async with (
        slack(settings, turns) as state.slack,
        dingtalk(settings, turns) as state.dingtalk,
        feishu(settings, turns) as state.feishu,
    ):
        yield


@asynccontextmanager
async def slack(settings: Settings, turns: Turns) -> AsyncGenerator["SlackBot | None"]:
    """The bot of a Slack workspace, listening if it does so over Socket Mode; None without a token."""
    if not settings.slack.configured:
        yield None
        return
    try:
        from api.bots.slack import AWAY, SlackBot
    except ImportError as error:
        raise SENTENCES.error(
            Invalid,
            "library_missing",
            setting="MIDWATCH_SLACK__BOT_TOKEN",
            library=str(error.name),
            extra="slack",
        ) from error
    bot = SlackBot(settings.slack, turns)
    async with _giving(bot):
        socket = bot.socket()
        if socket is None:
            yield bot
            return
        connecting = asyncio.create_task(_connected(socket, "slack", AWAY))
        try:
            yield bot
        finally:
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                await connecting
            await socket.close_async()


@asynccontextmanager
async def dingtalk(settings: Settings, turns: Turns) -> AsyncGenerator["DingTalkBot | None"]:
    """The robot in DingTalk, listening if it does so over the stream; None where it is not set up."""
    if not settings.dingtalk.configured:
        yield None
        return
    from api.bots.dingtalk import DingTalkBot

    bot = DingTalkBot(settings.dingtalk, turns)
    if settings.dingtalk.mode == "http":
        async with _giving(bot):
            yield bot
        return
    try:
        from api.bots.dingtalk_stream import DingTalkStream
    except ImportError as error:
        raise SENTENCES.error(
            Invalid,
            "library_missing",
            setting="MIDWATCH_DINGTALK__MODE=stream",
            library=str(error.name),
            extra="dingtalk",
        ) from error
    async with _giving(bot):
        with DingTalkStream(settings.dingtalk, bot.received):
            yield bot


@asynccontextmanager
async def feishu(settings: Settings, turns: Turns) -> AsyncGenerator["FeishuBot | None"]:
    """The bot in Feishu, listening if it does so over a long connection; None where it is not set up."""
    if not settings.feishu.configured:
        yield None
        return
    from api.bots.feishu import FeishuBot

    bot = FeishuBot(settings.feishu, turns)
    async with aclosing(bot), _giving(bot):
        if settings.feishu.mode == "http":
            yield bot
            return
        try:
            from api.bots.feishu_stream import FeishuStream
        except ImportError as error:
            raise SENTENCES.error(
                Invalid,
                "library_missing",
                setting="MIDWATCH_FEISHU__MODE=stream",
                library=str(error.name),
                extra="feishu",
            ) from error
        stream = FeishuStream(bot.api, settings.feishu.api_url, bot.received)
        listening = asyncio.create_task(stream.run())
        try:
            yield bot
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


@asynccontextmanager
async def _giving(bot: "SlackBot | DingTalkBot | FeishuBot") -> AsyncGenerator[None]:
    """What is owed by this bot is held, and what a killed process owed is given."""
    giving = asyncio.create_task(bot.owing.run(bot.resume))
    try:
        yield
    finally:
        giving.cancel()
        with suppress(asyncio.CancelledError):
            await giving


async def _connected(socket: Any, service: str, failures: tuple[type[Exception], ...]) -> None:
    rest_s = FIRST_REST_S
    while True:
        try:
            await socket.connect_async()
        except failures as error:
            log.warning("bot.away", service=service, why=str(error), again_in_s=rest_s)
            await asyncio.sleep(rest_s)
            rest_s = min(2 * rest_s, LONGEST_REST_S)
        else:
            log.info("bot.connected", service=service)
            return
