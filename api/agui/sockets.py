"""`/agui/ws`: the event stream for clients that cannot read server-sent events, message by message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import Field, ValidationError

from api.agui.pending import refused_events
from api.agui.routes import RunInput, begun
from api.agui.translation import Wire, wire_events
from api.dependencies import SESSION_COOKIE, Opened, credited, of_session, same_origin
from api.problems import KINDS, language_of
from api.sentences import SENTENCES
from api.turns.running import Turns
from api.turns.runs import Run
from api.turns.standing import AwaitsPerson, NothingStands, TooLate
from core.errors import Forbidden, Invalid, OpsError, Unauthenticated
from core.principal import Permission, Principal

router = APIRouter(tags=["stream"])
HEARTBEAT_S = 15.0
# Close codes of an application: 4000 and the status that a request would have been answered with.
REFUSED = 4000
GONE = (WebSocketDisconnect, RuntimeError)


class Asked(RunInput):
    """What `POST /agui` takes. `lastEventId`: go on with a run after that event; `cancel`: end the run."""

    last_event_id: int | None = Field(default=None, alias="lastEventId", ge=0)
    cancel: str = Field(default="", max_length=64)


@router.websocket("/agui/ws")
async def agent_socket(socket: WebSocket) -> None:
    """One run after the other, each asked for by a message of the client: the body of `POST /agui`.

    Each event comes as `{"id": 7, "event": {…}}`, with the same ids as in the stream. What is refused comes
    as `{"error": {…}}`, and the connection stays; without a way in it is closed with 4401 or 4403.
    A run goes on when the connection breaks.
    """
    await socket.accept()
    try:
        await _caller(socket)
        with suppress(*GONE):
            await _Talk(socket, socket.app.state.turns, socket.app.state.opened).go_on()
    except OpsError as error:
        await _close(socket, error)


class _Talk:
    """One connection: messages are read while a run is told, so that it can be cancelled."""

    def __init__(self, socket: WebSocket, turns: Turns, opened: Opened) -> None:
        self._socket, self._turns, self._opened = socket, turns, opened
        self._telling: asyncio.Task[None] | None = None

    async def go_on(self) -> None:
        """Until the client leaves. Who it is, is looked up with each message: a session may have ended."""
        try:
            while True:
                message = await self._socket.receive_text()
                await self._take(message, await _caller(self._socket))
        finally:
            if self._telling:
                self._telling.cancel()
                await asyncio.wait([self._telling])

    async def _take(self, message: str, principal: Principal) -> None:
        try:
            self._opened.pace.take({"user": principal.subject}).check()
            asked = _asked(message)
            if asked.cancel:
                await self._turns.cancel(self._turns.find(asked.cancel, principal.subject))
            elif self._telling and not self._telling.done():
                raise SENTENCES.error(Invalid, "one_run_at_a_time")
            else:
                what = await self._begun(asked, principal)
                self._telling = asyncio.create_task(self._tell(asked, what))
        except OpsError as error:
            await self._send({"error": error.fields()})

    async def _begun(self, asked: Asked, principal: Principal) -> "Run | AsyncIterator[Wire]":
        """The run, or the events that say why there is none."""
        question = asked.question()
        try:
            return await begun(self._turns, principal, question, asked.last_event_id)
        except (AwaitsPerson, NothingStands, TooLate) as refused:
            return refused_events(question, refused, language_of(self._socket))

    async def _tell(self, asked: Asked, what: "Run | AsyncIterator[Wire]") -> None:
        """A client that left is noticed by whoever reads from it."""
        events = wire_events(what, timeout_s=HEARTBEAT_S) if isinstance(what, Run) else what
        number, after = 0, asked.last_event_id or 0
        with suppress(*GONE):
            async for event in events:
                if event is None:  # the protocol's own pings keep the connection
                    continue
                number += 1
                if number > after:
                    await self._send({"id": number, "event": event})

    async def _send(self, message: Wire) -> None:
        await self._socket.send_text(orjson.dumps(message, default=str).decode())


async def _caller(socket: WebSocket) -> Principal:
    """By a token in the header, or by the session of our own page. Raises as a request does."""
    opened: Opened = socket.app.state.opened
    kind, _, secret = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and secret:
        found = await opened.sign_in.principal(secret)
        found = await credited(opened, found, secret)
    elif cookie := socket.cookies.get(SESSION_COOKIE):
        same_origin(socket)
        found = await credited(opened, await of_session(opened.database, cookie), "")
    else:
        raise SENTENCES.error(Unauthenticated, "no_credential")
    if not found.may(Permission.CHAT_USE):
        raise SENTENCES.error(Forbidden, "takes_permission", value=Permission.CHAT_USE.value)
    return found


def _asked(message: str) -> Asked:
    """Raises `Invalid` for what is no JSON object of these fields."""
    try:
        return Asked.model_validate(orjson.loads(message))
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise SENTENCES.error(Invalid, "no_run_input") from error


async def _close(socket: WebSocket, error: OpsError) -> None:
    status: Any = KINDS.get(error.code, KINDS["error"]).status
    with suppress(*GONE):
        await socket.send_text(orjson.dumps({"error": error.fields()}).decode())
        await socket.close(REFUSED + int(status), str(error)[:100])
