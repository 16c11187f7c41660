"""Pure: words of the trade that were misspelt, set right before a sentence is read.

English by one slip of the fingers; Chinese by characters that sound alike, which is how they are typed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

from agent.lexicon.kinds import KIND_PARTS, KIND_WORDS
from agent.lexicon.stopwords import STOPWORDS

# A word alone: what stands in a name, a path, a channel or a number is left as it is.
WORD = re.compile(r"(?<![\w.#@/:=-])[A-Za-z]+(?![\w./:=-]|'[a-z]{2})")
# Shorter words are too close to too many others; of these some are tried all the same.
SHORT = 4
SHORT_SLIPS = {
    "hwo": "how", "teh": "the", "wy": "why", "nod": "node", "rol": "roll", "hte": "the", "wat": "what",
    "cna": "can", "whre": "where", "wich": "which", "waht": "what", "whta": "what",
}  # fmt: skip
# From this length on, two slips are still the same word.
LONG = 8
# How many syllables the longest of the words has, and what may be syllables with a space between.
LONGEST_WORD = 4
_SYLLABLES = re.compile(r"(?i)(?<![\w.#@/:=-])[a-z]{1,6}(?:\s[a-z]{1,6}){1,11}(?![\w./:=-])")
# English verbs of the trade in a Chinese sentence, which takes them as its own: "谁 deploy 过".
TOOL_WORDS = {
    "deploy": "部署", "deployed": "部署", "redeploy": "重新部署", "commit": "提交", "commits": "提交", "merge": "合并",
    "merged": "合并",
}  # fmt: skip
_TOOL_WORD = re.compile(
    rf"(?i)(?:(?<=[\u4e00-\u9fff])\s)?(?<![\w.#@/:=-])(?<![个该]\s)({'|'.join(TOOL_WORDS)})(?![\w./:=-])(?:\s(?=[\u4e00-\u9fff]))?"
)
# Little words are typed as themselves: "发不出" does not begin with a misspelt "发布".
LITTLE = "不没的是有在和也都就还被把给让"
HAN = re.compile("[\u4e00-\u9fff]")


def respelt(message: str) -> str:
    """The message with its misspelt words set right; names stay what they are."""
    message = _in_characters(message)
    message = WORD.sub(lambda found: _word(found[0]), message)
    if not HAN.search(message):
        return message
    message = _TOOL_WORD.sub(lambda found: TOOL_WORDS[found[1].lower()], message)
    for said, meant in _colloquial().items():
        message = message.replace(said, meant) if not said.isascii() else message
    return _characters(message)


def _in_characters(message: str) -> str:
    """Words of the trade that were typed by their sound in Latin letters: "chongqi mailer".

    Not beside English: there such a word is somebody's name for a service.
    """
    message = _SYLLABLES.sub(lambda found: _phrases(found[0].split(" ")), message)
    words = [one[0].lower() for one in WORD.finditer(message)]
    others = [one for one in words if one not in _pinyin()]
    if len(others) == len(words) or not (HAN.search(message) or STOPWORDS.isdisjoint(others)):
        return message
    return WORD.sub(
        lambda found: (
            _pinyin().get(found[0].lower(), found[0]) if len(found[0]) >= SHORT else found[0]
        ),
        message,
    )


def _phrases(words: Sequence[str]) -> str:
    """Words of which some in a row are syllables, with those in characters: "shop wei shen me gua le"."""
    told, place = "", 0
    while place < len(words):
        ends = range(len(words), place + 1, -1)
        end, meant = next(
            ((end, one) for end in ends if (one := _phrase(words[place:end]))),
            (place + 1, words[place]),
        )
        told, place = f"{told} {meant}", end
    return told.strip()


def _phrase(syllables: Sequence[str]) -> str:
    """Syllables in characters; "" unless words take all of them up."""
    for length in range(min(len(syllables), LONGEST_WORD), 0, -1):
        meant = _pinyin().get("".join(syllables[:length]).lower(), "")
        rest = _phrase(syllables[length:]) if length < len(syllables) else ""
        if meant and (rest or length == len(syllables)):
            return meant + rest
    return ""


def _word(word: str) -> str:
    low = word.lower()
    if low in _colloquial():
        return _colloquial()[low]
    if word not in (low, low.capitalize()) or low in _known():
        return word
    return _nearest(low) or word


@lru_cache(maxsize=4096)
def _nearest(word: str) -> str:
    if len(word) < SHORT or word in SHORT_SLIPS:
        return SHORT_SLIPS.get(word, "")
    slips = 2 if len(word) >= LONG else 1
    like = [one for one in _candidates(word) if len(set(word) ^ set(one)) <= 2 * slips]
    near = [(slips_between(word, one), not _swapped(word, one), one) for one in like]
    likely = [one for one in near if one[0] <= slips and (len(word) > SHORT or not one[1])]
    return min(likely, default=(0, False, ""))[2]


def _swapped(word: str, other: str) -> bool:
    return sorted(word) == sorted(other)


def _candidates(word: str) -> Iterator[str]:
    """Words that begin alike: people get the first letter right, or swap the first two."""
    for first in dict.fromkeys(word[:2]):
        yield from (one for one in _by_letter().get(first, ()) if abs(len(one) - len(word)) <= 2)


def slips_between(a: str, b: str) -> int:
    """Letters left out, added, mistaken or swapped between two words (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        now = [i]
        for j, other in enumerate(b, 1):
            least = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                least = min(least, before[j - 2] + 1)
            now.append(least)
        before, row = row, now
    return row[-1]


@cache
def _colloquial() -> Mapping[str, str]:
    """How words are said in a hurry → how they are written; a hyphen is a space."""
    words = _lines("colloquial.txt")
    return {
        said: meant.replace("-", " ") for said, meant in zip(words[::2], words[1::2], strict=True)
    }


@cache
def _pinyin() -> Mapping[str, str]:
    """Words by their sound → in characters."""
    words = _lines("pinyin.txt")
    return dict(zip(words[::2], words[1::2], strict=True))


@cache
def _by_letter() -> Mapping[str, tuple[str, ...]]:
    words = _lines("spellings.txt")
    return {
        first: tuple(one for one in words if one[0] == first) for first in {w[0] for w in words}
    }


@cache
def _known() -> frozenset[str]:
    """What is no slip: ordinary English, what looks like a slip and is none, and words of the trade."""
    return frozenset((*STOPWORDS, *KIND_WORDS, *KIND_PARTS, *_lines("spelling_others.txt")))


@cache
def _sounds() -> Mapping[str, str]:
    """Character → the characters that sound like it, of those that words of the trade are made of.

    Some nearly do: many speakers do not tell "c" from "ch", "n" from "ng", or "n" from "l".
    """
    sounds: dict[str, str] = {}
    for group in _lines("homophones.txt"):
        for one in group:
            sounds[one] = sounds.get(one, "") + group
    for meant, *typed in _lines("nearly_homophones.txt"):
        sounds[meant] = sounds.get(meant, "") + "".join(typed)
    return sounds


@cache
def _alike() -> Mapping[str, tuple[str, ...]]:
    """First character as it may be typed → the words that are meant."""
    alike: dict[str, tuple[str, ...]] = {}
    for word in _lines("homophone_words.txt"):
        swapped = word[1:2] if len(word) > 2 else ""
        for one in {word[0], *swapped, *_sounds().get(word[0], "")}:
            alike[one] = (*alike.get(one, ()), word)
    return alike


def _characters(message: str) -> str:
    """Chinese words of which a character was mistaken for one that sounds alike."""
    told, place = "", 0
    while place < len(message):
        meant = _meant(message, place)
        told += meant or message[place]
        place += len(meant) or 1
    return told


def _meant(message: str, place: int) -> str:
    for word in _alike().get(message[place], ()):
        typed = message[place : place + len(word)]
        if typed == word:
            return word
        if len(typed) == len(word) and typed not in _own_words() and _sounds_like(typed, word):
            return word
    return ""


def _sounds_like(typed: str, word: str) -> bool:
    """Whether a word was meant: the same characters in another order, or some that sound alike."""
    if len(word) > 2 and sorted(typed) == sorted(word):
        return True
    pairs = list(zip(typed, word, strict=True))
    right = sum(one == other for one, other in pairs)
    return right > 0 and all(
        one == other or (one not in LITTLE and one in _sounds().get(other, ""))
        for one, other in pairs
    )


@cache
def _own_words() -> frozenset[str]:
    """Words of their own that sound like one of the trade."""
    return frozenset(_lines("homophone_others.txt"))


@cache
def _lines(name: str) -> tuple[str, ...]:
    return tuple(files("agent.lexicon").joinpath(name).read_text("utf-8").split())
