"""Chinese and English text → the words that are indexed and asked for.

Chinese has no spaces: every two neighbouring characters make a word, which finds what a reader
would find and needs no dictionary. A name such as CrashLoopBackOff counts whole and in parts.
"""

import re

# Runs of one script; everything else separates.
_RUN = re.compile(r"[一-鿿㐀-䶿豈-﫿]+|[a-z0-9_]+(?:[.'-][a-z0-9_]+)*", re.IGNORECASE)
_CHINESE = re.compile(r"[一-鿿㐀-䶿豈-﫿]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Words of a question that say nothing of its subject.
_ENGLISH_FILLERS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can could did do does for from get had has have how i if
        in into is it its me my no not of on or our should so some that the their them then there
        these they this to up us was we were what when where which who why will with would you your
        """,
    )
)
_CHINESE_FILLERS = re.compile(
    r"为什么|怎么办|怎么样|怎么|怎样|如何|什么|哪些|哪个|哪里|请问|是否|能不能|可以|应该|一下|我们|你们|吗|呢|啊|的|了"
)


def words(text: str) -> list[str]:
    """The words of a document, in order, repeats included."""
    found: list[str] = []
    for run in _RUN.findall(text):
        found += _bigrams(run) if _CHINESE.match(run) else _names(run)
    return found


def asked_words(question: str) -> list[str]:
    """The words of a question that are worth looking for, each once."""
    told = _CHINESE_FILLERS.sub(" ", question)
    found = dict.fromkeys(word for word in words(told) if word not in _ENGLISH_FILLERS)
    return list(found) or list(dict.fromkeys(words(question)))


def is_chinese(text: str) -> bool:
    """Whether a reader of this text would want the Chinese version of a page."""
    return bool(_CHINESE.search(text))


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _names(run: str) -> list[str]:
    whole = run.lower()
    parts = [part.lower() for part in _PART.findall(run)]
    return [whole] if parts in ([whole], []) else [whole, *parts]
