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

# A plan that was shown, or a change that was made, and a reply that means it without naming it.
_PLAN, _CHANGE = re.compile(r"\bfix-[0-9a-f]{12}\b"), re.compile(r"\bchg-[0-9a-f]{12}\b")
_CONSENT = r"^\W*(?:(?:yes|yep|ok(?:ay)?|sure|please|then|now|and|just|but|let's|let\sus|can\s(?:you|we)|could\s(?:you|we)|好的?|行|可以|嗯|那就?|请|帮我|就|先|但是?|不过|再)[\s,，.!。！]*)*"
_THAT = r"(?:it|that|this|(?:the|that|this|your)\s(?:\w+\s)?(?:fix|plan|change|repair|one))"
_THAT_ZH = r"(?:它|(?:这个|那个|该|此|上面的?|刚才那?(?:个|的)?|刚刚那?(?:个|的)?)?\s*(?:方案|计划|修复|变更)|这个|那个|刚才的|刚才那个)"
_END = r"(?:\s?(?:now|please|then|first|again|instead|再说|看看|先|吧|一下|一遍|一次|了|呗))*\W*$"
_CARRY_OUT = re.compile(
    rf"{_CONSENT}(?:(?:apply|do|execute|carry\sout|run|ship|approve|use|go\swith|proceed\swith)\s{_THAT}"
    r"|(?:go\sahead|proceed)(?:\s(?:and\s(?:apply|do)|with)\s(?:it|that|this))?"
    rf"|(?:执行|应用|照做|照办|动手|照这个做|批准|同意|用|按照?(?:这个|该|此|刚才的?|刚才那个|刚才说的)?\s*(?:方案|计划)?(?:来|做|办|执行|弄))(?:{_THAT_ZH})?"
    rf"|就?(?:这么|这样)(?:做|办|来|修)|把{_THAT_ZH}(?:执行|应用|批))"
    rf"{_END}"
)
_TRY = re.compile(
    rf"{_CONSENT}(?:(?:rehearse|simulate|test|try|dry-?run|trial)(?:\s{_THAT})?(?:\sout)?(?:\son\s(?:a\s)?(?:copy|kwok)\w*)?"
    rf"|(?:(?:do|make)\s)?(?:an?\s|the\s)?(?:dry[\s-]?run|rehearsal|trial\srun)(?:\s(?:of\s)?{_THAT})?|(?:run|try)\s{_THAT}\son\sa\scopy"
    rf"|(?:把)?(?:{_THAT_ZH})?(?:演练|预演|试跑|试运行|模拟|试)(?:试|跑|执行|运行)?(?:{_THAT_ZH})?)"
    rf"{_END}"
)
_SHOW = re.compile(
    rf"{_CONSENT}(?:show|display|print)\s(?:me\s|us\s)?(?:the|that|this)\s(?:\w+\s)?(?:fix|plan|repair){_END}"
    rf"|{_CONSENT}(?:把)?(?:看看|看下|看一下|给我看看?|列出|展示)?{_THAT_ZH}(?:给我看看?|再?看看|再?看一下|再?看一眼|是什么|内容){_END}"
)
_TAKE_BACK = re.compile(
    rf"{_CONSENT}(?:(?:undo|revert|take\sback|roll\sback|cancel)\s{_THAT}|(?:roll|take|put)\s(?:it|that|this)\sback"
    rf"|(?:撤回|撤销|撤掉|回滚|回退|还原)(?:{_THAT_ZH}|(?:刚才的?|刚刚的?|这次的?)?(?:操作|改动|变更|修改))?|把?(?:刚才的?|刚刚的?|这次的?)(?:操作|改动|变更|修改)(?:撤回|撤销|撤掉|回滚|回退|还原))"
    rf"{_END}"
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
    """ "Apply it" after one plan was shown, with that plan named, and "undo that" after one change was
    made, with that change named; "" when it says something else."""
    text, in_chinese = message.lower(), bool(re.search("[\u4e00-\u9fff]", message))
    plans, changes = set(_PLAN.findall(answer)), set(_CHANGE.findall(answer))
    if len(changes) == 1 and _TAKE_BACK.search(text):
        return f"{'回滚' if in_chinese else 'roll back'} {changes.pop()}"
    if len(plans) != 1:
        return ""
    for pattern, english, chinese in (
        (_CARRY_OUT, "apply", "应用"),
        (_TRY, "rehearse", "演练"),
        (_SHOW, "show", "查看"),
    ):
        if pattern.search(text):
            return f"{chinese if in_chinese else english} {plans.pop()}"
    return ""


def _place(found: re.Match[str]) -> int:
    if found["digit"]:
        return int(found["digit"]) - 1
    return _ENGLISH.index(found["word"]) if found["word"] else _CHINESE.index(found["han"])
