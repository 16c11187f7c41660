"""Who owns what, of what people told: the question is read, and the facts that answer it chosen. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.lexicon.kinds import KINDS
from agent.teaching import ToldFact

_THING = r"(?P<{}>[a-z0-9][\w./-]*)"
_KIND = r"(?:service|system|app|application|namespace|team|deployment|workload|job|cluster)"
_OWN = (
    r"(?:owns?|maintains?|runs(?=\s\S+\W*$)|manages|looks\safter|takes\scare\sof"
    r"|is\s(?:the\sowner\sof|responsible\sfor|in\scharge\sof|behind))"
)
_WHO = r"(?:who(?:\selse)?|(?:which|what)\s(?:team|group|person|people|squad))"
_ZH_KIND = r"(?:这个)?(?:服务|系统|应用|命名空间|业务|集群|组件)?"
_ZH_WHO = r"(?:谁|哪个?(?:团队|小组|组|人|部门)|哪些人|什么人)"
_ZH_OWN = r"(?:来|在)?(?:负责|维护|管理|拥有|管着|管|背)"
_ZH_THING = r"(?P<{}>[a-z0-9][\w./-]*|它|其|(?:(?![是由归的谁哪])[\u4e00-\u9fff]){{2,8}}?)"
_ASKED = (
    re.compile(
        rf"^\W*(?:so\s|and\s|hey\s|tell\sme\s|do\syou\sknow\s)*{_WHO}\s{_OWN}\s(?:the\s)?(?:{_KIND}\s)?{_THING.format('en')}(?:\s{_KIND})?\W*$"
    ),
    re.compile(rf"^\W*(?:so\s|and\s)*whose\s(?:{_KIND}\s)?is\s(?:the\s)?{_THING.format('en')}\W*$"),
    re.compile(
        rf"^\W*(?:so\s|and\s)*what\s(?:else\s)?(?:does|do)\s(?:the\s)?(?:team\s)?{_THING.format('en')}(?:\steam)?\s(?:own|maintain|look\safter)\W*$"
    ),
    re.compile(
        rf"^\W*(?:请问|那么?)?\s*{_ZH_THING.format('zh')}\s*{_ZH_KIND}\s*(?:是|由|归|属于)?\s*{_ZH_WHO}\s*{_ZH_OWN}的?[呢啊呀吗]?\W*$"
    ),
    re.compile(
        rf"^\W*(?:请问|那么?)?\s*{_THING.format('zh')}\s*{_ZH_KIND}\s*(?:是|归|属于)\s*{_ZH_WHO}的?[呢啊呀]?\W*$"
    ),
    re.compile(
        rf"^\W*(?:请问|那么?)?\s*(?:是)?{_ZH_WHO}\s*{_ZH_OWN}\s*(?:着|的)?\s*{_ZH_THING.format('zh')}\s*{_ZH_KIND}[呢啊呀]?\W*$"
    ),
    re.compile(
        rf"^\W*(?:请问|那么?)?\s*{_ZH_THING.format('zh')}\s*{_ZH_KIND}\s*的?\s*(?:负责人|负责团队|归属|owner)\s*(?:是谁|是哪个团队|呢)?\W*$"
    ),
    re.compile(rf"^\W*{_ZH_THING.format('zh')}\s*(?:团队|小组|组)\s*(?:都)?{_ZH_OWN}(?:着|了)?\s*(?:什么|哪些|啥)\S{{0,4}}\W*$"),
)  # fmt: skip
_OWNERSHIP = re.compile(
    r"\b(?:own(?:s|ed|er)?|maintain\w*|responsible|on[\s-]call|in\scharge|looks?\safter|manage[sd]?)\b|负责|维护|管理|拥有|归|owner",
    re.IGNORECASE,
)
_POINTING = frozenset(
    ("it", "this", "that", "them", "他", "它", "这个", "那个", "这个服务", "那个服务")
)
# Objects of a cluster are owned by objects: that is asked of the cluster.
_OF_OBJECTS = frozenset(name for kind in ("Pod", "ReplicaSet") for name in KINDS[kind])


def owned(question: str, before: Mapping[str, Any] | None = None) -> str:
    """What somebody wants to know the owner of; "" when a message asks something else.

    `before` are the arguments of the turn before, which "it" points at.
    """
    text = " ".join(question.lower().split())
    found = next((match for one in _ASKED if (match := one.match(text))), None)
    if found is None or any(re.search(rf"(?<!\w){one}s?(?!\w)", text) for one in _OF_OBJECTS):
        return ""
    thing = str(next(iter(found.groupdict().values()))).strip("?？。.!！ ")
    if thing not in _POINTING:
        return thing
    known = before or {}
    return str(known.get("name") or known.get("service") or known.get("namespace") or "")


def owners(facts: Sequence[ToldFact], thing: str) -> list[ToldFact]:
    """Facts that name it and say whose something is, the newest last."""
    return [one for one in facts if _OWNERSHIP.search(one.text) and _names(one.text, thing)]


def _names(text: str, thing: str) -> bool:
    """Whether a text names it: as a word of its own, or anywhere when it is written in Chinese."""
    if not thing.isascii():
        return thing in text
    return bool(
        re.search(rf"(?<![\w-]){re.escape(thing)}(?![\w-])", text, re.IGNORECASE | re.ASCII)
    )
