"""All vectors of an index as one table in memory: near ones by multiplication."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from knowledge_base.embedder import Vectors


@dataclass(frozen=True)
class Matrix:
    """`rows` of length 1, one a passage of `ids`; `titles` are those of their documents."""

    ids: npt.NDArray[np.int64]
    rows: Vectors
    titles: Vectors
    title_of: npt.NDArray[np.int64]

    @classmethod
    def empty(cls) -> Self:
        none, nowhere = np.zeros((0, 0), np.float32), np.zeros(0, np.int64)
        return cls(nowhere, none, none, nowhere)

    @classmethod
    def read(cls, reader: sqlite3.Connection) -> Self:
        """Every passage that has a vector."""
        titles = reader.execute(
            "SELECT doc, title_vector FROM documents WHERE title_vector IS NOT NULL"
        ).fetchall()
        place = {doc: n for n, (doc, _) in enumerate(titles)}
        found = [
            (key, place[doc], vector)
            for key, doc, vector in reader.execute(
                "SELECT id, doc, vector FROM passages WHERE vector IS NOT NULL ORDER BY id"
            )
            if doc in place
        ]
        if not found:
            return cls.empty()
        return cls(
            np.array([key for key, _, _ in found], np.int64),
            _table([vector for _, _, vector in found]),
            _table([vector for _, vector in titles]),
            np.array([title for _, title, _ in found], np.int64),
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

    def nearness(self, asked: Vectors | None, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """How near each passage, and the title of its document, is to the question; 0 without vectors."""
        told = dict.fromkeys(ids, (0.0, 0.0))
        if asked is None or not self.size:
            return told
        wanted = np.array(ids, np.int64)
        places = np.minimum(np.searchsorted(self.ids, wanted), self.size - 1)
        there = self.ids[places] == wanted
        by_text = _products(self.rows[places], asked)
        by_title = _products(self.titles[self.title_of[places]], asked)
        for key, found, text, title in zip(
            ids, there.tolist(), by_text.tolist(), by_title.tolist(), strict=True
        ):
            if found:
                told[key] = (text, title)
        return told


def nearness(packed: Sequence[bytes | None], asked: Vectors | None) -> list[float]:
    """How near each of some vectors is; 0 for none, and for one of another space."""
    told = [0.0] * len(packed)
    if asked is None:
        return told
    size = 2 * len(asked)
    there = [n for n, one in enumerate(packed) if one is not None and len(one) == size]
    if there:
        rows = _table([one for n in there if (one := packed[n]) is not None])
        for n, near in zip(there, _products(rows, asked).tolist(), strict=True):
            told[n] = near
    return told


def _products(rows: Vectors, asked: Vectors) -> Vectors:
    """Of each row with the one vector. A matrix product would start threads that wait for each other
    longer than they work, and more so the more else the machine does."""
    return np.einsum("ij,j->i", rows, asked)


def _table(blobs: Sequence[bytes]) -> Vectors:
    return np.frombuffer(b"".join(blobs), np.float16).reshape(len(blobs), -1).astype(np.float32)
