"""The names a person may have meant."""

import re
from collections.abc import Iterable

# A generated tail such as -7d4b9c6f5d-x2x9p; what stands before it is the name people know.
_GENERATED = re.compile(r"(-[a-z0-9]{8,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_BETWEEN_WORDS = re.compile(r"[-_.\s/]+")
MOST_EDITS = 2


def edit_distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, facing in enumerate(other, start=1):
            cost = letter != facing
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost)
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == facing:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def nearest_names(name: str, candidates: Iterable[str], *, limit: int = 3) -> list[str]:
    """Up to `limit` candidates that resemble `name`, the best first. Never `name` itself."""
    scored = [
        (score, candidate)
        for candidate in sorted(set(candidates) - {name})
        if (score := _distance(name, candidate)) is not None
    ]
    return [candidate for _, candidate in sorted(scored)[:limit]]


def similar(one: str, other: str) -> bool:
    """Whether two values look like one word spelt twice or one word in two versions."""
    return one != other and _distance(one, other) is not None


def _distance(one: str, other: str) -> float | None:
    """Smaller is nearer; None when the two have little in common."""
    a, b = one.casefold(), _GENERATED.sub("", other.casefold())
    a = _GENERATED.sub("", a)
    if a == b:
        return 0.5
    edits = edit_distance(a, b)
    if edits <= min(MOST_EDITS, max(len(a), len(b)) // 3):
        return edits
    if min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a)):
        return 3
    if min(len(a), len(b)) >= 4 and (a.endswith(b) or b.endswith(a)):
        return 3.5
    return _word_distance(a, b)


def _word_distance(one: str, other: str) -> float | None:
    first, second = words_of(one), words_of(other)
    shared = len(first & second) / max(len(first | second), 1)
    return 4 + (1 - shared) if shared >= 0.5 else None


def words_of(name: str) -> set[str]:
    """The words that a name is made of."""
    return {word for word in _BETWEEN_WORDS.split(name.casefold()) if word}


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A hint sentence; "" when nothing is near."""
    names = nearest_names(name, candidates)
    return f"Did you mean {' or '.join(names)}?" if names else ""
