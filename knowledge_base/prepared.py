"""Vectors of the shipped pages, made beforehand: the first question need not wait for them.

`tools/prepare_vectors.py` makes the file. A text that it lacks is embedded when it is needed, so that
a page may be changed without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge_base.vectors import Vectors

FILE = Path(__file__).parent / "prepared.npz"
# What a direction's largest number becomes in a file of bytes.
FULL = 127


@dataclass(frozen=True)
class Prepared:
    """A row of small whole numbers for each text; `places` finds it by the text's digest."""

    places: dict[bytes, int]
    rows: npt.NDArray[np.int8]

    def vector(self, text: str) -> Vectors | None:
        """In the direction of the text's vector; its length is nobody's concern."""
        place = self.places.get(digest(text))
        return None if place is None else self.rows[place].astype(np.float32)


@cache
def prepared() -> Prepared:
    """What was made for this version; nothing where the file is missing."""
    if not FILE.is_file():
        return Prepared({}, np.zeros((0, 0), np.int8))
    with np.load(FILE, allow_pickle=False) as told:
        keys, rows = told["keys"], told["rows"]
    return Prepared({key.tobytes(): n for n, key in enumerate(keys)}, rows)


def write(texts: Sequence[str], vectors: Vectors) -> None:
    """Sorted by digest: the same texts make the same file."""
    kept = dict(sorted(zip(map(digest, texts), vectors, strict=True)))
    table = np.array(list(kept.values()), np.float32)
    whole = np.rint(table / np.abs(table).max(axis=1, keepdims=True) * FULL).astype(np.int8)
    keys = np.frombuffer(b"".join(kept), np.uint8).reshape(len(kept), -1)
    np.savez(FILE, keys=keys, rows=whole)


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()[:8]
