"""Which lines of a log say the same, but for their numbers and names.

The idea of Drain (He et al., ICWS 2017): lines of one length whose words mostly agree are of one
template. What differs here: words that head nearly every line do not count as agreement, equal
lines are compared once, and a word that differs within a template splits it again when it looks
like a choice of the program (few values, not where a value stands: after "=", "user", "from").
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

VARIABLE = "<*>"

# Words of which this share must agree before two lines are thought to say the same.
ALIKE = 0.6
# A word that stands at its place in so many of all lines is a heading, and tells nothing.
HEADING = 0.5
# So many values at one place may be choices of the program (opened, closed); more are data.
CHOICES = 2
# Words that are followed by data.
_INTRODUCE = frozenset(
    {
        "=", "user", "for", "host", "from", "to", "by", "name", "named", "device", "port", "file",
        "path", "service", "pod", "node", "id", "in", "on", "at", "of", "with", "called", "image",
        "container", "namespace", "topic", "queue", "table", "key", "client", "server", "peer",
    }
)  # fmt: skip

_QUOTED = re.compile(r"\"[^\"]{0,200}\"|(?<!\w)'[^']{0,200}'")
_ADDRESS = re.compile(r"\w+://[^\s\"'<>,;)\]]+")
_ENDS_WORD = r"\s=:,;|()\[\]{}\"'<>"
# A word with a digit in it is a number, an address or an id far more often than a name.
_NUMBER = re.compile(rf"(?<![^{_ENDS_WORD}])[^\d{_ENDS_WORD}]*\d[^{_ENDS_WORD}]*")
_TOKEN = re.compile(rf"<\*>|[^{_ENDS_WORD}]+|[=:,;|()\[\]{{}}\"'<>]")
_REPEATED = re.compile(r"<\*>(?:(?:[:/]| *,? *)<\*>)+")


@dataclass(slots=True)
class Shape:
    """One distinct line without its numbers, and how often it was written."""

    tokens: tuple[str, ...]
    text: str
    count: int = 0
    template: str = ""


@dataclass(slots=True)
class _Group:
    """Shapes of one length that agree; `words` is what they have in common."""

    words: list[str]
    shapes: list[Shape] = field(default_factory=list[Shape])


def templates_of(texts: Sequence[str]) -> list[str]:
    """The template of each text, in their order."""
    if not texts:
        return []
    masked = _NUMBER.sub(VARIABLE, "\n".join(map(_without_quotes, texts))).split("\n")
    shapes = {text: _shape(text, count) for text, count in Counter(masked).items()}
    _named(_same(shapes.values()))
    return [shapes[text].template for text in masked]


def _without_quotes(text: str) -> str:
    if "\n" in text:
        text = text.replace("\n", " ")
    if '"' in text or "'" in text:
        text = _QUOTED.sub(VARIABLE, text)
    return _ADDRESS.sub(VARIABLE, text) if "://" in text else text


def _shape(masked: str, count: int) -> Shape:
    text = _REPEATED.sub(VARIABLE, masked)
    return Shape(tuple(_TOKEN.findall(text)), text, count)


def _same(shapes: Iterable[Shape]) -> list[list[Shape]]:
    """Shapes whose tokens are the same."""
    same: dict[tuple[str, ...], list[Shape]] = defaultdict(list)
    for shape in shapes:
        same[shape.tokens].append(shape)
    return list(same.values())


def _named(found: list[list[Shape]]) -> None:
    """Give every shape its template."""
    ones = [Shape(same[0].tokens, same[0].text, sum(one.count for one in same)) for same in found]
    headings = _headings(ones)
    for group in _groups(ones, headings):
        for part in _parts(group.shapes, headings):
            template = _template(part)
            for shape in part:
                shape.template = template
    for same, one in zip(found, ones, strict=True):
        for shape in same:
            shape.template = one.template


def _headings(shapes: Sequence[Shape]) -> frozenset[tuple[int, str]]:
    total = sum(shape.count for shape in shapes)
    seen: Counter[tuple[int, str]] = Counter()
    for shape in shapes:
        for place in enumerate(shape.tokens[:12]):
            seen[place] += shape.count
    return frozenset(place for place, count in seen.items() if count > HEADING * total)


def _groups(shapes: Sequence[Shape], headings: frozenset[tuple[int, str]]) -> list[_Group]:
    """Each shape with the group it agrees with most; the most frequent begin the groups."""
    groups: list[_Group] = []
    near: dict[tuple[int, str], list[_Group]] = defaultdict(list)
    for shape in sorted(shapes, key=lambda one: (-one.count, one.text)):
        telling = _telling(shape.tokens, headings)
        keys = [(len(shape.tokens), shape.tokens[place]) for place in (*telling[:2], *telling[-1:])]
        candidates = {id(one): one for key in keys for one in near[key]}.values()
        best = max(candidates, key=lambda one: _alike(one.words, shape, telling), default=None)
        if best is None or _alike(best.words, shape, telling) < ALIKE:
            best = _Group(list(shape.tokens))
            groups.append(best)
            for key in dict.fromkeys(keys or [(len(shape.tokens), "")]):
                near[key].append(best)
        best.shapes.append(shape)
        best.words = [
            one if one == other else VARIABLE
            for one, other in zip(best.words, shape.tokens, strict=True)
        ]
    return groups


def _telling(tokens: tuple[str, ...], headings: frozenset[tuple[int, str]]) -> list[int]:
    """The places of the words that tell what is said."""
    words = [
        place
        for place, token in enumerate(tokens)
        if token != VARIABLE and (len(token) > 1 or token.isalnum())
    ]
    return [place for place in words if (place, tokens[place]) not in headings] or words


def _alike(words: Sequence[str], shape: Shape, telling: Sequence[int]) -> float:
    """The share of telling words that agree. What is a variable already agrees by half."""
    if not telling:
        return float(list(shape.tokens) == list(words))
    agreed = sum(
        1.0 if words[place] == shape.tokens[place] else 0.5 if words[place] == VARIABLE else 0.0
        for place in telling
    )
    return agreed / len(telling)


def _parts(shapes: list[Shape], headings: frozenset[tuple[int, str]]) -> Iterator[list[Shape]]:
    """A group split where a word is the program's choice."""
    place = _choice(shapes)
    if place < 0:
        yield shapes
        return
    by_word: dict[str, list[Shape]] = defaultdict(list)
    for shape in shapes:
        by_word[shape.tokens[place]].append(shape)
    for part in by_word.values():
        yield from _parts(part, headings)


def _choice(shapes: Sequence[Shape]) -> int:
    """The place with the fewest words that are choices, or -1."""
    best, fewest = -1, CHOICES + 1
    for place, column in enumerate(zip(*(shape.tokens for shape in shapes), strict=True)):
        words = set(column)
        if 1 < len(words) < fewest and VARIABLE not in words and not _introduced(shapes[0], place):
            best, fewest = place, len(words)
    return best


def _introduced(shape: Shape, place: int) -> bool:
    return place > 0 and shape.tokens[place - 1].lower() in _INTRODUCE


def _template(shapes: Sequence[Shape]) -> str:
    """The most frequent line of them, with what differs replaced."""
    columns = zip(*(shape.tokens for shape in shapes), strict=True)
    varies = [len(set(column)) > 1 or column[0] == VARIABLE for column in columns]
    told, end = "", 0
    for place, found in enumerate(_TOKEN.finditer(shapes[0].text)):
        told += shapes[0].text[end : found.start()]
        told += VARIABLE if varies[place] else found.group()
        end = found.end()
    told += shapes[0].text[end:]
    return " ".join(_REPEATED.sub(VARIABLE, told).split())
