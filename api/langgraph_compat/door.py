"""What the routes of LangGraph's platform have in common: their key, and a thread with all that is in it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from agent.standing import Standing
from api.langgraph_compat.shapes import (
    Wire,
    history,
    interrupts_of,
    messages_of,
    state,
    thread,
)
from api.sentences import SENTENCES
from api.turns.running import Turns
from core.errors import NotFound
from core.principal import Principal
from core.storage.forks import Step, latest, line_to, steps_of
from core.storage.records import ConversationRow
from core.storage.repositories.conversations import Conversations

PREFIX = "/langgraph"
KEY, BEARER = b"x-api-key", b"authorization"


class KeyRoute(APIRoute):
    """Takes an API token as `x-api-key` too, which is how LangGraph's clients send theirs."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            headers = dict(request.scope["headers"])
            if KEY in headers and BEARER not in headers:
                bearer = (BEARER, b"Bearer " + headers[KEY])
                request.scope["headers"] = [*request.scope["headers"], bearer]
                request = Request(request.scope, request.receive)
            return await handler(request)

        return handled


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread, the steps of all its forks by their checkpoints, and what stands in it."""

    row: ConversationRow
    steps: dict[str, Step]
    standing: Standing | None
    busy: bool

    @property
    def waiting(self) -> list[Wire]:
        return interrupts_of(self.standing)

    @property
    def status(self) -> str:
        if self.busy:
            return "busy"
        return "interrupted" if self.waiting else "idle"

    @property
    def checkpoint(self) -> str:
        return latest(self.steps)

    def line(self, checkpoint: str = "") -> list[Step]:
        """What was said until then, or until now. Raises `NotFound` for no checkpoint of this thread."""
        try:
            return line_to(self.steps, checkpoint or self.checkpoint)
        except KeyError as error:
            told = {"checkpoint": checkpoint[:80]}
            raise SENTENCES.error(NotFound, "no_checkpoint", **told) from error

    def state(self, checkpoint: str = "") -> Wire:
        is_now = checkpoint in ("", self.checkpoint)
        return state(self.row, self.line(checkpoint), self.waiting if is_now else ())

    def history(self, limit: int) -> list[Wire]:
        states = history(self.row, self.steps, self.waiting)
        return [one for one, _ in zip(states, range(limit), strict=False)]

    def thread(self) -> Wire:
        waiting = {"approval": self.waiting} if self.waiting else {}
        values = {"messages": messages_of(self.line())}
        return thread(self.row, status=self.status, values=values, interrupts=waiting)


async def read(turns: Turns, principal: Principal, thread_id: str) -> Conversation:
    """Raises `NotFound`, for another's conversation too."""
    subject = principal.subject
    async with turns.database.session() as session:
        conversations = Conversations(session)
        row = await conversations.get(thread_id, owner=subject)
        messages = await conversations.every_message(thread_id, owner=subject)
    busy = bool(turns.at_work(thread_id, subject))
    standing = None if busy else await turns.standing(thread_id, subject)
    return Conversation(row, steps_of(messages), standing, busy)
