"""Pure: the calls for three orders: an alert is taken care of; a channel is tried, or switched off or on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result

RECEIVED, ACKNOWLEDGE = "alerting_list", "alerting_acknowledge"
CHANNELS, TEST, SWITCH = "channels_list", "channels_test", "channels_switch"
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
_CHANNEL = re.compile(r"\bchannels?\b|渠道|通道")
_OFF = re.compile(
    r"\b(?:turn|switch|shut|flip|take|put)\b.*\boff\b|\b(?:disable|deactivate|pause|stop)\b|关(?:闭|掉|了|停|上)|停(?:用|掉)|禁用|暂停"
)
_ON = re.compile(
    r"\b(?:turn|switch|flip|bring|put)\b.*\b(?:on|back)\b|\b(?:re-?)?(?:enable|activate)\b|\bresume\b|(?:打|重新?)开|开启|启用|恢复"
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


def is_switched(asked: Asked) -> bool | None:
    """Whether a channel is to be switched on (True) or off (False); None where neither is ordered."""
    if not _ordered(asked, _CHANNEL):
        return None
    if _OFF.search(asked.said):
        return False
    return True if _ON.search(asked.said) else None


def take(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What came in of that name, and once only one can be meant, that it is taken care of."""
    listed = next((one for one in results if one.tool == RECEIVED), None)
    if listed is None:
        wanted = {"name": asked.arguments.get("alert", ""), "namespace": asked.namespace}
        return [Step(RECEIVED, {"status": "firing", "window": WINDOW, **wanted})]
    rows = open_ones(asked, _rows(listed))
    return [Step(ACKNOWLEDGE, {"alert_id": rows[0]["id"]})] if len(rows) == 1 else []


def try_channel(asked: Asked, results: Sequence[Result]) -> list[Step]:
    return _with_channel(asked, results, TEST)


def switch_channel(asked: Asked, results: Sequence[Result]) -> list[Step]:
    return _with_channel(asked, results, SWITCH, enabled=is_switched(asked))


def _with_channel(
    asked: Asked, results: Sequence[Result], tool: str, **more: bool | None
) -> list[Step]:
    """What is done with the channel that is named, or with the only one there is."""
    listed = next((one for one in results if one.tool == CHANNELS), None)
    if listed is None:
        return [Step(CHANNELS)]
    names = meant(asked, _rows(listed))
    return [Step(tool, {"name": names[0], **more})] if len(names) == 1 else []


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
    """The names of the channels that an order can mean: as they are called, or by their kind."""
    every = [str(one["name"]) for one in rows]
    named = [one for one in every if _says(asked.question, one) or _says(asked.channel, one)]
    of_kind = [str(one["name"]) for one in rows if one["kind"] == asked.channel]
    return named or of_kind or every


def _says(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", text.lower(), re.ASCII))


def _ordered(asked: Asked, words: re.Pattern[str]) -> bool:
    return bool(words.search(asked.said)) and not _NO_ORDER.search(asked.said)


def _rows(result: Result) -> list[Mapping[str, Any]]:
    return list(result.data.get("rows") or ()) if result.ok else []
