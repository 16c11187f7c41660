"""The documents of this installation: opened when first asked, kept in step with what is shipped."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from knowledge_base.index import Listed, Scope
from knowledge_base.ranking import Hit
from knowledge_base.reading.folders import Source, found_in
from knowledge_base.reports import Report
from mcp_servers.backends import KnowledgePlace

if TYPE_CHECKING:  # what works on vectors is loaded when the index is first opened
    from knowledge_base.embedder import Embedder
    from knowledge_base.index.local_index import LocalIndex

# Where names of the shipped pages begin.
SHIPPED = "runbooks"


@dataclass
class Progress:
    """What an ingest is at; "" when there is none. `of` 0: not known yet."""

    stage: str = ""
    done: int = 0
    of: int = 0

    def tell(self, stage: str, done: int, of: int) -> None:
        self.stage, self.done, self.of = stage, done, of


@dataclass
class Documents:
    """The one index of a process, opened in a thread when it is first asked for."""

    place: KnowledgePlace
    progress: Progress = field(default_factory=Progress)
    _index: "LocalIndex | None" = field(default=None, repr=False)
    _embedder: "Embedder | None" = field(default=None, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def search(self, question: str, k: int, scope: Scope) -> tuple[list[Hit], str]:
        """The best `k` passages, and what was missing for the search; "" when nothing was.

        Raises `UpstreamUnavailable` when the index cannot be used.
        """
        from knowledge_base.searching import search

        index, embedder = await self.opened()
        # Vectors of another embedder are of another space: until they are rebuilt, words must do.
        usable = embedder if embedder and index.embedder == embedder.name else None
        try:
            return await asyncio.to_thread(
                search, index, question, k=k, embedder=usable, scope=scope
            ), ""
        except UpstreamUnavailable as error:
            if usable is None:
                raise
            hits = await asyncio.to_thread(search, index, question, k=k, scope=scope)
            return hits, str(error)

    async def listed(self, scope: Scope) -> list[Listed]:
        index, _ = await self.opened()
        return await asyncio.to_thread(index.documents, scope)

    async def body(self, doc: str, scope: Scope) -> str:
        """The Markdown of a document. Raises `NotFound`, also where the scope hides it."""
        index, _ = await self.opened()
        text = await asyncio.to_thread(index.body, doc, scope)
        if text is None:
            raise NotFound(
                f"There is no document {doc!r}.", hint="knowledge_list_documents names them."
            )
        return text

    async def take_in(self, sources: Iterable[Source], prefix: str | None = None) -> Report:
        """What is new or changed among the sources, as one change of the index."""
        from knowledge_base.ingest import ingest

        index, embedder = await self.opened()
        return await self._writes(
            lambda: ingest(
                index, sources, prefix=prefix, embedder=embedder, progress=self.progress.tell
            )
        )

    async def remove(self, doc: str) -> None:
        index, _ = await self.opened()
        await asyncio.to_thread(index.apply, [], [doc])

    async def refresh(self) -> list[tuple[str, Report]]:
        """Every folder or file that was ever added, and those of the settings, in step again."""
        from knowledge_base.ingest import reembed

        index, embedder = await self.opened()
        for path in self.place.sources:
            await asyncio.to_thread(index.remember_source, str(path.absolute()))
        reports: list[tuple[str, Report]] = []
        paths = [Path(one) for one in await asyncio.to_thread(index.sources)]
        for path in paths:
            prefix = prefix_of(path, paths)
            sources = _still_there(path, prefix)
            reports.append((str(path), await self.take_in(sources, prefix or None)))
        if embedder and index.embedder != embedder.name:
            await self._writes(lambda: reembed(index, embedder, self.progress.tell))
        return reports

    async def opened(self) -> "tuple[LocalIndex, Embedder | None]":
        """The index and what makes vectors for it."""
        async with self._opening:
            if self._index is None:
                self._embedder = await asyncio.to_thread(self._made_embedder)
                self._index = await asyncio.to_thread(self._in_step)
            return self._index, self._embedder

    async def _writes(self, work: Callable[[], "Report"]) -> Report:
        """One ingest of this process at a time; readers go on with what was there."""
        async with self._writing:
            try:
                return await asyncio.to_thread(work)
            finally:
                self.progress.tell("", 0, 0)

    def _made_embedder(self) -> "Embedder | None":
        from knowledge_base.embedder import embedder_for

        place = self.place
        return embedder_for(place.embedder, base_url=place.embedder_url, api_key=place.embedder_key)

    def _in_step(self) -> "LocalIndex":
        from knowledge_base.index.local_index import LocalIndex
        from knowledge_base.ingest import ingest_shipped

        index = LocalIndex(self.place.folder)
        if self.place.shipped:
            ingest_shipped(index, self._embedder)
        return index


def prefix_of(path: Path, among: Sequence[Path]) -> str:
    """How names of the documents of a folder or archive begin; "" for a single file.

    Its own name, with its parent's where another folder has the same or it is that of the shipped pages.
    """
    if path.suffix and path.suffix != ".zip":
        return ""
    same = sum(one.stem == path.stem and not one.suffix.strip(".zip") for one in among) > 1
    taken = same or path.stem == SHIPPED
    return f"{path.parent.name}-{path.stem}/" if taken else f"{path.stem}/"


def _still_there(path: Path, prefix: str) -> Iterable[Source]:
    """The pages at a path that was added once; a path that is gone has none any more."""
    return found_in(path, prefix=prefix) if path.exists() else ()


def scope_of(caller: Principal, **filters: str) -> Scope:
    """What this caller may find: a page with access groups is for those roles and users alone.

    Who manages the knowledge base sees all of it.
    """
    everything = caller.may(Permission.KNOWLEDGE_MANAGE)
    readers = None if everything else caller.roles | {f"user:{caller.subject}"}
    return Scope(readers=readers, **filters)
