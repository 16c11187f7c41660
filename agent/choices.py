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

# A plan that was shown, and a reply that wants it carried out without naming it.
_PLAN = re.compile(r"\bfix-[0-9a-f]{12}\b")
_CARRY_OUT = re.compile(
    r"^\W*(?:(?:yes|yep|ok(?:ay)?|sure|please|then|now|and|just|好的?|行|可以|嗯|那就?|请|帮我|就)[\s,，.!。！]*)*"
    r"(?:(?:apply|do|execute|carry\sout|run)\s(?:it|that|this|(?:the|that|this|your)\s(?:fix|plan|change|repair))"
    r"|go\sahead(?:\s(?:and\s(?:apply|do)|with)\s(?:it|that|this))?"
    r"|(?:执行|应用|照做|照办|动手|照这个做|按(?:这个|该|此)?(?:方案|计划)?(?:来|做|办|执行))(?:它|(?:这个|该|此|刚才的?)?(?:方案|计划|修复|变更))?"
    r"|就这么(?:做|办|来|修))"
    r"(?:\s?(?:now|please|then|吧|一下|了|呗))*\W*$"
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


def wanted(message: str, answer: str) -> str:
    """ "apply it" after one plan was shown, with that plan named; "" when it says something else."""
    shown = set(_PLAN.findall(answer))
    if len(shown) != 1 or not _CARRY_OUT.search(message.lower()):
        return ""
    plan = shown.pop()
    return f"应用 {plan}" if re.search("[\u4e00-\u9fff]", message) else f"apply {plan}"


def _place(found: re.Match[str]) -> int:
    if found["digit"]:
        return int(found["digit"]) - 1
    return _ENGLISH.index(found["word"]) if found["word"] else _CHINESE.index(found["han"])
