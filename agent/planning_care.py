"""Pure: the calls for two orders: somebody takes care of an alert, and a channel is tried with a message."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result

RECEIVED, ACKNOWLEDGE = "alerting_list", "alerting_acknowledge"
CHANNELS, TEST = "channels_list", "channels_test"
# As far back as an alert that still fires may have come in.
WINDOW = "P30D"

_TAKE = re.compile(
    r"\back(?:nowledge)?\b|\b(?:i(?:'ll|\swill|'m|\sam)|let\sme)\s(?:take|taking)\s(?:care\sof|over|on)\b"
    r"|认领|(?:我来|由我|我)(?:处理|负责|跟进|接手)|确认(?!是否|一下是)[^，。]{0,12}告警"
)
_TRY = re.compile(
    r"\btest\s(?:message|notification|alert)\b|\btest\s(?:the\s)?(?:\S+\s){0,2}channel\b"
    r"|测试(?:一下)?(?:消息|通知|渠道)|(?:测试|试)(?:一下)?[^，。]{0,12}渠道"
)
# Such a sentence asks, or forbids.
_NO_ORDER = re.compile(
    r"\b(?:who|what|which|when|how|why|did|does|was|were|has|have|should|not|never|nobody)\b|n't\b"
    r"|谁|哪|怎么|如何|为什么|是否|是不是|别|不要|没有?|未"
)


def is_taken(asked: Asked) -> bool:
    """Whether whoever asks says that they take care of an alert."""
    return _ordered(asked, _TAKE)


def is_tried(asked: Asked) -> bool:
    """Whether a channel is to be sent a test message."""
    return _ordered(asked, _TRY)


def take(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What came in of that name, and once only one can be meant, that it is taken care of."""
    listed = next((one for one in results if one.tool == RECEIVED), None)
    if listed is None:
        wanted = {"name": asked.arguments.get("alert", ""), "namespace": asked.namespace}
        return [Step(RECEIVED, {"status": "firing", "window": WINDOW, **wanted})]
    rows = open_ones(asked, _rows(listed))
    return [Step(ACKNOWLEDGE, {"alert_id": rows[0]["id"]})] if len(rows) == 1 else []


def try_channel(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """The channel that is named, or the only one there is."""
    listed = next((one for one in results if one.tool == CHANNELS), None)
    if listed is None:
        return [Step(CHANNELS)]
    names = meant(asked, _rows(listed))
    return [Step(TEST, {"name": names[0]})] if len(names) == 1 else []


def open_ones(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the alerts that came in, those that fire, that nobody took, and that are about what was named."""
    return [
        one
        for one in rows
        if one["status"] == "firing"
        and not one["acknowledged_by"]
        and (not asked.name or asked.name in one["labels"].values())
    ]


def meant(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the channels that an order can mean."""
    every = [str(one["name"]) for one in rows]
    said = [
        one
        for one in every
        if re.search(
            rf"(?<![\w-]){re.escape(one.lower())}(?![\w-])", asked.question.lower(), re.ASCII
        )
    ]
    return said or every


def _ordered(asked: Asked, words: re.Pattern[str]) -> bool:
    said = asked.question.lower()
    return bool(words.search(said)) and not _NO_ORDER.search(said)


def _rows(result: Result) -> list[Mapping[str, Any]]:
    return list(result.data.get("rows") or ()) if result.ok else []
