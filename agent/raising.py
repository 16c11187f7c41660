"""Pure: by how much a sum is to be raised or lowered, as against the sum that it shall be."""

import re

_SUM = r"[$€£¥￥]?\s*(\d[\d,]*(?:\.\d+)?)\s*(k\b|千|万)?"
# A sum that it shall be is no difference, whatever else is said.
_ABSOLUTE = re.compile(r"\bto\s+[$€£¥￥]?\s*\d|(?:到|成|为|至)\s*[$€£¥￥]?\s*\d|->|→")
# "At 80 %" is when somebody is told.
_PERCENT = re.compile(
    r"(?:\bby\s+|(?:提高|降低|增加|减少|上调|下调|调高|调低|上浮|下浮|砍掉?|削减|加|减|涨|降)了?\s*)(\d+(?:\.\d+)?)\s*(?:%|percent\b|个百分点)"
    r"|(\d+(?:\.\d+)?)\s*(?:%|percent)\s(?:more|less|higher|lower|off)\b"
)
_BY = re.compile(rf"\bby\s+(?:another\s+)?{_SUM}")
_MORE = re.compile(
    rf"\b(?:add|another|extra|additional)\s+{_SUM}|{_SUM}\s*(?:\w+\s)?(?:more|extra|on\stop)\b"
    rf"|(?:再|多|追加|增加|再加|加|上调|提高|上浮|涨)了?\s*{_SUM}"
)
_FEWER = re.compile(
    rf"{_SUM}\s*(?:\w+\s)?less\b|(?:减少|削减|下调|砍掉|扣掉|降低|减|砍|扣)了?\s*{_SUM}"
)
_DOWN = re.compile(r"\b(?:lower|reduce|cut|decrease|trim|shrink|drop|less)\b|降|减|砍|下调|削|扣")
_FACTORS = (
    (2.0, re.compile(r"\bdouble\b|翻倍|翻一倍|翻番|加倍")),
    (3.0, re.compile(r"\btriple\b|翻三倍|翻 ?3 ?倍")),
    (0.5, re.compile(r"\bhalve\b|\bin\shalf\b|\bby\shalf\b(?=.*\b(?:cut|reduce|lower))|减半|砍(?:掉|去)?一半|减一半|降一半")),
)  # fmt: skip
_UNITS = {"k": 1_000, "千": 1_000, "万": 10_000}


def raised(words: str, now: float) -> float | None:
    """What a sum of `now` becomes by lower-case words that raise or lower it; None where they do not."""
    if _ABSOLUTE.search(words):
        return None
    if found := _PERCENT.search(words):
        share = float(found[1] or found[2]) / 100
        return now * (1 - share if _DOWN.search(words) else 1 + share)
    for factor, pattern in _FACTORS:
        if pattern.search(words):
            return now * factor
    if found := _BY.search(words):
        return now - _sum(found) if _DOWN.search(words) else now + _sum(found)
    if found := _FEWER.search(words):
        return now - _sum(found)
    found = _MORE.search(words)
    return now + _sum(found) if found else None


def is_raised(words: str) -> bool:
    """Whether lower-case words raise or lower a sum, rather than say what it shall be."""
    return raised(words, 1.0) is not None


def _sum(found: re.Match[str]) -> float:
    number, *unit = [one for one in found.groups() if one]
    return float(number.replace(",", "")) * (_UNITS[unit[0]] if unit else 1)
