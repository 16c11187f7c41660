"""Texts as vectors of length one, and whoever makes them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Whatever turns texts into vectors whose product says how near their meanings are."""

    @property
    def name(self) -> str:
        """Vectors of another name are of another space and never compared with these."""
        ...

    @property
    def is_costly(self) -> bool:
        """Whether no text should be given to it twice, and nobody made to wait for many."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text. Raises `UpstreamUnavailable` when it cannot be asked."""
        ...


def of_length_one(vectors: Vectors) -> Vectors:
    """The same directions; a row without one stays nothing and is near to nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
