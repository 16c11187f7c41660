"""DingTalk, over its stream or HTTP: a message to the robot is a turn, the answer goes to its session."""

import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import urlsplit

from api.bots.conversing import Conversing, shown
from api.bots.heard import Heard
from api.bots.owing import Owed
from api.bots.people import People
from api.sentences import SENTENCES
from api.turns.running import Turns
from api.turns.watching import Piece, Told, by_reply
from core.clock import utc_now
from core.errors import Invalid, Unauthenticated, UpstreamUnavailable
from core.http import RequestFailed, client
from core.settings.bots import DingTalkSettings
from core.telemetry import logger

# DingTalk takes about 20,000 bytes in a message; a title and the JSON around it are to fit too.
TEXT_BYTES = 18_000
TITLE_CHARACTERS = 40
# A stamp further off was not made now (DingTalk's own bound for its signatures).
OLDEST_S = 3600
log = logger("midwatch.bots.dingtalk")


class NotTaken(UpstreamUnavailable):
    """DingTalk did not take an answer."""


class DingTalkBot:
    """One robot. Its answers go to the address that came with the message, if that is DingTalk's."""

    def __init__(self, settings: DingTalkSettings, turns: Turns) -> None:
        self._settings = settings
        people = People(turns.database, "dingtalk", settings.unmapped, settings.namespaces)
        self._talk = Conversing(turns, people, by_reply)
        self.owing = self._talk.owing

    def check(self, stamp: str, sign: str) -> None:
        """Raises `Unauthenticated` for what DingTalk did not post. The body is not signed: mind TLS."""
        secret = self._settings.client_secret.get_secret_value()
        key, told = secret.encode(), f"{stamp}\n{secret}".encode()
        wanted = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
        fresh = stamp.isdigit() and abs(utc_now().timestamp() - int(stamp) / 1000) <= OLDEST_S
        if not (fresh and hmac.compare_digest(wanted, sign)):
            raise SENTENCES.error(Unauthenticated, "dingtalk_signature")

    async def received(self, message: Mapping[str, Any]) -> None:
        """Answer one message to the robot, once. Never raises: there is nobody to tell but the log."""
        session = str(message.get("sessionWebhook") or "")
        heard = _heard(message)
        if not heard.id or not self._talk.is_new(heard.id):
            return
        try:
            self._check_address(session)
        except Invalid as error:
            log.warning("dingtalk.unanswered", why=str(error))
            return

        async with self.owing.owed(heard, {"session": session}) as ours:
            if ours:
                await self._tell(self._talk.answer(heard), heard, session)

    async def resume(self, owed: Owed) -> None:
        """Answer what a process that was killed left unanswered."""
        await self._tell(self._talk.again(owed), owed.heard, str(owed.where["session"]))

    async def _tell(self, said: AsyncGenerator[Piece], heard: Heard, session: str) -> None:
        async def show(piece: Piece) -> None:
            if isinstance(piece, Told):
                for part in parts(piece.text):
                    await _post(session, part, heard.person)

        await shown(said, show, service="dingtalk", language=heard.language, refusals=(NotTaken,))

    def _check_address(self, session: str) -> None:
        """What came in a message may name any address; answers go to DingTalk alone."""
        told = urlsplit(session)
        if told.netloc not in self._settings.session_hosts or told.username:
            raise SENTENCES.error(Invalid, "dingtalk_host", host=told.netloc)


def parts(text: str, most_bytes: int = TEXT_BYTES) -> list[str]:
    """A text in pieces that fit, each ending with a line, or within one where a line is too long."""
    found: list[str] = [""]
    for line in text.splitlines(keepends=True):
        for piece in _cut(line, most_bytes):
            if len((found[-1] + piece).encode()) > most_bytes:
                found.append("")
            found[-1] += piece
    return [one for one in found if one.strip()]


def _cut(line: str, most_bytes: int) -> list[str]:
    """Never in the middle of a character."""
    pieces: list[str] = []
    told = line.encode()
    while told:
        piece = told[:most_bytes].decode(errors="ignore")
        pieces.append(piece)
        told = told[len(piece.encode()) :]
    return pieces


async def _post(session: str, text: str, person: str) -> None:
    """Judged by DingTalk's own code, not by the HTTP status."""
    title = text.lstrip("#*_- \n").partition("\n")[0][:TITLE_CHARACTERS]
    body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    to = {"at": {"atUserIds": [person], "isAtAll": False}}
    address = urlsplit(session)
    async with client(f"{address.scheme}://{address.netloc}") as http:
        try:
            answer = await http.post(f"{address.path}?{address.query}", json={**body, **to})
            told: Any = answer.json()
        except (RequestFailed, ValueError) as error:
            raise SENTENCES.error(NotTaken, "dingtalk_took_nothing", why=str(error)) from error
    if told.get("errcode") != 0:
        raise SENTENCES.error(NotTaken, "dingtalk_took_nothing", why=str(told))


def _heard(message: Mapping[str, Any]) -> Heard:
    text: Mapping[str, Any] = message.get("text") or {}
    person = str(message.get("senderStaffId") or message.get("senderId") or "")
    place = str(message.get("conversationId") or "")
    said = str(text.get("content") or "").strip()
    return Heard(str(message.get("msgId") or ""), person, place, place, said)
