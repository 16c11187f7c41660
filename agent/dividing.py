"""Pure: one message that asks for several things, taken apart into a decision for each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from agent.arguments import extract
from agent.commanding import only_tells
from agent.following import POINTING, Said, is_filler, shared
from agent.intents import FOLLOWED, PLENTY, Route, as_typed, read
from agent.numerals import ENGLISH_NUMBERS, HAN_NUMBERS
from agent.ordering import orders_amount, without_ruled_out
from agent.scoring import Language, says, scores
from agent.sizing import sets_amounts

# Where a message may go on to a second matter.
_BORDER = re.compile(
    r"(?i),\s*(?:please\s)?(?=(?:take\s(?:it|that|this)\sback|undo|fix|restart|roll|revert|scale|drain|cordon|mute|silence|bump|redeploy|kill|evict)\s)"
    r"|[,;.?!]?\s+(?:and|then|also)\s+(?:then\s+|also\s+)?|[;；。？?!！]\s*(?:and\s|also\s|then\s|and\salso\s|顺便|另外|然后|再|同时|还有|并且?)?"
    r"|[,，\s]\s*(?:顺便|另外|然后|同时|还有|并且)|[,，]\s*(?:再|最后|完了|完事|接着|随后|之后|回头|紧接着)|\s再(?!跑|试|执行|来)|[,，]\s*(?:并|帮我)|(?<!合)并(?=查|看|列|把|重启|回滚|扩|缩|静默|通知|告诉)|[,，]\s*(?:先|直接|赶紧|马上)?\s?(?=restart|rollback|roll\sback|scale|drain|cordon|mute|silence)|[,，]\s*(?=有没有|有哪些|谁|它|列|看|查|把|给|清|扩|缩|退|撤|修|恢复|排空|驱逐|静默|重启|回滚|预算|费用|成本|告警)|(?:和|以及|跟)(?=[^,，。]{0,6}(?:费用|成本|花费|开销|预算|告警|手册|日志|事件|指标|依赖)(?!\s?比))|\s(?:并且?|同时|然后|再)(?=把|将|给|看|查|列|静默|重启|通知|发)"
)
_RULED_OUT_WAY = re.compile(r"(?i)\W*(?:and\s|but\s)?not\s(?:by|to|in|on|via|for|with|through)\b")
# What is only ruled out asks for nothing: "to slack and not by email".
_RULED_OUT = re.compile(r"(?i)\W*(?:but\s)?(?:not|never|rather\sthan|instead\sof)\b")
# The two sides of "the difference between a Job and a CronJob" are no matters of their own.
_BETWEEN = re.compile(r"(?i)\bbetween\s(?:\S+\s){1,4}and\s\S+")
# A character that no sentence has, and no pattern takes for a space.
HELD = "\ue000"
_COMMA = re.compile(
    r"、\s*(?=谁|为|怎|有|花|改|最近|哪|多少|什么|查|看|列|重启|回滚|扩|静默)|[,，]\s*(?!\d{3})"
)
CLEAR = 0.6
CERTAIN = 0.9
# What says that both a fault and its price are asked for.
_BOTH = re.compile(
    r"\bboth\b|\b(?:cause|reason|why|fault)\b.*\b(?:and|plus)\b.*\b(?:costs?|bill|spend|price)\b|\b(?:costs?|bill|spend)\b.*\band\b.*\b(?:cause|reason|why)\b"
    r"|两边|两方面|都(?:帮|给|要)?我?(?:查|看)|(?:原因|根因|为什么).*(?:和|与|以及|还有|及)\S{0,6}(?:费用|成本|花费|账单)|(?:费用|成本|花费|账单).*(?:和|与|以及|还有|及)\S{0,6}(?:原因|根因)"
)
MOST_PARTS = 3
# What is ordered, rather than asked.
ORDERS = (("autofix", "change"), ("alert_admin", "silences"))
# What a reason may be given for: "it pages for nothing, change that rule".
REASONED = (*ORDERS, ("alert_admin", "rules"))
# What is told of alerts, and what was behind it is no matter of theirs.
TOLD_OF = (("alert_admin", "channels"), ("alert_admin", "alerts"))
# What is asked in one way or another: "is it healthy?" is told with the reason why it is not.
OF_A_STATE = frozenset(("investigate", "health", "look"))
# What no reason has that is none of the cluster's: "扩到二十个，马上开票了" tells why, "to 6, say 8" does not.
_NUMBER = re.compile(rf"\d|{HAN_NUMBERS}|\b(?:{ENGLISH_NUMBERS})\b")
# What words that are said of anything ask for: with nothing named, they go on with what was said.
GENERAL = OF_A_STATE | {"list"}
# A part that asks or orders for itself, and does not only tell.
_ASKS = re.compile(
    r"(?i)^\W*(?:(?:and|also|then|plus|but|please|pls|can|could|would|will|you|we|i|want|need|like|to|know|see|tell|me|let|just|quickly)\b\W*)*"
    r"(?:why|what|which|who|whose|whom|when|where|how|is|are|was|were|do|does|did|has|have|had|should|any|list|show|check|find|look|get|give|describe|count|compare|investigate|diagnose|verify|explain|print|fetch|pull|see)(?:'s)?\b"
    r"|^\W*(?:and\s|also\s)*(?:can|could|will|would|shall)\s(?:we|i|you|it|they|this|that)\b|[吗么呢]\W*$|为什么|为何|为啥|怎么|咋|哪|什么|啥|谁|多少|几[个次台天]|多久|是不是|是否|有没有|有无|如何|原因|根因|正常不|好了没|[\u4e00-\u9fff]不\W*$"
    r"|^\W*(?:请|麻烦|帮我|帮忙|给我|再|顺便|另外|然后|先|同时|也|还)*\s*(?:查|看|列|找|统计|显示|展示|检查|诊断|排查|分析|确认|对比|告诉)"
)


# What is asked for by its name alone: "cost of shop last month", "checkout 的日志".
_NAMES_A_LOOK = re.compile(
    r"(?i)^\W*(?:the\s|total\s)*(?:costs?|spend(?:ing)?|bill|logs?|events|status|health|latency|budget|forecast|alerts)\s(?:of|for)\b"
    r"|(?:日志|事件|费用|花费|成本|账单|预算|告警|指标|依赖)(?:都|也|一起)?(?:给我|发我|看看|看一下)?\W*$"
)

# How a question begins, where its mark was the border: "is it ok? if not, mute it".
_ASKED = re.compile(r"(?i)\W*(?:is|are|was|were|does|do|did|has|have)\s")
# What asks which silences there are, and orders none.
_WHICH = re.compile(
    r"(?i)\W*(?:and\s|also\s)?(?:what|which|who|is|are|any)\b|.*(?:哪些|什么|有没有|谁)"
)
# All alerts, and not those of what was named before: "and tell me which alerts are firing". Who is on call
# is on call for all.
_OF_ALL = re.compile(
    r"\bwho(?:'s|\sis)\s(?:now\s|currently\s)?on[\s-]?(?:call|duty)\b|谁[^，。]{0,2}(?:值班|on[\s-]?call)|(?:值班|on[\s-]?call)[^，。]{0,3}谁|"
    r"\bwhat(?:'s|\sis)\s(?:still\s|now\s|currently\s)?(?:firing|alerting|going\soff)\b|\b(?:what|which|any\sother)\s(?:other\s)?alerts\b(?!.*\b(?:for|on|of|about|from|it|them)\b)|(?:有|是)哪些\s?(?:别的|其他)?(?:告警|报警)|哪些\s?(?:告警|报警)(?:还|都|现在|正)*在?(?:响|报|触发|firing)|(?:告警|报警)(?:有哪些|列表)"
)
# What an order is about, when it names nothing.
_OF_IT = re.compile(r"\b(?:its?|them|their|th(?:is|at)\sone)\b|它|其(?![他它实中])")
# Why, and nothing else: of what was just told.
_ONLY_WHY = re.compile(
    r"(?i)\W*(?:and\s|but\s)?(?:why|how\scome|what(?:'s|\sis)?\s(?:the\s)?(?:reason|cause)|为什么|为何|为啥|怎么回事|咋回事|(?:是?什么|啥)(?:原因|情况|问题)|原因(?:是什么|何在)?)(?:\sis\s(?:that|it|this))?[呢啊呀]?\W*"
)
# The question before it, of something else: "cart 呢", "and what about cart".
_SAME_OF = re.compile(
    r"(?i)^\W*(?:那|还有)?[^,，。]{1,24}呢\W*$|^\W*(?:and\s|or\s)?(?:what|how)\sabout\s"
)
# Why nobody was told is a matter of the channels.
_NOBODY = re.compile(
    r"\b(?:nobody|no\s?one|not|never|didn't|wasn't|weren't|hasn't|haven't)\b|没|未"
)
_AND_WHY = re.compile(r"(?i)\s*[,，;；。?？]\s*|\s+(?=and\s(?:why|how\scome|what\sfor)\b)")


def read_all(message: str, *, previous: Mapping[str, Any] | None = None) -> list[Route]:
    """The decisions a message asks for, in its order: mostly one, two when it says two things.

    A part counts only when its own words are clear; a later part may mean what an earlier named.
    Of decisions for one subagent, each has the `words` that asked for it.
    """
    whole = read(message, previous=previous)
    if order := _order_with_reason(message, previous):
        return [order]
    if told := _told_and_why(message, whole, previous):
        return told
    parts = _joined(_parts(message))
    if not 1 < len(parts) <= MOST_PARTS:
        return both_sides(whole, message)
    routes = _in_turn(parts, whole.language, previous)
    if _tells_why(parts[0], routes):
        return [whole] if whole.subagent == routes[1].subagent else [_of_what_was_told(*routes)]
    clear = all(_is_clear(one) for one in routes)
    apart = _told_apart(routes)
    if not apart and all(_asks(part, one) for part, one in zip(parts, routes, strict=True)):
        apart = {one.subagent for one in routes}
    if not clear or not (whole.subagent in apart or (apart and _begins_with_order(routes))):
        return both_sides(whole, message)
    return _worded(parts, routes)


def _order_with_reason(message: str, previous: Mapping[str, Any] | None) -> Route | None:
    """An order of which the rest only tells why: "cordon node-7, its disk is dying"."""
    first, *rest = [one for one in _COMMA.split(message) if one.strip()]
    if len(rest) != 1 or not only_tells(rest[0]):
        return None
    order, reason = read(first, previous=previous), read(rest[0])
    named = bool(_about(order)) and not _about(reason)
    is_order = (order.subagent, order.intent) in ORDERS and order.sure
    is_reason = reason.intent in OF_A_STATE or (
        reason.intent == "unclear" and not previous and not _NUMBER.search(rest[0].lower())
    )
    return order if is_order and named and is_reason else None


def _told_and_why(message: str, whole: Route, previous: Mapping[str, Any] | None) -> list[Route]:
    """Who was told, or what fires, and why: the cause is another's to find, at the same time and of the
    same thing. Empty where the question is another."""
    told, *rest = [one for one in _AND_WHY.split(message) if one and one.strip(" ?？。.!！")]
    if len(rest) != 1 or not _ONLY_WHY.fullmatch(rest[0]):
        return []
    first = read(told, previous=previous)
    of_others = (first.subagent, first.intent) in TOLD_OF and first.confidence >= CLEAR
    if not of_others or _NOBODY.search(told.lower()):
        return []
    about = extract(as_typed(message), subagent="rca", intent="investigate")
    return [first, Route("rca", "investigate", about, whole.language, FOLLOWED)]


def _of_what_was_told(told: Route, order: Route) -> Route:
    """An order about what was told before it: "memory is short, give it some more"."""
    metric = told.arguments.get("metric")
    if not metric or "metric" in order.arguments or _about(told) not in ("", _about(order)):
        return order
    return replace(order, arguments={**order.arguments, "metric": metric})


def _is_clear(route: Route) -> bool:
    """Whether a part stands for itself: an order to change nothing in particular only goes on."""
    of_nothing = (route.subagent, route.intent) == ORDERS[0] and not route.arguments
    return route.confidence >= CLEAR and route.subagent != "none" and not of_nothing


def _begins_with_order(routes: Sequence[Route]) -> bool:
    """Whether a certain thing is to be changed first: what else is asked makes it no other question."""
    first = routes[0]
    return (
        (first.subagent, first.intent) == ORDERS[0]
        and first.confidence >= CERTAIN
        and bool(_about(first))
    )


def _parts(message: str) -> list[str]:
    """The message between its borders.

    A comma alone is a border between questions that each stand for themselves, or are the one before
    it of something else ("web 花了多少，cart 呢").
    """
    kept = _BETWEEN.sub(lambda found: found[0].replace(" ", HELD), message)
    parts = [part for one in _split(_BORDER, kept) for part in _between_commas(one) if one.strip()]
    return parts or [message]


def _split(border: re.Pattern[str], text: str) -> list[str]:
    parts = [one.replace(HELD, " ") for one in border.split(text) if one]
    return [one for one in parts if _says_something(one)]


def _between_commas(text: str) -> list[str]:
    """What stands between commas, where each asks for itself; else the whole."""
    parts = _split(_COMMA, text)
    first, *rest = parts or [text]
    apart = _asks(first, read(first)) and all(
        _asks(one, read(one)) or _SAME_OF.search(one) for one in rest
    )
    return parts if rest and apart else [text]


def _says_something(part: str) -> bool:
    """Whether a part is more than how a reply begins, than what is not to be done, and than an
    alternative that is ruled out ("and not by email")."""
    if not part or not part.strip() or is_filler(part) or _RULED_OUT_WAY.match(part):
        return False
    return bool(re.search(r"\w", without_ruled_out(part.lower())))


def _told_apart(routes: Sequence[Route]) -> set[str]:
    """Who is asked, when nobody is asked again after another was; else nobody."""
    turns = [one for one, _ in groupby(one.subagent for one in routes)]
    return set(turns) if len(set(turns)) == len(turns) else set()


def _worded(parts: Sequence[str], routes: Sequence[Route]) -> list[Route]:
    """Who is asked for several things is told each in its own words; others read the whole message."""
    asked = [one.subagent for one in routes]
    return [
        replace(one, words=part.strip()) if asked.count(one.subagent) > 1 else one
        for part, one in zip(parts, routes, strict=True)
    ]


def _joined(parts: Sequence[str]) -> list[str]:
    """Neighbours that ask the same of one subagent are one part, as is what asks none: "it is down, find out"."""
    told: list[str] = []
    for part in parts:
        one = read(part)
        more = (one.intent == "unclear" and not _SAME_OF.search(part)) or _RULED_OUT.match(part)
        same = told and (more or _goes_on(told[-1], part, one))
        told = [*told[:-1], f"{told[-1]}, {part}"] if same else [*told, part]
    return told


def _goes_on(before: str, part: str, route: Route) -> bool:
    """Whether a part says more of what the one before it asks, and asks nothing new of that subagent."""
    asked = read(before)
    if _sets_more(before, part):
        return True
    if asked.subagent != route.subagent:
        return False
    both_ask = all(_asks(*one) for one in ((before, asked), (part, route)))
    return not (both_ask and _is_another(asked, route, part))


def _sets_more(before: str, part: str) -> bool:
    """Whether a part only names another amount of what the one before it sets: "cpu=2 and memory=4Gi"."""
    is_bare = not says(part.lower(), "en", "trouble") and sets_amounts(f"set {part.lower()}")
    return is_bare and orders_amount(as_typed(before).lower()) and not _ASKS.search(part)


def _asks(part: str, route: Route) -> bool:
    """Whether a part asks for something of its own, rather than to go on: "go ahead", "list them"."""
    if route.confidence < CLEAR or route.subagent == "none" or _ONLY_WHY.fullmatch(part):
        return False
    of_something = bool(_about(route))
    if (route.subagent, route.intent) in ORDERS:
        of_something = of_something or bool(_OF_IT.search(part.lower()))
        of_silence = "duration" in route.arguments or bool(_WHICH.match(part))
        return of_something or (route.intent == "silences" and of_silence)
    own = (
        of_something
        or POINTING.search(part.lower())
        or "kind" in route.arguments
        or says(part.lower(), route.language, "why")
    )
    bare = route.intent in GENERAL and not own
    return bool(_ASKS.search(part) or _names_a_look(part, route.language)) and not bare


def _names_a_look(part: str, language: Language) -> bool:
    """Whether something is asked for by its name; "logs of media stopped" tells of trouble."""
    told = (says(part.lower(), language, word) for word in ("trouble", "complaint", "statement"))
    return bool(_NAMES_A_LOOK.search(part)) and not any(told)


def _is_another(before: Route, after: Route, part: str) -> bool:
    """Whether one subagent is asked for something else: of another thing, or another question."""
    if after.subagent == "rag":
        return after.intent != "help" and not POINTING.search(part.lower())
    if named := _about(after):
        return named != _about(before) or not _alike(before, after)
    return not _alike(before, after)


def _alike(before: Route, after: Route) -> bool:
    intents = {before.intent, after.intent}
    return len(intents) == 1 or intents <= OF_A_STATE


def _about(route: Route) -> str:
    keys = ("name", "service", "alert", "team", "namespace")
    return next((str(route.arguments[key]) for key in keys if key in route.arguments), "")


def _tells_why(part: str, routes: Sequence[Route]) -> bool:
    """Whether the first of two parts only tells why the second, an order, is given."""
    if (
        len(routes) != 2
        or routes[0].subagent != "rca"
        or not only_tells(as_typed(part))
        or _ASKED.match(part)
    ):
        return False
    return (routes[1].subagent, routes[1].intent) in REASONED and routes[1].sure


def _in_turn(
    parts: Sequence[str], language: Language, previous: Mapping[str, Any] | None
) -> list[Route]:
    """Each part read after the one before it."""
    told: list[Route] = []
    for before, part in zip(("", *parts), parts, strict=False):
        same_of = told and _SAME_OF.search(part)
        route = read(part, previous=told[-1].shape() if same_of else None if told else previous)
        if told and route.subagent not in ("none", "rag") and not _asks_of_all(part, told[-1]):
            said = Said(part, route.subagent, route.intent, PLENTY, route.arguments)
            route = replace(route, arguments=shared(said, _spoken_of(told[-1], before, route)))
        told.append(replace(route, language=language))
    return told


def _spoken_of(told: Route, part: str, after: Route) -> dict[str, Any]:
    """A decision with what its part names: a question for pages takes no arguments, and names what is meant next."""
    if told.subagent != "rag":
        return told.shape()
    named = extract(as_typed(part), subagent=after.subagent, intent=after.intent)
    return {**told.shape(), "arguments": named}


def _asks_of_all(part: str, before: Route) -> bool:
    """Whether a part asks for what is no matter of the thing that was named before it alone."""
    return bool(_OF_ALL.search(part.lower())) and "name" in before.arguments


def both_sides(route: Route, message: str) -> list[Route]:
    """One decision; two when a fault and what it costs are asked about in one breath."""
    text = as_typed(message).lower()
    if route.subagent not in ("rca", "cost") or not _BOTH.search(text):
        return [route]
    readings = scores(text, route.language)
    costs = {intent: score for (one, intent), score in readings.items() if one == "cost"}
    if not costs:
        return [route]
    why = extract(as_typed(message), subagent="rca", intent="investigate")
    spent = max(costs, key=lambda one: costs[one])
    price = extract(as_typed(message), subagent="cost", intent=spent)
    return [
        replace(route, subagent="rca", intent="investigate", arguments=why, confidence=FOLLOWED),
        replace(route, subagent="cost", intent=spent, arguments=price, confidence=FOLLOWED),
    ]
