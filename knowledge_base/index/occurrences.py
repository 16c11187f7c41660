"""How often words stand in each field of many passages: counted in all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
# By field of each passage, and by word.
Counts = npt.NDArray[np.float64]

# Of the number of a word so many bits are looked at first: most words of a passage are not asked for.
_FIRST_BITS = 0xFFFF


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The words of some fields as numbers, one field after the other; `sizes` says how many each has.

    The numbers are of this process alone. Two words share one in a case of 10^19.
    """

    ids: Ids
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, *fields: str) -> Self:
        """Of fields whose words are separated by one space each."""
        sizes = tuple(field.count(" ") + 1 if field else 0 for field in fields)
        return cls(numbered(" ".join(fields).split()), sizes)


def numbered(words: Sequence[str]) -> Ids:
    return np.fromiter(map(hash, words), np.int64, len(words))


def occurrences(passages: Sequence[Fields], words: Sequence[str]) -> Counts:
    """How often each word stands in each field: passages × fields × words.

    All passages have as many fields; `words` are each there once.
    """
    fields = len(passages[0].sizes) if passages else 0
    shape = (len(passages), fields, len(words))
    if not passages or not words:
        return np.zeros(shape)
    ids = np.concatenate([one.ids for one in passages])
    asked = numbered(words)
    order = np.argsort(asked)
    maybe = np.zeros(_FIRST_BITS + 1, np.bool_)
    maybe[asked & _FIRST_BITS] = True
    at = np.flatnonzero(maybe[ids & _FIRST_BITS])
    place = np.minimum(np.searchsorted(asked[order], ids[at]), len(words) - 1)
    same = asked[order][place] == ids[at]
    ends = np.cumsum(np.array([one.sizes for one in passages]).ravel())
    field = np.searchsorted(ends, at[same], side="right")
    cells = field * len(words) + order[place[same]]
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
