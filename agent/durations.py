"""Pure: lengths of time in a sentence → ISO 8601 durations."""

import re
from collections.abc import Mapping
from datetime import timedelta

from agent.lexicon.times import AHEAD_WORDS, GOING_ON, NUMBERS, PAST_WORDS, UNITS
from agent.numerals import ENGLISH_NUMBERS, HAN_NUMBERS, number_of


def _alternatives(words: Mapping[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_ENGLISH_UNITS = _alternatives({word: 0 for word in UNITS if word.isascii() and len(word) > 1})
_LETTERS = "".join(word for word in UNITS if len(word) == 1 and word.isascii())
_CHINESE_UNITS = _alternatives({word: 0 for word in UNITS if not word.isascii()})
_WORDS = f"{ENGLISH_NUMBERS}|(?:{HAN_NUMBERS})(?!点|分之)|{_alternatives(NUMBERS)}"

LENGTH = (
    rf"(?<![a-z\d.-])(?P<number>\d+(?:\.\d+)?|{_WORDS})?\s*-?\s*"
    rf"(?P<unit>(?<![a-z])(?:(?:{_ENGLISH_UNITS})s?|[{_LETTERS}])(?![a-z])|(?:{_CHINESE_UNITS})(?!志|(?<=分)之|(?<=[周期拜])[一二三四五六天末]))"
)


def _named(name: str) -> str:
    """A length whose number and unit are told apart from others of the same pattern."""
    return LENGTH.replace("?P<number>", f"?P<{name}>").replace("?P<unit>", f"?P<{name}_of>")


_BACK = re.compile(
    rf"(?:\b(?:last|past|previous|recent|within|since|over|over\s+the|in\s+the)\s+(?:the\s+)?(?:last\s+|past\s+)?"
    rf"|最近|过去|近|前(?!天)|这|从|过去的)\s*{LENGTH}"
)
# What came to pass within so long: "got 14 pages in an hour". Of what is to come, it is told when.
_WITHIN = re.compile(
    rf"\b(?:got|had|been|was|were|fired|paged|rang|restarted|crashed|failed|died)\b[^.?]*?\bin\s+(?:(?:just|only|under|about|around)\s+)*{LENGTH}"
)
_AGO = re.compile(rf"{LENGTH}\s*(?:ago\b|before\W*$|前|以前|之前|以来|内)")
# What has gone on for so long: "has been stuck for an hour", "卡了一个小时了".
_SO_LONG = re.compile(
    rf"\b(?:stuck|wedged|pending|terminating|down|hanging|hung|dead|failing|unreachable|offline|broken|slow)\b[^.;?]*\bfor\s+{_named('stood')}|(?:\b(?:has|have|been)|'(?:s|ve))\b[^.;?]*\bfor\s+(?:(?:the\s+|over\s+|about\s+|around\s+|almost\s+|nearly\s+|more\s+than\s+|at\s+least\s+)*){LENGTH}"
    rf"|\bfor\s+(?:(?:over|about|almost|nearly)\s+)?{_named('since')}\s+(?:already|now|straight|in\s+a\s+row)\b|(?:持续了?|[等卡挂停断慢坏]了)\s*{_named('held')}"
    rf"|(?<![成到至])(?<![成到至]\s){_named('lasted')}\s*多?了(?!吗|没)"
)
_WAYS = {
    "stood": "stood_of",
    "number": "unit",
    "since": "since_of",
    "held": "held_of",
    "lasted": "lasted_of",
}
_AHEAD = re.compile(
    rf"(?:\b(?:next|coming|following|in|within|in\s+the\s+next|over\s+the\s+next|upcoming)\s+(?:the\s+)?"
    rf"|未来|接下来|今后|往后|后面|下)\s*{LENGTH}"
)
_LATER = re.compile(rf"{LENGTH}\s*(?:后|之后|以后)")
_FOR = re.compile(
    rf"(?:\b(?:for|during)\s+(?:the\s+)?(?:next\s+)?|静默|屏蔽|静音|持续|告警)\s*{LENGTH}"
)
# "For the next hour" is one hour.
_FOR_NEXT = re.compile(
    rf"(?:\b(?:for|during|over)\s+(?:the\s+)?(?:next|coming)\s+|接下来(?:的)?){LENGTH}"
)
_ANY = re.compile(LENGTH)
# "What you said just now" is no length of time.
_SAID = re.compile(r"(?:刚才|刚刚)(?:说|提|给)?的")
_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:：]([0-5]\d)(?![\d:])")
_CLOCK_WORD = re.compile(r"\b(1[0-2]|0?[1-9])\s*(am|pm)\b")
_HOURS = {word: hour for hour, word in enumerate("一二三四五六七八九十", 1)} | {
    "两": 2,
    "十一": 11,
    "十二": 12,
}
# An hour, and minutes where they are told: "十点半", "9 点 40", "三点二十分", "三点一刻".
_CLOCK_ZH = re.compile(
    rf"(?P<day>凌晨|清晨|早上|早晨|明早|明晨|今早|上午|中午|下午|傍晚|晚上|今晚|明晚|昨晚|夜里|半夜)?\s*(?P<from>[从自]\s*)?(?<![\d.])(?P<hour>\d{{1,2}}|{_alternatives(_HOURS)})\s*点"
    r"(?!\S?钟头|\s?多(?!少))(?:(?P<half>半)|(?P<quarter>[一三])刻|\s?(?:过\s?)?(?P<minute>[0-5]\d(?![\d%])|\d(?=\s?分)|零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分)))?"
    r"(?P<told>\s*(?:分|整|钟|左右|前后|之?后|以后|开始|起(?!来)|那会|的时候|到\s?[\d一二三四五六七八九十]))?"
)
_QUARTERS = {"一": 15, "三": 45}
# The minutes of a clock are no length of time: "3 点 20 分".
_MINUTES_ZH = re.compile(rf"(点\s?)(?:\d{{1,2}}|{HAN_NUMBERS})\s?分(?!钟|之)")
# What is less and more, rather than one o'clock: "慢一点".
_A_LITTLE = "一"
_ENGLISH_HOURS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_MINUTES = {("half", "past"): 30, ("quarter", "past"): 15, ("quarter", "to"): -15}
# "Half past eight", "nine o'clock", "ten this morning": an hour in words is one when something says so.
_CLOCK_SAID = re.compile(
    rf"\b(?P<at>(?:at|since|around|about|from|by|till|until|before|after)\s)?(?:(?P<part>half|quarter)\s(?P<side>past|to)\s)?(?P<hour>{_alternatives(_ENGLISH_HOURS)}|1[0-2]|[1-9])"
    r"(?P<clock>\so'?clock)?(?P<day>\s(?:this|in\sthe|yesterday|tomorrow)\s(?:morning|afternoon|evening))?(?![\w%:.]|\s?-)"
)
_AFTER_NOON = frozenset(("下午", "傍晚", "晚上", "今晚", "明晚", "昨晚"))
# "Two o'clock last night" was after midnight.
_NIGHT = frozenset(("晚上", "今晚", "明晚", "昨晚"))
_AFTER_MIDNIGHT = _NIGHT | {"夜里", "半夜", "凌晨"}
# "How many days" is no number of days.
_HOW_MANY = "几"
# "One and a half hours": the half stands beside the unit, or after it.
_AND_A_HALF = re.compile(
    rf"(\d+|{_WORDS})\s*(?:and\s+a\s+half\s*|个半)(?=\s*(?:{_ENGLISH_UNITS}|{_CHINESE_UNITS}))"
)
_OF_AN_HOUR = re.compile(r"\b(?:(a|one|three)\s+)?quarters?\s+of\s+an\s+hour\b")
_OF_AN_HOUR_LONG = {"a": 15, "one": 15, "three": 45}  # minutes
_HALF_AFTER = re.compile(rf"(?:\b(an?|\d+|{_WORDS})\s+)?\b({_ENGLISH_UNITS})s?\s+and\s+a\s+half\b")


def _plain(text: str) -> str:
    """Halves and quarters as numbers: "一个半小时" is 1.5 小时. Without the minutes of clocks."""
    text = _OF_AN_HOUR.sub(lambda found: f"{_OF_AN_HOUR_LONG[found[1] or 'a']} minutes", text)
    text = _AND_A_HALF.sub(lambda found: f"{_number(found[1]) + 0.5} ", text)
    text = _MINUTES_ZH.sub(r"\1", text)
    return _HALF_AFTER.sub(lambda found: f"{_number(found[1]) + 0.5} {found[2]}", text)


def window(text: str) -> str:
    """How far back a lower-case sentence looks; "" when it does not say."""
    text = _plain(text)
    for pattern in (_BACK, _AGO, _WITHIN):
        if (found := pattern.search(text)) and (pattern is not _WITHIN or found["number"]):
            return _iso(found)
    if word := _word(_SAID.sub("", text), PAST_WORDS):
        return word
    return _so_long(text)


def _so_long(text: str) -> str:
    """For how long something has gone on already; "" where no number says it."""
    for found in _SO_LONG.finditer(text):
        told = found.groupdict()
        way = next(one for one in _WAYS if told[_WAYS[one]])
        if told[way] and told[way] != _HOW_MANY:
            return _of(told[way], told[_WAYS[way]])
    return ""


def horizon(text: str) -> str:
    """How far ahead a lower-case sentence looks; "" when it does not say."""
    text = _plain(text)
    later = _LATER.search(text)
    if later and later["number"] == _HOW_MANY:
        later = None
    if found := _AHEAD.search(text) or later:
        return _iso(found)
    return _word(text, AHEAD_WORDS)


def rest_of(text: str) -> str:
    """How far ahead what is going on lasts: "this week" looks ahead where the future is asked for."""
    return _word(text, {word: PAST_WORDS[word] for word in GOING_ON})


def extent(text: str) -> str:
    """How far a forecast reaches: ahead, or only "for a month"."""
    text = _plain(text)
    found = _FOR.search(text)
    return horizon(text) or (_iso(found) if found else "")


def lasting(text: str) -> str:
    """How long something shall last; "" when a lower-case sentence does not say."""
    text = _plain(text)
    if found := _FOR_NEXT.search(text):
        return _iso(found)
    told = (found for pattern in (_FOR, _ANY) for found in pattern.finditer(text))
    return next((_iso(one) for one in told if one["number"] not in (None, _HOW_MANY)), "")


def clock(text: str) -> str:
    """A time of day as HH:MM; "" when a lower-case sentence names none."""
    if found := _CLOCK.search(text):
        return f"{int(found[1]):02}:{found[2]}"
    if found := _CLOCK_WORD.search(text):
        hour = int(found[1]) % 12 + (12 if found[2] == "pm" else 0)
        return f"{hour:02}:00"
    told = (_clock_told(found) for found in _CLOCK_ZH.finditer(text))
    said = (_clock_said(found) for found in _CLOCK_SAID.finditer(text))
    return next((one for one in (*told, *said) if one), "")


def _clock_told(found: re.Match[str]) -> str:
    """An hour in Chinese as HH:MM; "" where nothing beside it says that it is one."""
    minutes = found["half"] or found["quarter"] or found["minute"]
    if not (found["day"] or found["from"] or minutes or found["told"]):
        return ""
    if found["hour"] == _A_LITTLE and not (found["day"] or minutes or found["told"]):
        return ""
    hour = _HOURS.get(found["hour"]) or int(found["hour"])
    if found["day"] in _AFTER_MIDNIGHT and hour == 12:
        hour = 0
    later = found["day"] in _AFTER_NOON and (5 if found["day"] in _NIGHT else 1) <= hour < 12
    return f"{(hour + 12 * later) % 24:02}:{_minutes_told(found):02}"


def _minutes_told(found: re.Match[str]) -> int:
    if found["half"]:
        return 30
    if found["quarter"]:
        return _QUARTERS[found["quarter"]]
    return number_of(found["minute"]) if found["minute"] else 0


def _clock_said(found: re.Match[str]) -> str:
    """An hour in words as HH:MM; "" for a mere number."""
    if not (found["part"] or found["clock"] or (found["at"] and found["day"])):
        return ""
    minutes = _MINUTES.get((found["part"], found["side"]), 0) if found["part"] else 0
    hour = _ENGLISH_HOURS.get(found["hour"]) or int(found["hour"])
    later = hour < 12 and bool(found["day"]) and not found["day"].endswith("morning")
    told = (hour + 12 * later) * 60 + minutes
    return f"{told // 60 % 24:02}:{told % 60:02}"


def length_of(duration: str) -> timedelta:
    """An ISO 8601 duration as this module writes them."""
    found = re.fullmatch(r"P(T?)(\d+)([DHMS])", duration)
    if not found:
        raise ValueError(f"{duration!r} is no duration of one unit")
    unit = {"D": "days", "H": "hours", "M": "minutes", "S": "seconds"}[found[3]]
    return timedelta(**{unit: int(found[2])})


def _word(text: str, words: Mapping[str, str]) -> str:
    found = [word for word in words if word in text]
    longest = [one for one in found if not any(one != other and one in other for other in found)]
    return words[min(longest, key=text.index)] if found else ""


def _iso(found: re.Match[str]) -> str:
    return _of(found["number"], found["unit"])


def _of(told: str | None, unit: str) -> str:
    letter, in_time, times = UNITS.get(unit) or UNITS[unit.removesuffix("s")]
    number = _number(told) * times
    if number != int(number):
        return _split(number, letter)
    return f"P{'T' if in_time else ''}{int(number)}{letter}"


def _split(number: float, letter: str) -> str:
    """Half of a unit is told in the next smaller one: 1.5 hours is PT90M, half a day PT12H."""
    if letter == "D" and number > 2:
        return f"P{int(number)}D"  # half a year is no matter of hours
    smaller, times = {"H": ("M", 60), "D": ("H", 24), "M": ("S", 60)}.get(letter, ("S", 1))
    return f"PT{max(1, round(number * times))}{smaller}"


def _number(word: str | None) -> float:
    if not word:
        return 1
    if word in NUMBERS:
        return NUMBERS[word]
    return float(word) if word[0].isdigit() else number_of(word)
