"""Pure: how many replicas more, fewer or times as many a sentence orders, as autofix_plan takes it."""

import re

from agent.numerals import COUNT, number_of

_COPIES = r"(?:replicas?|pods?|instances?|copies)"
_COPIES_ZH = r"(?:\s*个?\s*(?:副本|实例|replicas?|pods?|instances?))"
# "Bring it to 5", "扩到 5 个": how many there shall be, whatever else is said.
_ABSOLUTE = re.compile(
    rf"\bto\s(?:{COUNT})(?!\w)|(?:到|成|为|至|[缩扩调]回)\s*(?:{COUNT})(?!\s*倍)|\b(?:{COUNT})\s{_COPIES}\sin\stotal\b"
)
_MORE = (
    re.compile(rf"(?<![\w-])({COUNT})\s+(?:more|extra|additional|further)(?:\s{_COPIES}\b|(?=\W*$|\s(?:to|of|for|on)\b))"),
    re.compile(rf"\b(?:add|spin\sup|start)\s+({COUNT})\s+{_COPIES}\b"),
    re.compile(r"\b(an?other|one\smore|an?\s(?:more|extra|additional))\s(?:replica|pod|instance|copy)\b"),
    re.compile(rf"(?<![\w+])\+\s?({COUNT})(?:\s*{_COPIES}\b|{_COPIES_ZH}|(?=\W*$))"),
    re.compile(rf"\b(?:scale\b.*\b(?:up|out)|increase|raise|bump|grow)\b.*\bby\s({COUNT})(?![\d.]|\s?(?:%|percent|\w*[gmk]i?b?\b))"),
    re.compile(rf"(?:加|多加|增加|再加|再来|再起|多起|多开|再开|再扩|追加|补|扩容|扩|多给|再给)了?\s*({COUNT}){_COPIES_ZH}"),
    re.compile(rf"(?:加|扩|补|再起|多起|再开|多开)\s*({COUNT})\s*[台个份](?:吧|就行|再说)?\W*$"),
)  # fmt: skip
_FEWER = (
    re.compile(
        rf"\b(?:scale\b.*\b(?:down|in)|decrease|reduce|lower|shrink|cut|drop)\b.*\bby\s({COUNT})(?![\d.]|\s?(?:%|percent|\w*[gmk]i?b?\b))"
    ),
    re.compile(rf"\b(?:remove|drop|take\s(?:away|off)|shed|kill\soff)\s+({COUNT})\s+{_COPIES}\b"),
    re.compile(rf"(?<![\w-])({COUNT})\s+(?:fewer|less)(?:\s{_COPIES}\b|(?=\W*$|\s(?:of|for|on)\b))"),
    re.compile(rf"(?:减少|减掉|减去|减|少|去掉|撤掉|缩掉|砍掉|缩容|缩)了?\s*({COUNT}){_COPIES_ZH}"),
)  # fmt: skip
_TIMES = {
    "2": re.compile(
        rf"\b(?:double|twice)\b.*\b{_COPIES}\b|\b{_COPIES}\s(?:count\s)?(?:x\s?2|twice|doubled)\b"
        rf"|(?:副本|实例|replicas?)数?(?:量)?\s*(?:给我)?(?:翻倍|翻一倍|翻番|翻一番|加倍|乘\s?2)|(?:双倍|两倍)的?\s*(?:副本|实例)|扩(?:容)?(?:大)?(?:一倍|1\s?倍)"
    ),
    "3": re.compile(
        rf"\btriple\b.*\b{_COPIES}\b|(?:副本|实例|replicas?)数?(?:量)?\s*翻\s?[三3]\s?倍"
    ),
    "4": re.compile(rf"\bquadruple\b.*\b{_COPIES}\b"),
    "0.5": re.compile(
        rf"\bhalve\b.*\b{_COPIES}\b|\bhalf\s(?:as\smany|of|the)\b.*\b{_COPIES}\b|\b{_COPIES}\s(?:in|by)\shalf\b"
        r"|(?:副本|实例|replicas?)数?(?:量)?\s*(?:减半|减一半|砍半|砍一半|缩一半|缩减一半)|(?:减|砍|缩)(?:掉)?一半的?\s*(?:副本|实例)"
    ),
}


def count_ordered(text: str) -> str:
    """ "replicas+=2", "replicas-=1" or "replicas*=2"; "" where a sentence orders none of these."""
    text = text.lower()
    if _ABSOLUTE.search(text):
        return ""
    for sign, patterns in (("+", _MORE), ("-", _FEWER)):
        for pattern in patterns:
            if found := pattern.search(text):
                return f"replicas{sign}={_number(found[1])}"
    return next(
        (f"replicas*={times}" for times, pattern in _TIMES.items() if pattern.search(text)), ""
    )


def _number(word: str) -> int:
    return 1 if word.startswith("a") or word == "one more" else number_of(word)
