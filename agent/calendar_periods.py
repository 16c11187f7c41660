"""Pure: weeks, months, quarters and years of the calendar: "last month", "本季度", "in November", "11月".

"The last month" and "the past 30 days" are lengths of time, which `agent/durations.py` reads. Days are those of UTC.
"""

import re
from datetime import datetime, timedelta

from agent.moments import Span

_UNITS = {
    "week": re.compile(
        r"(?<!\bthe )\b(?P<which>this|last|previous)\s(?:calendar\s)?week\b"
        r"|(?<!下)(?P<zh>本|这|上)(?:一?个)?(?:周|星期|礼拜)(?![一二三四五六日天])"
    ),
    "month": re.compile(
        r"(?<!\bthe )\b(?P<which>this|last|previous)\s(?:calendar\s)?month\b|(?P<zh>本|当|这|上)个?月"
    ),
    "quarter": re.compile(
        r"(?<!\bthe )\b(?P<which>this|last|previous)\s(?:calendar\s)?quarter\b|(?P<zh>本|这|上)一?个?季度?"
    ),
    "year": re.compile(
        r"(?<!\bthe )\b(?P<which>this|last|previous)\s(?:calendar\s)?year\b|(?P<zh>今|本|去)年"
    ),
}
_LAST = frozenset(("last", "previous", "上", "去"))
# What is compared with is not what is asked for: "more than last month".
_COMPARED = re.compile(
    r"\b(?:than|to|against|vs\.?|versus|with|over)\s(?:the\s)?(?:last|previous)\s\w+|[比较跟与和]\s?(?:上一?个?|去)[周月季年]"
)
_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NAMED = re.compile(
    rf"\b(?:in|of|for|during)\s(?P<month>{'|'.join(_NAMES)})\b(?!\s\d\d?\b)(?:,?\s(?P<year>20\d\d))?"
)
_NAMED_ZH = re.compile(
    r"(?:(?P<year>20\d\d)\s?年\s?)?(?<![\d.])(?P<month>1[0-2]|[1-9])\s?月(?:份)?(?!\s?\d|[内前后])"
)


def period_told(text: str, now: datetime) -> Span | None:
    """The period that a lower-case sentence names; None when it names none."""
    told = _COMPARED.sub(" ", text)
    for unit, pattern in _UNITS.items():
        if found := pattern.search(told):
            first = _first(unit, now)
            if (found["which"] or found["zh"]) in _LAST:
                return Span(_first(unit, first - timedelta(days=1)), first)
            return Span(first, now)
    return _named(told, now)


def _first(unit: str, at: datetime) -> datetime:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return day.replace(month=month, day=1)


def _named(text: str, now: datetime) -> Span | None:
    """A month by its name: this year's, or the last one's where it is still to come."""
    found = _NAMED.search(text) or _NAMED_ZH.search(text)
    if not found:
        return None
    told = found["month"]
    month = int(told) if told.isdigit() else _NAMES.index(told) + 1
    year = int(found["year"] or (now.year if month <= now.month else now.year - 1))
    first = _first("month", now).replace(year=year, month=month)
    return Span(first, min(_first("month", first + timedelta(days=31)), now))
