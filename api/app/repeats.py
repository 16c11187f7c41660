"""A request with an `Idempotency-Key` that is sent again is answered again, and carried out once.

After draft-ietf-httpapi-idempotency-key-header-07. Kept for a day: answers that something was done.
A refusal or a failure is not kept, so that it can be tried again.
"""

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import SESSION_COOKIE, Opened, of_session
from api.problems import CODE_OF_STATUS, language_of, problem
from api.sent import replayed
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Conflict, Invalid, OpsError
from core.security.encryption import Vault, vault_of
from core.storage.records import KeptAnswerRow
from core.storage.repositories.kept_answers import KeptAnswers

HEADER, REPLAYED = b"idempotency-key", b"idempotency-replayed"
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# A structured-field string, or the same without its quotes.
KEY = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?')
KEPT = timedelta(days=1)
# An answer that has not come by then never will: its process is gone.
LOST = timedelta(minutes=10)
MAX_ANSWER_BYTES = 1024 * 1024
# What of an answer's headers belongs to its content.
CONTENT = (b"content-type", b"location", b"etag", b"content-disposition")


@dataclass
class _Answer:
    """What went out to the first who asked."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    whole: bool = True

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            self.headers = {
                name.decode(): value.decode("latin-1")
                for name, value in message["headers"]
                if name.lower() in CONTENT
            }
        elif self.whole:
            self.body += message.get("body", b"")
            self.whole = len(self.body) <= MAX_ANSWER_BYTES

    @property
    def is_kept(self) -> bool:
        """Something was done, and can be told again; a stream cannot."""
        streams = self.headers.get("content-type", "").startswith("text/event-stream")
        return 200 <= self.status < 400 and not streams

    def packed(self) -> str:
        body = base64.b64encode(self.body).decode() if self.whole else None
        return orjson.dumps({"headers": self.headers, "body": body}).decode()


class Repeats:
    """Inside of `Envelope`, around all routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._vault: Vault | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and scope["method"] in METHODS
        headers = dict(scope["headers"]) if changes else {}
        if HEADER not in headers:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            await self._once(request, headers[HEADER].decode("latin-1"), send)
        except HTTPException as error:
            code = CODE_OF_STATUS.get(error.status_code, "error")
            refused = problem(code, str(error.detail), request, status=error.status_code)
            await refused(scope, receive, send)
        except OpsError as error:
            told = error.told(language_of(request))
            await problem(error.code, told, request, reason=error.reason)(scope, receive, send)

    async def _once(self, request: Request, given: str, send: Send) -> None:
        found, body = KEY.fullmatch(given.strip()), await request.body()
        if found is None:
            raise SENTENCES.error(Invalid, "no_idempotency_key")
        current: Opened = request.app.state.opened
        subject = await _asking(request, current)
        if not subject:  # the route says what is missing
            await self._app(request.scope, replayed(body, request.receive), send)
            return
        asked = KeptAnswerRow(subject, found[1], _fingerprint(request, body), utc_now())
        before = await _before(current, asked)
        if before:
            await _again(before, asked, self._keys(current))(request.scope, request.receive, send)
            return
        await self._first(request, body, asked, send)

    async def _first(self, request: Request, body: bytes, asked: KeptAnswerRow, send: Send) -> None:
        answer, current = _Answer(), request.app.state.opened

        async def heard(message: Message) -> None:
            answer.take(message)
            await send(message)

        try:
            await self._app(request.scope, replayed(body, request.receive), heard)
        finally:
            # Whoever is gone may ask again, and must not find it begun for ever.
            await asyncio.shield(_end(current, asked, answer, self._keys(current)))

    def _keys(self, current: Opened) -> Vault:
        if self._vault is None:
            self._vault = vault_of(current.settings)
        return self._vault


async def _asking(request: Request, current: Opened) -> str:
    """Whose request it is; "" where the credential does not hold."""
    kind, _, credential = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    try:
        if kind.lower() == "bearer":
            return (await current.sign_in.principal(credential.strip())).subject
        return (await of_session(current.database, cookie)).subject if cookie else ""
    except OpsError:
        return ""


def _fingerprint(request: Request, body: bytes) -> str:
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(told + body).hexdigest()


async def _before(current: Opened, asked: KeptAnswerRow) -> KeptAnswerRow | None:
    """The earlier request of this key; None where this is the first, which is then noted."""
    async with current.database.session() as session:
        answers, now = KeptAnswers(session), asked.begun_at
        if await answers.begin(asked, forgotten=now - KEPT, lost=now - LOST):
            return None
        return await answers.get(asked.subject, asked.key)


def _again(before: KeptAnswerRow, asked: KeptAnswerRow, vault: Vault) -> Response:
    if before.fingerprint != asked.fingerprint:
        raise SENTENCES.error(Invalid, "key_of_another_request", key=asked.key)
    if not before.status:
        raise SENTENCES.error(Conflict, "still_at_it", key=asked.key)
    kept: dict[str, Any] = orjson.loads(vault.open(before.sealed, place=_place(asked)))
    if kept["body"] is None:
        raise SENTENCES.error(Conflict, "done_and_too_long", key=asked.key)
    headers = {**kept["headers"], REPLAYED.decode(): "true"}
    return Response(base64.b64decode(kept["body"]), status_code=before.status, headers=headers)


async def _end(current: Opened, asked: KeptAnswerRow, answer: _Answer, vault: Vault) -> None:
    async with current.database.session() as session:
        answers = KeptAnswers(session)
        if answer.is_kept:
            sealed = vault.seal(answer.packed(), place=_place(asked))
            await answers.finish(asked.subject, asked.key, status=answer.status, sealed=sealed)
        else:
            await answers.drop(asked.subject, asked.key)


def _place(asked: KeptAnswerRow) -> str:
    return f"answer {asked.subject} {asked.key}"
