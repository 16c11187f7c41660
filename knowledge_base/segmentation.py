"""Chinese and English text → the words that are indexed and asked for.

Chinese has no spaces: every two neighbouring characters make a word, which finds what a reader
would find and needs no dictionary. A name such as CrashLoopBackOff counts whole and in parts.
English words lose their endings, so that "disks are filling" finds "the disk is full of".
"""

import re
from functools import lru_cache

# Runs of one script; everything else separates.
_RUN = re.compile(r"[一-鿿㐀-䶿豈-﫿]+|[a-z0-9_]+(?:[.'-][a-z0-9_]+)*", re.IGNORECASE)
_CHINESE = re.compile(r"[一-鿿㐀-䶿豈-﫿]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Longest first; what is left must still be a word.
_ENDINGS = ("edly", "ions", "ing", "ies", "ion", "ed", "es", "ly", "s")
_SHORTEST_STEM = 3
# A text is for readers of Chinese when at least this share of its letters is: logs and code are not.
_CHINESE_SHARE = 0.15

# Words of a question that say nothing of its subject.
_ENGLISH_FILLERS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can could did do does for from get had has have how i if
        in into is it its me my no not of on or our should so that the their them then there
        these they this to up us was we were what when where which who why will with would you your
        am about anything being there runbook runbooks happen happens mean means need please tell want
        """,
    )
)
_CHINESE_FILLERS = re.compile(
    r"为什么|为啥|有没有|手册|怎么办|怎么样|怎么|怎样|如何|什么|哪些|哪个|哪里|请问|是否|能不能|可以|应该|一下|我们|你们|意思|吗|呢|啊|的|了"
)

# How many, since when, and how it was told: rare in pages, so that it would weigh more than the trouble.
_CIRCUMSTANCES = re.compile(
    r"(?i)\b(?:two|three|four|five|six|seven|eight|nine|ten|twenty|dozen|half|hours?|minutes?|days?"
    r"|weeks?|ago|yesterday|today|morning|now|already|still|just|suddenly|somebody|someone|something"
    r"|nobody|nothing|everything|things?|says?|said|though|although|while|because|even|really|actually)\b"
    r"|已经|再也|还没有|还没|半小时|半天|小时|分钟|今天|昨天|今早|昨晚|早上|一直|总是|老是|突然|刚刚|刚才"
    r"|好几个|几个|几台|好多|很多|有时候|有时|之后|以后|的时候|为何|然后|结果|可是|但是|明明|根本|压根|居然"
)


def words(text: str) -> list[str]:
    """The words of a text, in order, repeats included."""
    found: list[str] = []
    for run in _RUN.findall(text):
        found += _bigrams(run) if _CHINESE.match(run) else _names(run)
    return found


def asked_words(question: str) -> list[str]:
    """The words of a question that are worth looking for, each once."""
    told = telling_words(_CIRCUMSTANCES.sub(" ", question)) or telling_words(question)
    return told or list(dict.fromkeys(words(question)))


def telling_words(question: str) -> list[str]:
    """The words of a question that say something of its subject, each once; there may be none."""
    told = _CHINESE_FILLERS.sub(" ", question)
    found = dict.fromkeys(
        word
        for run in _RUN.findall(told)
        if run.lower() not in _ENGLISH_FILLERS
        for word in (_bigrams(run) if _CHINESE.match(run) else _names(run))
    )
    return list(found)


def is_chinese(text: str) -> bool:
    """Whether somebody who writes this wants the Chinese version of a page."""
    return bool(_CHINESE.search(text))


def language_of(text: str) -> str:
    """ "zh" or "en": what the prose of a page is written in; code and names in it decide nothing."""
    chinese = len(_CHINESE.findall(text))
    letters = chinese + sum(map(len, re.findall(r"[A-Za-z]+", text))) / 4
    return "zh" if letters and chinese / letters >= _CHINESE_SHARE else "en"


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A lower-case English word without its ending; a rough cut that both sides share."""
    for ending in _ENDINGS:
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= _SHORTEST_STEM and not word.endswith("ss"):
            left = left + "y" if ending == "ies" else left
            return left.rstrip("e") if len(left) > _SHORTEST_STEM else left
    return word.rstrip("e") if len(word) > _SHORTEST_STEM + 1 else word


def runs(text: str) -> list[tuple[bool, str]]:
    """The runs of letters of a text, each with whether it is Chinese; names keep their capitals."""
    return [(bool(_CHINESE.match(run)), run) for run in _RUN.findall(text)]


@lru_cache(maxsize=65_536)
def stems(name: str) -> tuple[str, ...]:
    """The stems of the parts of a name: CrashLoopBackOff → crash, loop, back, off."""
    return tuple(stem(part.lower()) for part in _PART.findall(name))


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


@lru_cache(maxsize=65_536)
def _names(run: str) -> list[str]:
    whole = stem(run.lower().replace("'", ""))
    parts = list(stems(run))
    if parts in ([whole], []):
        return [whole]
    # KubeAPI is found in KubeAPIDown.
    beginnings = ["".join(parts[:n]) for n in range(2, len(parts))]
    return [whole, *parts, *(one for one in beginnings if "_" not in run)]
