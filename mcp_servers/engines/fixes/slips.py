"""Whether one name is another misspelt, and not the name of another thing."""

import re
from collections.abc import Iterable

from mcp_servers.facts.nearest import edit_distance, nearest_names

_WORDS = re.compile(r"[A-Za-z]+|\d+")
# Words that tell things apart: a name with another of them is meant.
_TELLING = """
prod production live stage staging test testing dev development qa uat canary preview sandbox
blue green red primary secondary replica master slave leader follower read write reader writer
ro rw public private internal external admin root user guest old new legacy backup shared
east west north south central eu us ap emea apac global local source target in out
host port username password name key cert ca crt client server
"""
TELL_APART = frozenset(_TELLING.split())
# Words that say what kind of object it is and no more.
_KINDS = """
config configs configuration conf cfg cm map settings secret secrets env vars credentials creds sa account serviceaccount
"""
OF_KIND = frozenset(_KINDS.split())
# Words for one thing, one of which a key was called by before and another since. Only what says the same
# of a value: a URL is no address, a name is no user.
_SAME = (
    "dir directory folder path", "url uri", "db database", "pwd passwd password pass", "addr address",
    "lvl level", "msg message", "max maximum", "min minimum", "num number", "conn connection",
    "tz timezone", "lang language", "env environment", "freq frequency", "concurrency parallelism",
)  # fmt: skip
SAME = {word: group.split()[0] for group in _SAME for word in group.split()}
# So many letters that two spellings of a word begin alike with; keys of one object are fewer, and nearer.
STEM, STEM_OF_KEYS = 4, 3
FEWEST_LETTERS = 3
# A word that stays says what the other is of: "DIR" and "PATH" alone may be of anything.
FEWEST_WORDS = 2


def is_slip(asked: str, known: str, *, stem: int = STEM) -> bool:
    """Whether `known` is what somebody meant who wrote `asked`: the same words but for their
    spelling, an ending, their order or their kind; numbers and telling words are never slips."""
    if asked == known:
        return False
    one, other = _words(asked), _words(known)
    if sorted(filter(str.isdigit, one)) != sorted(filter(str.isdigit, other)):
        return False
    if "".join(one) == "".join(other):
        return True
    mine = [word for word in one if word not in other]
    theirs = [word for word in other if word not in one]
    if (set(mine) | set(theirs)) & TELL_APART:
        return _are_ends(mine, theirs)
    if len(mine) == len(theirs) == 1 and _is_spelling(mine[0], theirs[0], stem):
        return True
    mine, theirs = ([word for word in words if word not in OF_KIND] for words in (mine, theirs))
    return not mine and not theirs


def slips(asked: str, known: Iterable[str]) -> list[str]:
    """Of the near names those that are the same one misspelt, the nearest first."""
    return [one for one in nearest_names(asked, known) if is_slip(asked, one)]


def renamed(asked: str, known: Iterable[str]) -> list[str]:
    """Of the keys of one object the near ones that are slips, or have one word more or less, and those
    that say one of the words by another for the same thing."""
    keys = sorted(set(known))
    near = [
        one
        for one in nearest_names(asked, keys)
        if is_slip(asked, one, stem=STEM_OF_KEYS)
        or _has_one_more(asked, one)
        or _has_one_more(one, asked)
    ]
    return list(dict.fromkeys([*near, *(one for one in keys if _is_same(asked, one))]))


def _has_one_more(short: str, long: str) -> bool:
    """Whether one begins as the other does and says one word more, which tells nothing apart."""
    few, many = _words(short), _words(long)
    return many[:-1] == few and not (many[-1].isdigit() or many[-1] in TELL_APART)


def _is_same(asked: str, known: str) -> bool:
    """Whether the words are the same in the same order but for one, which is called otherwise."""
    one, other = _words(asked), _words(known)
    if len(one) != len(other) or len(one) < FEWEST_WORDS:
        return False
    unlike = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    return len(unlike) == 1 and _say_same(*unlike[0])


def _say_same(one: str, other: str) -> bool:
    return one in SAME and SAME[one] == SAME.get(other)


def are_apart(one: str, other: str) -> bool:
    """Whether two names say that they are two things: other numbers, or other telling words."""
    mine, theirs = set(_words(one)), set(_words(other))
    numbers = [sorted(filter(str.isdigit, words)) for words in (mine, theirs)]
    return bool((mine ^ theirs) & TELL_APART) or (all(numbers) and numbers[0] != numbers[1])


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _are_ends(mine: list[str], theirs: list[str]) -> bool:
    """One telling word misspelt by a letter as no word at all: `pasword` for `password`."""
    if len(mine) != 1 or len(theirs) != 1 or {mine[0], theirs[0]} <= TELL_APART:
        return False
    return _is_spelling(mine[0], theirs[0], STEM)


def _is_spelling(one: str, other: str, stem: int) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= FEWEST_LETTERS and longer.startswith(shorter):
        return True
    alike = next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1),
        len(shorter),
    )
    if alike >= stem and alike * 2 >= len(longer):
        return True
    return edit_distance(one, other) <= max(len(one), len(other)) // 3
