"""The documents of this installation: opened when first asked, kept in step with what is shipped."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import SHIPPED, documents_in, synchronise
from knowledge_base.ranking import Hit, ranked
from knowledge_base.segmentation import asked_words

# Where names of the shipped pages begin; people's own documents have other names.
SHIPPED_PREFIX = "runbooks/"
# Ranking may prefer a passage that the words alone put far down.
CANDIDATES = 60


@dataclass
class Documents:
    """`folder` None: the index is kept in memory."""

    folder: Path | None
    _index: LocalIndex | None = field(default=None, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def search(self, question: str, k: int) -> list[Hit]:
        """The best `k` passages. Raises `UpstreamUnavailable` when the index cannot be used."""
        index = await self._opened()
        found = await asyncio.to_thread(index.search, asked_words(question), limit=CANDIDATES)
        return ranked(found, question=question, k=k)

    async def count(self) -> int:
        index = await self._opened()
        return len(await asyncio.to_thread(index.fingerprints))

    async def _opened(self) -> LocalIndex:
        async with self._opening:
            if self._index is None:
                self._index = await asyncio.to_thread(_in_step, self.folder)
            return self._index


def _in_step(folder: Path | None) -> LocalIndex:
    index = LocalIndex(folder)
    synchronise(index, documents_in(SHIPPED, prefix=SHIPPED_PREFIX), prefix=SHIPPED_PREFIX)
    return index
