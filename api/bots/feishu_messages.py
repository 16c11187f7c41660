"""What somebody wrote in Feishu, as it comes in an event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from api.bots.conversing import Heard

Wire = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`named` are the open ids of those whom it names; `direct` where nobody else reads it."""

    heard: Heard
    direct: bool
    named: frozenset[str]


def message_of(event: Wire) -> Message | None:
    """None for what no person wrote, or what is no message at all."""
    sender: Wire = event.get("sender") or {}
    told: Wire = event.get("message") or {}
    person = _open_id(sender.get("sender_id"))
    said, chat = str(told.get("message_id") or ""), str(told.get("chat_id") or "")
    if sender.get("sender_type") != "user" or not (person and said and chat):
        return None
    direct = told.get("chat_type") == "p2p"
    # A direct chat is one conversation; in a group each message that is no reply begins another.
    thread = chat if direct else f"{chat} {told.get('root_id') or said}"
    mentions: list[Wire] = list(told.get("mentions") or ())
    named = frozenset(_open_id(one.get("id")) for one in mentions)
    text = _text(told, [str(one.get("key") or "") for one in mentions])
    return Message(Heard(said, person, chat, thread, text), direct, named - {""})


def _open_id(told: Wire | None) -> str:
    return str(told.get("open_id") or "") if told else ""


def _text(told: Wire, mentions: list[str]) -> str:
    """What was typed, without mentions. A longer key goes first: one may begin with another."""
    try:
        content: Any = orjson.loads(str(told.get("content") or "{}"))
    except ValueError:
        return ""
    text = "".join(_texts(content))
    for key in sorted(filter(None, mentions), key=len, reverse=True):
        text = text.replace(key, " ")
    return text.strip()


def _texts(content: Any) -> Iterator[str]:
    """A plain message has `text`; a rich one has paragraphs of pieces."""
    if not isinstance(content, dict):
        return
    told = cast("Wire", content)
    if isinstance(told.get("text"), str):
        yield told["text"]
    for paragraph in cast("list[list[Wire]]", told.get("content") or []):
        for piece in paragraph:
            if piece.get("tag") != "at":
                yield str(piece.get("text") or "")
        yield "\n"
