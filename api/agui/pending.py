"""Streams of what AG-UI's interrupts do not admit: another message while one is open, a late answer."""

from collections.abc import AsyncIterator
from uuid import uuid4

import orjson

from agent.intents import Language, language_of
from api.agui.translation import PROTOCOL_VERSION, Wire
from api.turns.questions import Question
from api.turns.standing import AwaitsPerson, NothingStands, TooLate

# Open interrupts block new input.
PENDING = "interrupt_pending"


async def refused_frames(
    question: Question, refused: AwaitsPerson | NothingStands | TooLate, reads: Language = "en"
) -> AsyncIterator[bytes]:
    """`refused_events` as server-sent events."""
    number = 0
    async for event in refused_events(question, refused, reads):
        number += 1
        yield b"id: %d\ndata: %b\n\n" % (number, orjson.dumps(event))


async def refused_events(
    question: Question, refused: AwaitsPerson | NothingStands | TooLate, reads: Language = "en"
) -> AsyncIterator[Wire]:
    """Ends in RUN_ERROR. Nothing of it is kept: a message is to be sent again when it is admitted.

    `reads` is what the reader asked for, where the question says nothing of its language.
    """
    language = _language(question, reads)
    run = {"threadId": question.thread_id, "runId": question.run_id or str(uuid4())}
    started = {"type": "RUN_STARTED", **run, "protocolVersion": PROTOCOL_VERSION}
    if isinstance(refused, AwaitsPerson):
        told = _pending(refused, language)
    else:
        told = [_error(refused.told(language), refused.code)]
    for event in (started, *told):
        yield event


def _language(question: Question, reads: Language) -> Language:
    if question.language != "auto":
        return "zh" if question.language == "zh" else "en"
    return language_of(question.text) if question.text else reads


def _pending(waits: AwaitsPerson, language: Language) -> list[Wire]:
    """What waits and how to answer it, as a reply that any client shows."""
    text, message = waits.what_waits(language), f"msg_{uuid4().hex[:16]}"
    return [
        {"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": text},
        {"type": "TEXT_MESSAGE_END", "messageId": message},
        _error(text, PENDING),
    ]


def _error(message: str, code: str) -> Wire:
    return {"type": "RUN_ERROR", "message": message, "code": code}
