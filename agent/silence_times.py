"""Pure: how long a silence is to last, and when it begins, as was said. All of it in UTC."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.asked import Asked

USUAL_LENGTH = "PT2H"
# "until 6" or "到 6 点": an hour without minutes, or which half of the day.
UNTIL_HOUR = re.compile(
    r"\b(?:until|till)\s+(\d{1,2})(?=\s*(?:[.,!?;]|$|o'clock|utc|and\b|because\b))|(?:到|至)\s*(\d{1,2})\s*点(?![\d\s]*[分半])"
)
_TIME = r"(\d{1,2})(?::(\d\d)|\s*点(?:\s*(\d{1,2}(?=\s*分)|半)\s*分?)?)?\s*(am|pm)?"
# "from 22:00 to 23:30", "22 点到 23 点": when work begins and ends.
PERIOD = re.compile(
    rf"(?:\b(?:from|between)\s+|(?<![a-z0-9_:-]))(?:{_TIME})\s*(?:to|until|till|and|到|至|-|–|~)\s*(?:{_TIME})(?![\d:])"
)
TOMORROW = re.compile(r"\btomorrow\b|明天|明晚")
LATE = re.compile(r"晚|下午|\b(?:tonight|evening|afternoon)\b")


def length(asked: Asked, now: datetime) -> str:
    """As long as was said: for so long, or until a time of day."""
    if said := str(asked.arguments.get("duration", "")):
        return said
    if at := str(asked.arguments.get("at", "")):
        hour, minute = map(int, at.split(":"))
        return _until(now, [hour], minute)
    if found := UNTIL_HOUR.search(asked.question.lower()):
        hour = int(found[1] or found[2])
        return _until(now, [hour, hour + 12] if 1 <= hour <= 12 else [hour])
    return USUAL_LENGTH


def period(question: str, now: datetime) -> dict[str, str]:
    """`starts_at` and `duration` of a time with a beginning and an end; nothing where none was said."""
    text = question.lower()
    found = next((one for one in PERIOD.finditer(text) if _says_times(one)), None)
    if found is None:
        return {}
    late = bool(LATE.search(text))
    begin = _minutes(found.group(1, 2, 3), found[4] or found[8], late=late)
    end = _minutes(found.group(5, 6, 7), found[8], late=late)
    if max(begin, end) > 24 * 60:
        return {}
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    lasts = timedelta(minutes=(end - begin) % (24 * 60) or 24 * 60)
    start = day + timedelta(minutes=begin)
    if TOMORROW.search(text) or start + lasts <= now:
        start += timedelta(days=1)
    minutes = round((start + lasts - max(start, now)).total_seconds() / 60)
    starts = {"starts_at": f"{start:%Y-%m-%dT%H:%MZ}"} if start > now else {}
    return {**starts, "duration": f"PT{max(1, minutes)}M"}


def _says_times(found: re.Match[str]) -> bool:
    """Two numbers with something between them may be anything; a time has minutes, 点, am, or a "from"."""
    return any(found.group(2, 3, 4, 6, 7, 8)) or "点" in found[0] or found[0].startswith("from ")


def _minutes(said: Sequence[str | None], half: str | None, *, late: bool) -> int:
    hour, past = int(said[0] or 0), said[1] or said[2] or "0"
    minute = 30 if past == "半" else int(past)
    if half == "am":
        hour %= 12
    elif hour < 12 and (half == "pm" or late):
        hour += 12
    return hour * 60 + minute


def _until(now: datetime, hours: Sequence[int], minute: int = 0) -> str:
    """To the next of these times of day: who says "until 6" means the one that comes first."""
    today = [
        now.replace(hour=one % 24, minute=minute, second=0, microsecond=0)
        for one in hours
        if one <= 24
    ]
    until = min(one + timedelta(days=one <= now) for one in today) if today else now
    return f"PT{max(1, round((until - now).total_seconds() / 60))}M"
