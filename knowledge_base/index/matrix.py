"""All vectors of an index as one table in memory: near ones by multiplication."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from knowledge_base.vectors import Vectors


class Near(NamedTuple):
    """How near a passage, the title of its document, and the nearest of all names of that are."""

    text: float
    title: float
    name: float


NOWHERE = Near(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Matrix:
    """`rows` of length 1, one a passage of `ids`; `names` are those of the names of their documents, of
    which each has some, from `first_name` on; `document` says which one a passage is of."""

    ids: npt.NDArray[np.int64]
    rows: Vectors
    names: Vectors
    first_name: npt.NDArray[np.int64]
    document: npt.NDArray[np.int64]

    @classmethod
    def empty(cls) -> Self:
        none, nowhere = np.zeros((0, 0), np.float32), np.zeros(0, np.int64)
        return cls(nowhere, none, none, nowhere, nowhere)

    @classmethod
    def read(cls, reader: sqlite3.Connection) -> Self:
        """Every passage that has a vector."""
        documents = reader.execute(
            "SELECT doc, title_vector FROM documents WHERE title_vector IS NOT NULL"
        ).fetchall()
        place = {doc: n for n, (doc, _) in enumerate(documents)}
        found = [
            (key, place[doc], vector)
            for key, doc, vector in reader.execute(
                "SELECT id, doc, vector FROM passages WHERE vector IS NOT NULL ORDER BY id"
            )
            if doc in place
        ]
        if not found:
            return cls.empty()
        size = len(found[0][2])
        counts = [len(names) // size for _, names in documents]
        return cls(
            np.array([key for key, _, _ in found], np.int64),
            _table([vector for _, _, vector in found], size),
            _table([names for _, names in documents], size),
            np.cumsum([0, *counts[:-1]], dtype=np.int64),
            np.array([document for _, document, _ in found], np.int64),
        )

    @property
    def size(self) -> int:
        return len(self.ids)

    def nearest(
        self, asked: Vectors, limit: int, permitted: npt.NDArray[np.bool_] | None = None
    ) -> list[int]:
        """The ids of the `limit` nearest among the permitted ones, the nearest first."""
        near = _products(self.rows, asked)
        if permitted is not None:
            near[~permitted] = -np.inf
        # All that are as near as the last of them, so that the first of these is the same every time.
        least = np.partition(near, -limit)[-limit] if limit < self.size else -np.inf
        first = np.flatnonzero(near >= least)
        first = first[np.argsort(-near[first], kind="stable")][:limit]
        return [int(self.ids[n]) for n in first if near[n] > 0]

    def nearness(self, asked: Vectors | None, ids: Sequence[int]) -> dict[int, Near]:
        """How near each passage, and the names of its document, are to the question; 0 without vectors."""
        told = dict.fromkeys(ids, NOWHERE)
        if asked is None or not self.size:
            return told
        wanted = np.array(ids, np.int64)
        places = np.minimum(np.searchsorted(self.ids, wanted), self.size - 1)
        there = self.ids[places] == wanted
        by_text = _products(self.rows[places], asked)
        named, document = _products(self.names, asked), self.document[places]
        by_title = named[self.first_name[document]]
        by_name = np.maximum.reduceat(named, self.first_name)[document]
        near = np.stack([by_text, by_title, by_name], axis=1).tolist()
        for key, found, one in zip(ids, there.tolist(), near, strict=True):
            if found:
                told[key] = Near(*one)
        return told


def nearness(packed: Sequence[bytes | None], asked: Vectors | None) -> list[tuple[float, float]]:
    """How near the first of each some vectors is, and the nearest; 0 for none, and for those of another space."""
    told = [(0.0, 0.0)] * len(packed)
    if asked is None:
        return told
    size = 2 * len(asked)
    there = [(n, one) for n, one in enumerate(packed) if one and len(one) % size == 0]
    if there:
        first = np.cumsum([0, *(len(one) // size for _, one in there[:-1])])
        near = _products(_table([one for _, one in there], size), asked)
        nearest = np.maximum.reduceat(near, first)
        for (n, _), one, best in zip(there, near[first].tolist(), nearest.tolist(), strict=True):
            told[n] = (one, best)
    return told


def _products(rows: Vectors, asked: Vectors) -> Vectors:
    """Of each row with the one vector. A matrix product would start threads that wait for each other
    longer than they work, and more so the more else the machine does."""
    return np.einsum("ij,j->i", rows, asked)


def _table(blobs: Sequence[bytes], size: int) -> Vectors:
    """The vectors of `size` bytes that some blobs are made of, one after the other."""
    return np.frombuffer(b"".join(blobs), np.float16).reshape(-1, size // 2).astype(np.float32)
