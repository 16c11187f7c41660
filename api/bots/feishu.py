"""Feishu (Lark), over its long connection or HTTP: mentions, direct messages, buttons on cards."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from agent.approvals import Decision, why_not
from agent.intents import Language
from agent.wording import phrase
from api.bots.conversing import Conversing, decided_by, shown
from api.bots.feishu_answer import FeishuAnswer
from api.bots.feishu_api import FeishuApi, NotTaken
from api.bots.feishu_cards import APPROVE, HELPED, HELPED_NOT, decided_card, person, plain
from api.bots.feishu_messages import Message, message_of
from api.bots.feishu_sealed import check_signature, opened
from api.bots.heard import Heard
from api.bots.owing import Owed
from api.bots.people import People
from api.sentences import SENTENCES
from api.turns.running import Turns
from api.turns.watching import Piece
from core.clock import utc_now
from core.errors import OpsError, Unauthenticated
from core.settings.bots import FeishuSettings
from core.telemetry import logger

SAID, PRESSED = "im.message.receive_v1", "card.action.trigger"
# Feishu takes an answer to a button for three seconds; what takes longer goes on without one.
PATIENCE_S = 2.0
Wire = Mapping[str, Any]
log = logger("midwatch.bots.feishu")


class FeishuBot:
    """One app. Events come by `received`, whichever way; what they begin goes on in tasks of its own."""

    def __init__(self, settings: FeishuSettings, turns: Turns) -> None:
        self._settings = settings
        people = People(turns.database, "feishu", settings.unmapped, settings.namespaces)
        self._talk = Conversing(turns, people, lambda _asked, _language: "")
        self.owing = self._talk.owing
        self.api = FeishuApi(settings)
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.api.close()

    async def posted(self, body: bytes, *, stamp: str, nonce: str, sign: str) -> Wire:
        """One request of Feishu's, which must be encrypted, and signed unless it asks who is there."""
        key = self._settings.encrypt_key.get_secret_value()
        told = opened(body, key)
        header: Wire = told.get("header") or {}
        self._check_token(str(header.get("token") or told.get("token") or ""))
        if told.get("type") == "url_verification":
            return {"challenge": str(told.get("challenge") or "")}
        check_signature(body, key, stamp=stamp, nonce=nonce, sign=sign, now=utc_now())
        return await self.received(told)

    async def received(self, told: Wire) -> Wire:
        """What to answer Feishu at once."""
        header: Wire = told.get("header") or {}
        event: Wire = told.get("event") or {}
        if header.get("app_id") != self._settings.app_id:
            log.warning("feishu.not_ours", app=str(header.get("app_id"))[:64])
            return {}
        if header.get("event_type") == SAID and (message := message_of(event)):
            self._begin(self._heard(message))
        elif header.get("event_type") == PRESSED:
            return await self._pressed(event, str(header.get("event_id") or ""))
        return {}

    def _check_token(self, given: str) -> None:
        wanted = self._settings.verification_token.get_secret_value()
        if wanted and not hmac.compare_digest(wanted.encode(), given.encode()):
            raise SENTENCES.error(Unauthenticated, "feishu_token")

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _heard(self, message: Message) -> None:
        """The bot answers people who mean it, never bots, and each message once."""
        heard = message.heard
        try:
            meant = message.direct or await self._is_named(message)
        except NotTaken as error:
            log.warning("feishu.unanswered", why=str(error))
            return
        if (meant or await self._talk.goes_on(heard)) and self._talk.is_new(heard.id):
            where = {"reply_to": heard.id, "thread": heard.thread}
            async with self.owing.owed(heard, {**where, "language": heard.language}) as ours:
                if ours:
                    await self._tell(self._talk.answer(heard), where, heard.language)

    async def resume(self, owed: Owed) -> None:
        """Answer what a process that was killed left unanswered."""
        language: Language = "zh" if owed.where["language"] == "zh" else "en"
        where = {name: str(owed.where[name]) for name in ("reply_to", "thread")}
        if owed.decision:
            await self._mark(owed.where, owed.decision, owed.heard, language)
        await self._tell(self._talk.again(owed), where, language)

    async def _is_named(self, message: Message) -> bool:
        return bool(message.named) and await self.api.own_id() in message.named

    async def _tell(
        self, said: AsyncGenerator[Piece], where: Mapping[str, str], language: Language
    ) -> None:
        answer = FeishuAnswer(self.api, where, language)
        await shown(said, answer.show, service="feishu", language=language, refusals=(NotTaken,))

    async def _pressed(self, event: Wire, event_id: str) -> Wire:
        """Go on with the turn, and say at once what became of the button, if that is known soon."""
        action: Wire = event.get("action") or {}
        asked: Wire = action.get("value") or {}
        if not {"do", "id", "reply_to", "thread"} <= set(asked) or not self._talk.is_new(event_id):
            return {}
        language: Language = "zh" if asked.get("language") == "zh" else "en"
        if asked["do"] in (HELPED, HELPED_NOT):
            return await self._rated(event, asked, language)
        toast: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        self._begin(self._decided(event, event_id, asked, language, toast))
        with suppress(TimeoutError):
            kind, text = await asyncio.wait_for(asyncio.shield(toast), PATIENCE_S)
            return _toast(kind, text)
        return _toast("info", phrase("bots.working", language))

    async def _rated(self, event: Wire, asked: Wire, language: Language) -> Wire:
        """A word on an answer, answered to who said it alone."""
        heard = _presser(event, asked)
        try:
            said = await self._talk.rate(heard, str(asked["id"]), helpful=asked["do"] == HELPED)
        except OpsError as error:
            return _toast("error", error.told(language))
        return _toast("success", phrase(said, language))

    async def _decided(
        self,
        event: Wire,
        event_id: str,
        asked: Wire,
        language: Language,
        toast: asyncio.Future[tuple[str, str]],
    ) -> None:
        """The first one who presses decides, and the card says who."""
        heard = replace(_presser(event, asked), id=event_id)
        context: Wire = event.get("context") or {}
        form: Wire = event["action"].get("form_value") or {}
        typed, reason = str(form.get("typed") or ""), why_not(form.get("reason"))
        said = Decision(str(asked["id"]), asked["do"] == APPROVE, typed, reason)
        where = {
            "reply_to": str(asked["reply_to"]),
            "thread": heard.thread,
            "language": language,
            "card": str(context.get("open_message_id") or ""),
            "what": str(asked.get("what") or ""),
        }
        async with self.owing.owed(heard, where, said) as ours:
            if ours:
                await self._decide(heard, said, where, language, toast)

    async def _decide(
        self,
        heard: Heard,
        said: Decision,
        where: Mapping[str, str],
        language: Language,
        toast: asyncio.Future[tuple[str, str]],
    ) -> None:
        told = self._talk.decide(heard, said)
        try:
            first = await anext(told)
        except OpsError as error:
            toast.set_result(("error", error.told(language)))
            return
        except Exception:  # whoever pressed must not be left without an answer
            log.exception("feishu.broke")
            toast.set_result(("error", phrase("bots.failed", language)))
            return
        toast.set_result(("success", phrase("bots.working", language)))
        await self._mark(where, said, heard, language)
        at = {name: where[name] for name in ("reply_to", "thread")}
        await self._tell(_after(first, told), at, language)

    async def _mark(
        self, where: Mapping[str, Any], said: Decision, heard: Heard, language: Language
    ) -> None:
        """Who decided, in place of the buttons; the decision stands, whatever becomes of them."""
        line = decided_by(said, person(heard.person), plain(said.reason), language)
        with suppress(NotTaken):
            await self.api.change(str(where["card"]), decided_card(str(where["what"]), line))


def _presser(event: Wire, asked: Wire) -> Heard:
    """Who pressed a button, and in which conversation."""
    operator: Wire = event.get("operator") or {}
    context: Wire = event.get("context") or {}
    who, chat = str(operator.get("open_id") or ""), str(context.get("open_chat_id") or "")
    return Heard(str(asked["id"]), who, chat, str(asked["thread"]), "")


def _toast(kind: str, text: str) -> Wire:
    return {"toast": {"type": kind, "content": text}}


async def _after(first: Piece, rest: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
    yield first
    async for piece in rest:
        yield piece
