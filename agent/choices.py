"""Pure: what is offered when a message could mean several things, and which of it a reply picks."""

import re
from collections.abc import Sequence

from agent.intents import Language
from agent.wording import phrase

# What is most often meant by a bare name, and by nothing that was understood.
OF_A_NAME = ("why", "logs", "changes", "cost")
OF_NOTHING = ("anything_wrong", "changes_lately", "how_to", "spend")

_ENGLISH = ("first", "second", "third", "fourth")
_CHINESE = "一二三四"
_PICK = re.compile(
    r"^\W*(?:(?:i\s(?:mean|meant)|option|number|no\.?|choice|take|please|the|选|第|要)\s*)*"
    rf"(?:(?P<digit>[1-4])|(?P<word>{'|'.join(_ENGLISH)})|(?P<han>[{_CHINESE}]))"
    r"\s*(?:one|option|please|个|项|条|吧|st|nd|rd|th)*\W*$"
)


def choices(name: str, language: Language) -> list[str]:
    """Whole questions, in the user's words, so that picking one is asking it."""
    keys = OF_A_NAME if name else OF_NOTHING
    return [phrase(f"choice.{key}", language, name=name) for key in keys]


def picked(message: str, offered: Sequence[str]) -> str:
    """The offered question that a reply like "2" or "第二个" means; "" when it says something else."""
    found = _PICK.search(message.lower())
    if not found:
        return ""
    place = _place(found)
    return offered[place] if place < len(offered) else ""


def _place(found: re.Match[str]) -> int:
    if found["digit"]:
        return int(found["digit"]) - 1
    return _ENGLISH.index(found["word"]) if found["word"] else _CHINESE.index(found["han"])
