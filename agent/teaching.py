"""What people tell Midwatch to remember: read from their own words alone, and kept as theirs. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from agent.recollection import names_in
from agent.sentences import SENTENCES
from core.errors import Invalid

MOST_CHARACTERS = 400
# More than these in one answer would push out what was found.
SHOWN = 8

_KEEP = re.compile(
    r"^\s*(?:please\s+)?(?:remember|note|keep in mind|fyi)\b\s*(?:that\b)?[\s:,]*(?P<en>.+)"
    r"|^\s*(?:请|帮我)?(?:记住|记一下|记下|牢记)[\s:：,，]*(?P<zh>.+)",
    re.IGNORECASE | re.DOTALL,
)
_OWNS = re.compile(
    r"^\s*(?:the\s+)?(?:team\s+)?[\w-]+(?:\s+team)?\s+(?:owns|maintains|is responsible for|is on call for)"
    r"\s+[\w./-]+[\w\s,./-]*[.!]?\s*$"
    r"|^\s*[\w./-]+\s*(?:服务|系统|应用)?\s*[由归]\s*[\w\u4e00-\u9fff-]{1,24}?(?:团队|小组|组)?\s*(?:负责|维护|管理)[。.!！]?\s*$"
    r"|^\s*[\w\u4e00-\u9fff-]{1,24}?(?:团队|小组)\s*(?:负责|维护|拥有)\s*[\w./-]+[。.!！]?\s*$",
    re.IGNORECASE,
)
_FORGET = re.compile(
    r"^\s*(?:please\s+)?forget\s+(?:that\s+)?(?P<en>.+)|^\s*(?:请)?(?:忘记|忘掉|别再记)[\s:：,，]*(?P<zh>.+)",
    re.IGNORECASE | re.DOTALL,
)
_LIST = re.compile(
    r"^\s*what (?:do you remember|have (?:i|we) (?:told|taught) you)|^\s*你?(?:都)?(?:记住|记得|记)了?(?:些什么|哪些|什么)",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"\b(?:for (?:everyone|everybody|all of us)|organi[sz]ation-wide)\b[\s,:]*"
    r"|(?:所有人都?|全公司|全组织)[\s，,:：]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Teaching:
    """What a message wants of the notebook. `everybody`: of the organisation's, not one's own."""

    wants: Literal["keep", "forget", "list"]
    text: str = ""
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class ToldFact:
    """Told by a person, and no more certain than that."""

    id: str
    text: str
    by: str
    at: datetime
    everybody: bool

    def shape(self) -> dict[str, Any]:
        """As doors tell it."""
        told = {"id": self.id, "text": self.text, "told_by": self.by}
        return {**told, "told_at": self.at.isoformat(), "everybody": self.everybody}


class Notebook(Protocol):
    """Of one person: their own facts and the organisation's."""

    async def known(self) -> Sequence[ToldFact]:
        """The oldest first."""
        ...

    async def keep(self, text: str, *, everybody: bool) -> None:
        """Raises `Forbidden` when this person may not tell everybody, `TooLarge` when it is full."""
        ...

    async def forget(self, fact_id: str) -> None:
        """Raises `Forbidden` for what another person told everybody."""
        ...


def taught(message: str) -> Teaching | None:
    """None for a message that asks something, as nearly all do."""
    if _LIST.search(message):
        return Teaching("list")
    if found := _FORGET.match(message):
        return Teaching("forget", _words(found))
    kept = _KEEP.match(message)
    if kept is None and not _OWNS.match(message):
        return None
    text = _words(kept) if kept else message
    bare = _EVERYBODY.sub("", text).strip(" \n.。!！,，:：")
    if not bare or bare.endswith(("?", "？")) or len(bare) > MOST_CHARACTERS:
        return None
    return Teaching("keep", " ".join(bare.split()), bool(_EVERYBODY.search(text)))


def worded(text: str) -> str:
    """A fact as it is kept, for doors that are handed nothing else. Raises `Invalid`."""
    told = " ".join(text.split())
    if not told:
        raise SENTENCES.error(Invalid, "empty_fact")
    if len(told) > MOST_CHARACTERS:
        raise SENTENCES.error(Invalid, "long_fact", len=len(told), most_characters=MOST_CHARACTERS)
    return told


def about(facts: Sequence[ToldFact], question: str) -> list[ToldFact]:
    """Those that share a name with the question, the newest last."""
    asked = names_in(question)
    return [one for one in facts if asked & names_in(one.text)][-SHOWN:]


def meant(facts: Sequence[ToldFact], text: str) -> list[ToldFact]:
    """The facts that a person wants forgotten: the very words, else those that hold all its names."""
    same = [one for one in facts if one.text.casefold() == text.strip(" .。!！").casefold()]
    wanted = names_in(text)
    return same or [one for one in facts if wanted and wanted <= names_in(one.text)]


def _words(found: re.Match[str]) -> str:
    return (found["en"] or found["zh"] or "").strip()
