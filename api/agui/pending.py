"""Streams of what AG-UI's interrupts do not admit: another message while one is open, a late answer."""

from collections.abc import AsyncIterator
from uuid import uuid4

import orjson

from agent.intents import language_of
from api.agui.translation import PROTOCOL_VERSION, Wire
from api.turns.questions import Question
from api.turns.standing import AwaitsPerson, NothingStands, TooLate

# Open interrupts block new input.
PENDING = "interrupt_pending"


async def refused_frames(
    question: Question, refused: AwaitsPerson | NothingStands | TooLate
) -> AsyncIterator[bytes]:
    """Ends in RUN_ERROR. Nothing of it is kept: a message is to be sent again when it is admitted."""
    run = {"threadId": question.thread_id, "runId": question.run_id or str(uuid4())}
    started = {"type": "RUN_STARTED", **run, "protocolVersion": PROTOCOL_VERSION}
    if isinstance(refused, AwaitsPerson):
        told = _pending(question, refused)
    else:
        told = [_error(str(refused), refused.code)]
    for number, event in enumerate([started, *told], start=1):
        yield b"id: %d\ndata: %b\n\n" % (number, orjson.dumps(event))


def _pending(question: Question, waits: AwaitsPerson) -> list[Wire]:
    """What waits and how to answer it, as a reply that any client shows."""
    language = question.language if question.language != "auto" else language_of(question.text)
    text, message = waits.what_waits("zh" if language == "zh" else "en"), f"msg_{uuid4().hex[:16]}"
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": text},
        {"type": "TEXT_MESSAGE_END", "messageId": message},
        _error(text, PENDING),
    ]


def _error(message: str, code: str) -> Wire:
    return {"type": "RUN_ERROR", "message": message, "code": code}
