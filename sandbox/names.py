"""Names that nobody chose."""

import random
from collections.abc import Iterable

# Without vowels, and without what looks alike: no word comes about by accident.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def random_ending(length: int = 5) -> str:
    return "".join(random.choices(_LETTERS, k=length))  # noqa: S311 - a name, not a secret


def lettered(numbers: Iterable[int]) -> str:
    """The same letters for the same numbers."""
    return "".join(_LETTERS[number % len(_LETTERS)] for number in numbers)
