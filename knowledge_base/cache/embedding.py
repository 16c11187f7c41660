"""An embedder that asks for each text once: what it made is kept, part by part."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

from core.errors import UpstreamUnavailable
from knowledge_base.cache import Cache
from knowledge_base.embedder import BATCH
from knowledge_base.vectors import Embedder, Vectors


class CachedEmbedder:
    """For a costly one. When it is broken off, what was made is not lost."""

    is_costly = True

    def __init__(self, embedder: Embedder, cache: Cache) -> None:
        self._embedder, self._cache = embedder, cache
        self.name = embedder.name

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = {text: _key(self.name, text) for text in texts}
        known = self._known(list(keys.values()))
        missing = [text for text, key in keys.items() if key not in known]
        for start in range(0, len(missing), BATCH):
            known |= self._made(missing[start : start + BATCH], keys)
        rows = [np.frombuffer(known[keys[text]], np.float16) for text in texts]
        return np.array(rows, np.float32) if rows else np.zeros((0, 0), np.float32)

    def _made(self, texts: Sequence[str], keys: Mapping[str, str]) -> dict[str, bytes]:
        vectors = self._embedder.embed(texts).astype(np.float16)
        made = {keys[text]: row.tobytes() for text, row in zip(texts, vectors, strict=True)}
        try:
            self._cache.keep_vectors(made)
        except UpstreamUnavailable:
            return made  # it costs asking again
        return made

    def _known(self, keys: Sequence[str]) -> dict[str, bytes]:
        try:
            return self._cache.vectors(keys)
        except UpstreamUnavailable:
            return {}


def _key(embedder: str, text: str) -> str:
    return blake2b(f"{embedder}\0{text}".encode(), digest_size=16).hexdigest()
