"""Pure: when something was, by the calendar and the clock: "since Tuesday", "between 2 and 3 this morning", "从周二开始".

A length of time ("the last hour") is no matter of when it is asked; `agent/durations.py` reads those. Clocks and
days are read as UTC, in which answers tell them.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent import durations

# A moment told as "at three" or "around 14:10": what lies this near to it is meant.
NEAR = timedelta(minutes=30)
DAY = timedelta(days=1)
# Longer than this, hours tell nobody more than days.
LONG = timedelta(days=3)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_FIVE = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4}
_SHORT = _FIRST_FIVE | {"sat": 5, "sun": 6}
_HAN_DAYS = {one: place for place, one in enumerate("一二三四五六日")} | {"天": 6}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# What stands before a day that is still to come, or comes again and again.
_NOT_BACK = r"(?<!next\s)(?<!by\s)(?<!until\s)(?<!till\s)(?<!before\s)(?<!every\s)(?<!each\s)(?<!coming\s)(?<!this\scoming\s)"
_WEEKDAY = re.compile(
    rf"{_NOT_BACK}\b(?:({'|'.join(_DAYS)})(?!s\b)|(?<=since\s)({'|'.join(_SHORT)})|(?<=(?:from|last)\s)({'|'.join(_SHORT)})|(?<=on\s)({'|'.join(_SHORT)}))\b"
)
_WEEKDAY_ZH = re.compile(
    r"(?<![下每两一二三四五六七几])(上个?)?(?:周|星期|礼拜)([一二三四五六日天])(?![天年次])"
)
_DATE = re.compile(
    rf"\b(?:(20\d\d)-(\d\d)-(\d\d)(?!t\d|\s\d\d:\d\d:)|({'|'.join(_MONTHS)})[a-z]*\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])|(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?({'|'.join(_MONTHS)})[a-z]*)\b"
)
_DATE_ZH = re.compile(r"(?:(\d{1,2})\s*月)\s*(\d{1,2})\s*[日号]")
_YESTERDAY = re.compile(r"\byesterday\b|昨[天日]")
# What is named after the day it began on, and goes on after midnight: a length of time.
_LAST_NIGHT = re.compile(r"\byesterday\s(?:evening|night)\b|昨[天日]\s?(?:晚|夜|深夜|半夜|傍晚)")
_BEFORE_THAT = re.compile(r"\bday before yesterday\b|前天")
# From then on, rather than then: in either language.
_ON_FROM = re.compile(
    r"\b(?:since|after|starting|onwards?|between)\b|\bfrom\s(?=\d|noon|midnight|yesterday|mon|tue|wed|thu|fri|sat|sun)|从|自从?|开始|[日天号一二三四五六点分半]\s?(?:起|以来|之?后|以后|到现在|至今)"
)
_HOUR = r"([01]?\d|2[0-3])(?::([0-5]\d))?\s*(am|pm)?"
_PART = r"(?:\s(?:(?:this|in\sthe|yesterday|last|on\s\w+)\s)?(morning|afternoon|evening|night))?"
_RANGE = re.compile(
    rf"\b(?:between|from)\s{_HOUR}\s(?:and|to|till|until)\s{_HOUR}(?![\w%.-]){_PART}"
)
_PLAIN_RANGE = re.compile(
    r"(?<![\d:.-])([01]?\d|2[0-3]):([0-5]\d)\s?[-–~到至]\s?([01]?\d|2[0-3]):([0-5]\d)(?![\d:.-])"
)
_HAN_HOUR = r"(\d{1,2}|十[一二]|[一二两三四五六七八九十])\s*点(半)?"
_RANGE_ZH = re.compile(
    rf"(凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|今晚|昨晚|夜里|半夜)?\s*{_HAN_HOUR}\s*(?:到|至|和|[-~–])\s*{_HAN_HOUR}"
)
_LATE = frozenset(("afternoon", "evening", "下午", "傍晚", "晚上", "今晚", "昨晚"))
_HAN_HOURS = {one: place for place, one in enumerate("一二三四五六七八九十", 1)} | {
    "两": 2,
    "十一": 11,
    "十二": 12,
}
# Times of day that have a name; what ends then is told by a range.
_NAMED = {"midnight": (0, 0), "午夜": (0, 0), "零点": (0, 0), "noon": (12, 0), "正午": (12, 0)}
# What was rolled out last is where to look back to: "since the deploy", "发版之后".
_ROLLED_OUT = re.compile(
    r"\b(?:since|after)\s(?:(?:the|that|this|our|your|its|last|latest|recent|new|morning|today's|yesterday's)\s)*(?:\S+\s)?(?:deploy(?:ment|s)?|release|roll-?out|upgrade|update|push|ship(?:ped)?|deployed|released|upgraded)\b(?!\s\w+-\w)"
    r"|(?:发布|发版|上线|部署|升级|更新)(?:完|了|完成)?(?:之后|以后|以来|后)|(?:自|从)[^，。]{0,10}(?:发布|发版|上线|部署|升级)(?:之后|以来|后|起|开始|到)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From when on; until when, where that is told."""

    since: datetime
    until: datetime | None = None

    def holds(self, first: datetime, last: datetime) -> bool:
        """Whether what lasted from the one moment to the other touches it."""
        return last >= self.since and (self.until is None or first <= self.until)


def since_rollout(text: str) -> bool:
    """Whether a lower-case sentence looks back to what was rolled out last, and tells no time for it."""
    return bool(_ROLLED_OUT.search(text)) and not (durations.window(text) or durations.clock(text))


def span_told(text: str, now: datetime) -> Span | None:
    """When a lower-case sentence is about; None when no day or clock in it says so."""
    day = _day(text, now)
    hours = _range(text)
    if hours:
        since, until = (_at(one, day, now) for one in hours)
        return Span(since - DAY if since > until else since, until)
    if clock := _clock(text):
        at = _at(clock, day, now)
        return Span(at) if _ON_FROM.search(text) else Span(at - NEAR, min(at + NEAR, now))
    if day is None or _LAST_NIGHT.search(text):
        return None
    return Span(day, None if _ON_FROM.search(text) else day + DAY)


def length_to(span: Span, now: datetime) -> str:
    """How far back it begins, as tools take it: of one unit, and never too short."""
    back = now - span.since
    if back > LONG:
        return f"P{math.ceil(back / DAY)}D"
    if back > timedelta(hours=3):
        return f"PT{math.ceil(back / timedelta(hours=1))}H"
    return f"PT{max(1, math.ceil(back / timedelta(minutes=1)))}M"


def _day(text: str, now: datetime) -> datetime | None:
    """The beginning of the day that is named. A weekday's own name is none for today."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if _BEFORE_THAT.search(text):
        return today - 2 * DAY
    if _YESTERDAY.search(text):
        return today - DAY
    if found := _WEEKDAY.search(text):
        name = next(one for one in found.groups() if one)
        wanted = _DAYS.index(name) if name in _DAYS else _SHORT[name]
        return today - ((today.weekday() - wanted - 1) % 7 + 1) * DAY
    if found := _WEEKDAY_ZH.search(text):
        wanted = _HAN_DAYS[found[2]]
        if found[1]:
            return today - (today.weekday() + 7 - wanted) * DAY
        return today - ((today.weekday() - wanted - 1) % 7 + 1) * DAY
    return _date(text, today)


def _date(text: str, today: datetime) -> datetime | None:
    """A day by its number: this year's, or the last one's where that is still to come."""
    if found := _DATE.search(text):
        month = found[2] or str(_MONTHS.index(found[4] or found[7]) + 1)
        year, day = found[1], found[3] or found[5] or found[6]
    elif found := _DATE_ZH.search(text):
        year, month, day = "", found[1], found[2]
    else:
        return None
    try:
        told = today.replace(year=int(year or today.year), month=int(month), day=int(day))
        if told > today and not year:
            told = told.replace(year=told.year - 1)
    except ValueError:  # no such day, that year
        return None
    return told if told <= today else None


def _range(text: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Two hours of a day; mere numbers are none: "between 2 and 3 replicas"."""
    if found := _PLAIN_RANGE.search(text):
        return (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
    if found := _RANGE.search(text):
        said = any(found[one] for one in (2, 3, 5, 6, 7))
        half = found[6] or ("pm" if found[7] in _LATE else "")
        first, last = (_hour(found[one], found[one + 1], found[one + 2] or half) for one in (1, 4))
        return (first, last) if said else None
    if found := _RANGE_ZH.search(text):
        half = "pm" if found[1] in _LATE else ""
        return _hour(found[2], "30" if found[3] else "", half), _hour(
            found[4], "30" if found[5] else "", half
        )
    return None


def _clock(text: str) -> tuple[int, int] | None:
    if told := durations.clock(text):
        hour, minute = told.split(":")
        return int(hour), int(minute)
    return next((at for word, at in _NAMED.items() if word in text), None)


def _hour(hour: str, minute: str | None, half: str) -> tuple[int, int]:
    told = _HAN_HOURS[hour] if hour in _HAN_HOURS else int(hour)
    if half:
        told = told % 12 + 12 * (half == "pm")
    return told % 24, int(minute or 0)


def _at(clock: tuple[int, int], day: datetime | None, now: datetime) -> datetime:
    """That time of that day; without a day, when it was last so late."""
    at = (day or now).replace(hour=clock[0], minute=clock[1], second=0, microsecond=0)
    return at if at <= now else at - DAY
