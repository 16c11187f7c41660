"""Slack, over Socket Mode or HTTP: mentions, direct messages, threads that go on, buttons."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from secrets import token_hex
from typing import Any

import orjson
from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from agent.approvals import Decision, why_not
from agent.intents import Language
from agent.wording import phrase
from api.bots.conversing import Conversing, decided_by, shown
from api.bots.heard import Heard
from api.bots.owing import Owed
from api.bots.people import People
from api.bots.slack_blocks import (
    approval_blocks,
    decided_blocks,
    escaped,
    feedback_blocks,
    typed_view,
    why_not_view,
)
from api.bots.slack_stream import SlackStream
from api.turns.running import Turns
from api.turns.watching import Piece, Told
from core.errors import OpsError
from core.settings.bots import SlackSettings

APPROVE, DENY, TYPED = "midwatch_approve", "midwatch_deny", "midwatch_typed"
WHY_NOT = "midwatch_why_not"
FORM_CHARACTERS = 3_000  # of what a form of Slack carries
FEEDBACK, INVESTIGATE = "midwatch_feedback", "midwatch_investigate"
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
LINK = re.compile(r"<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>")
# What opening a socket may end with; it is tried again.
AWAY = (SlackClientError, ClientError, OSError, TimeoutError)
SEEN, DONE, FAILED = "eyes", "white_check_mark", "x"
Wire = Mapping[str, Any]


class SlackBot:
    """One workspace. `heard` by Socket Mode while `connected`, or by `app` over HTTP."""

    def __init__(self, settings: SlackSettings, turns: Turns) -> None:
        self._settings = settings
        people = People(turns.database, "slack", settings.unmapped, settings.namespaces)
        self._talk = Conversing(turns, people, lambda _asked, _language: "")
        self.owing = self._talk.owing
        client = AsyncWebClient(
            token=settings.bot_token.get_secret_value(), base_url=f"{settings.api_url}/"
        )
        signing = settings.signing_secret.get_secret_value()
        self.app = AsyncApp(
            client=client,
            signing_secret=signing or None,
            # Socket Mode comes over a connection that Slack has checked already.
            request_verification_enabled=bool(signing),
        )
        self.app.event("app_mention")(self._mentioned)
        self.app.event("message")(self._said)
        self.app.action(APPROVE)(self._pressed)
        self.app.action(DENY)(self._pressed)
        self.app.action(FEEDBACK)(self._rated)
        self.app.action(INVESTIGATE)(self._investigate)
        self.app.view(TYPED)(self._typed)
        self.app.view(WHY_NOT)(self._typed)

    @property
    def over_http(self) -> bool:
        return bool(self._settings.signing_secret.get_secret_value())

    def socket(self) -> AsyncSocketModeHandler | None:
        """The connection to open, if Socket Mode is set."""
        token = self._settings.app_token.get_secret_value()
        return AsyncSocketModeHandler(self.app, token) if token else None

    async def _mentioned(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        await self._heard(event, context)

    async def _said(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """A direct message; or one in a thread where this person spoke with us before."""
        if event.get("subtype") not in (None, "file_share", "thread_broadcast"):
            return
        named = f"<@{context.bot_user_id}" in str(event.get("text") or "")
        if event.get("channel_type") == "im" or (
            event.get("thread_ts") and not named and await self._talk.goes_on(_heard(event))
        ):
            await self._heard(event, context)

    async def _heard(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """The bot answers people, never bots, and each message once."""
        if event.get("bot_id") or not event.get("user"):
            return
        heard, where = _heard(event), {"team": context.team_id or ""}
        if not self._talk.is_new(heard.id):
            return
        async with self.owing.owed(heard, where) as ours:
            if ours:
                await self._react("add", event, SEEN)
                well = await self._tell(heard, self._talk.answer(heard), where)
                await self._marked(event, well=well)

    async def resume(self, owed: Owed) -> None:
        """Answer what a process that was killed left unanswered."""
        if owed.decision:
            await self._note(
                _decided_line(owed.decision, owed.heard.person, owed.where), owed.where
            )
        well = await self._tell(owed.heard, self._talk.again(owed), owed.where)
        place, _, ts = owed.heard.id.partition(" ")
        if place == owed.heard.place and " " not in ts:  # a message, and no button
            await self._marked({"channel": place, "ts": ts}, well=well)

    async def _marked(self, event: Wire, *, well: bool) -> None:
        await self._react("remove", event, SEEN)
        await self._react("add", event, DONE if well else FAILED)

    async def _tell(self, heard: Heard, said: AsyncGenerator[Piece], where: Wire) -> bool:
        """Stream what is said into the thread; whether it came to a good end."""
        stream = SlackStream(
            self.app.client, heard.place, _root(heard), str(where["team"]), heard.person
        )
        language: Language = where.get("language") or heard.language

        async def show(piece: Piece) -> None:
            if isinstance(piece, Told):
                await stream.end(piece.text, _buttons(piece, heard), language=language)
            else:
                await stream.step(piece)

        return await shown(
            said, show, service="slack", language=language, refusals=(SlackApiError,)
        )

    async def _pressed(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """A yes to what is no high risk is one at once; a name, or why not, is typed into a form."""
        await ack()
        asked = orjson.loads(action["value"])
        approved = action["action_id"] == APPROVE
        if approved and not asked["typed"]:
            said = Decision(asked["id"], approved)
            await self._decided(said, asked["language"], _where(body), body, context)
            return
        told = _carried(asked, _where(body))
        view = (
            typed_view(TYPED, told, asked["typed"], asked["language"])
            if approved
            else why_not_view(WHY_NOT, told, asked["language"])
        )
        await self.app.client.views_open(trigger_id=body["trigger_id"], view=view)

    async def _typed(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        view = body["view"]
        asked = orjson.loads(view["private_metadata"])
        typed = view["state"]["values"]["typed"]["typed"]["value"] or ""
        if view["callback_id"] == WHY_NOT:
            said = Decision(asked["id"], approved=False, reason=why_not(typed))
        else:
            said = Decision(asked["id"], approved=True, typed=typed)
        await self._decided(said, asked["language"], asked, body, context)

    async def _investigate(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """The button on an alert: its question is the presser's own, and is answered below the alert."""
        await ack()
        at, person = _where(body), body["user"]["id"]
        pressed = f"{at['channel']} {at['ts']} {person} {action.get('action_ts')}"
        thread = f"{at['channel']} {at['root']}"
        heard = Heard(pressed, person, at["channel"], thread, str(action["value"]))
        where = {"team": context.team_id or ""}
        async with self.owing.owed(heard, where) as ours:
            if ours:
                await self._tell(heard, self._talk.answer(heard), where)

    async def _rated(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A word on an answer is told to who said it alone."""
        await ack()
        said, at = orjson.loads(action["value"]), _where(body)
        person, language = body["user"]["id"], said["language"]
        heard = Heard("", person, at["channel"], f"{at['channel']} {said['root']}", "")
        try:
            text = phrase(
                await self._talk.rate(heard, said["run"], helpful=said["helpful"]), language
            )
        except OpsError as error:
            text = error.told(language)
        where = {"channel": at["channel"], "thread_ts": said["root"]}
        with suppress(SlackApiError):
            await self.app.client.chat_postEphemeral(user=person, text=text, **where)

    async def _decided(
        self, said: Decision, language: Language, at: Wire, body: Wire, context: AsyncBoltContext
    ) -> None:
        """Go on with the turn; the first one who presses decides, and the message says who."""
        pressed = f"{said.approval_id} {token_hex(8)}"  # each press is answered, though one decides
        thread = f"{at['channel']} {at['root']}"
        heard = Heard(pressed, body["user"]["id"], at["channel"], thread, "")
        kept = {name: at[name] for name in ("channel", "ts", "root", "blocks")}
        where = {**kept, "team": context.team_id or "", "language": language}
        async with self.owing.owed(heard, where, said) as ours:
            if ours:
                await self._decide(heard, said, where)

    async def _decide(self, heard: Heard, said: Decision, at: Wire) -> None:
        told, person, language = self._talk.decide(heard, said), heard.person, at["language"]
        try:
            first = await anext(told)
        except OpsError as error:
            text = error.told(language)
            where = {"channel": at["channel"], "thread_ts": at["root"]}
            await self.app.client.chat_postEphemeral(user=person, text=text, **where)
            return
        await self._note(_decided_line(said, person, at), at)
        await self._tell(heard, _after(first, told), at)

    async def _note(self, line: str, at: Wire) -> None:
        """Who decided, in place of the buttons; the decision stands, whatever becomes of them."""
        with suppress(SlackApiError):
            if at["blocks"]:
                where = {"channel": at["channel"], "ts": at["ts"]}
                blocks = decided_blocks(at["blocks"], line)
                await self.app.client.chat_update(text=line, blocks=blocks, **where)
            else:
                where = {"channel": at["channel"], "thread_ts": at["root"]}
                await self.app.client.chat_postMessage(text=line, **where)

    async def _react(self, how: str, event: Wire, name: str) -> None:
        """A hint only: a workspace may not have granted it."""
        with suppress(SlackApiError):
            where = {"channel": event["channel"], "timestamp": event["ts"]}
            await self.app.client.api_call(f"reactions.{how}", json={**where, "name": name})


def _decided_line(said: Decision, person: str, at: Wire) -> str:
    return decided_by(said, f"<@{person}>", escaped(said.reason), at["language"])


def _carried(asked: Wire, where: Wire) -> str:
    """What a form brings back; without the message as it was where that is too long."""
    told = orjson.dumps({**asked, **where}).decode()
    if len(told) <= FORM_CHARACTERS:
        return told
    return orjson.dumps({**asked, **where, "blocks": []}).decode()


def _heard(event: Wire) -> Heard:
    root = str(event.get("thread_ts") or event["ts"])
    place, person = str(event["channel"]), str(event.get("user") or "")
    said = f"{place} {event['ts']}"
    return Heard(said, person, place, f"{place} {root}", _plain(str(event.get("text") or "")))


def _root(heard: Heard) -> str:
    return heard.thread.rpartition(" ")[2]


def _plain(text: str) -> str:
    """What was typed, without mentions and Slack's own marks."""
    text = LINK.sub(lambda found: found[2] or found[1], MENTION.sub("", text))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _buttons(told: Told, heard: Heard) -> list[dict[str, Any]]:
    language: Language = "zh" if told.shape["language"] == "zh" else "en"
    if told.run_id and not told.shape["approvals"]:
        return feedback_blocks(FEEDBACK, told.run_id, _root(heard), language)
    return [
        block
        for asked in told.shape["approvals"]
        for block in approval_blocks(asked, language, approve=APPROVE, deny=DENY)
    ]


def _where(body: Wire) -> dict[str, Any]:
    """The message that was pressed on."""
    message: Wire = body.get("message") or {}
    ts = body["container"]["message_ts"]
    return {
        "channel": body["container"]["channel_id"],
        "ts": ts,
        "root": message.get("thread_ts") or body["container"].get("thread_ts") or ts,
        "blocks": message.get("blocks") or [],
    }


async def _after(first: Piece, rest: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
    yield first
    async for piece in rest:
        yield piece
