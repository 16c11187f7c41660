"""The documents of this installation: opened when first asked, kept in step with what is shipped."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from knowledge_base.hits import Hit
from knowledge_base.index import Listed, Scope
from knowledge_base.reading.folders import Source, found_in
from knowledge_base.reports import Report
from mcp_servers.backends import KnowledgePlace
from mcp_servers.knowledge.catching_up import CatchingUp
from mcp_servers.knowledge.sentences import SENTENCES

if TYPE_CHECKING:  # what works on vectors is loaded when the base is first opened
    from mcp_servers.knowledge.opening import Base

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


@dataclass(frozen=True, slots=True)
class Searched:
    """Hits, among how many documents, and what was missing for it; "" when nothing was.

    `by_words`: why there were no vectors. `left_out`: why not all documents were searched. Both also by
    language.
    """

    hits: list[Hit]
    documents: int
    embedder: str = ""  # what made the vectors, if any were used
    by_words: str = ""
    left_out: str = ""
    by_words_in: Mapping[str, str] = field(default_factory=dict[str, str])
    left_out_in: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Documents:
    """The one base of a process, opened in a thread when it is first asked for."""

    place: KnowledgePlace
    progress: Progress = field(default_factory=Progress)
    _base: "Base | None" = field(default=None, repr=False)
    _spare: "Base | None" = field(default=None, repr=False)
    _catching_up: CatchingUp = field(default_factory=CatchingUp, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def search(self, question: str, k: int, scope: Scope) -> Searched:
        """The best `k` passages. Raises `UpstreamUnavailable` when nothing can be searched."""
        try:
            base = await self.opened()
            return await asyncio.to_thread(_searched, base, question, k, scope)
        except UpstreamUnavailable as error:
            if not (self.place.redis_url and self.place.shipped):
                raise
            found = await asyncio.to_thread(_searched, await self._left(), question, k, scope)
            return replace(found, left_out=str(error), left_out_in=error.texts)

    async def listed(self, scope: Scope) -> list[Listed]:
        base = await self.opened()
        return await asyncio.to_thread(base.index.documents, scope)

    async def body(self, doc: str, scope: Scope) -> str:
        """The Markdown of a document. Raises `NotFound`, also where the scope hides it."""
        base = await self.opened()
        text = await asyncio.to_thread(base.index.body, doc, scope)
        if text is None:
            raise SENTENCES.error(NotFound, "no_document", doc=doc)
        return text

    async def take_in(self, sources: Iterable[Source], prefix: str | None = None) -> Report:
        """What is new or changed among the sources, as one change of the index."""
        from knowledge_base.ingest import ingest

        base = await self.opened()
        told = self.progress.tell
        return await self._writes(
            lambda: ingest(base.index, sources, prefix=prefix, embedder=base.making, progress=told)
        )

    async def remove(self, doc: str) -> None:
        base = await self.opened()
        await asyncio.to_thread(base.index.apply, [], [doc])

    async def refresh(self) -> tuple[list[tuple[str, Report]], Report]:
        """Every folder or file that was ever added, and those of the settings, in step again.

        Then vectors for all pages that lack them, of which the second report tells.
        """
        base = await self.opened()
        index = base.index
        for path in self.place.sources:
            await asyncio.to_thread(index.remember_source, str(path.absolute()))
        reports: list[tuple[str, Report]] = []
        paths = [Path(one) for one in await asyncio.to_thread(index.sources)]
        for path in paths:
            prefix = prefix_of(path, paths)
            sources = _still_there(path, prefix)
            reports.append((str(path), await self.take_in(sources, prefix or None)))
        vectors = Report()
        if embedder := base.making:
            vectors = await asyncio.to_thread(
                self._catching_up.with_vectors, index, embedder, self.progress.tell
            )
        return reports, vectors

    async def opened(self) -> "Base":
        async with self._opening:
            if self._base is None:
                self._base = await asyncio.to_thread(_opened, self.place)
            if self.place.asked:
                self.place.asked()
            if self.place.keeps_up:
                self._catching_up.begin(self._base, self.progress.tell)
            return self._base

    async def _left(self) -> "Base":
        """What is there without Redis: the shipped pages, in memory."""
        async with self._opening:
            if self._spare is None:
                own = replace(self.place, redis_url="", folder=None)
                self._spare = await asyncio.to_thread(_opened, own)
            return self._spare

    async def _writes(self, work: Callable[[], "Report"]) -> Report:
        """One ingest of this process at a time; readers go on with what was there."""
        async with self._writing:
            try:
                return await asyncio.to_thread(work)
            finally:
                self.progress.tell("", 0, 0)


def _opened(place: KnowledgePlace) -> "Base":
    from mcp_servers.knowledge.opening import Base

    return Base.opened(place)


def _searched(base: "Base", question: str, k: int, scope: Scope) -> Searched:
    found = _found(base, question, k, scope)
    if not found.documents and base.place.shipped and not base.index.count():
        base.take_in_shipped()  # somebody has emptied it, or a Redis that keeps nothing was started again
        found = _found(base, question, k, scope)
    return found


def _found(base: "Base", question: str, k: int, scope: Scope) -> Searched:
    from knowledge_base.searching import search

    index, embedder, missing = base.index, base.asking(), None
    try:
        hits = search(index, question, k=k, embedder=embedder, scope=scope)
    except UpstreamUnavailable as error:
        if embedder is None:
            raise
        missing = error
        hits, embedder = search(index, question, k=k, scope=scope), None
    name = embedder.name if embedder else ""
    if missing is None:
        return Searched(hits, index.count(scope), name)
    return Searched(hits, index.count(scope), name, str(missing), by_words_in=missing.texts)


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


def scope_of(
    caller: Principal, *, service: str = "", tag: str = "", language: str = "", rule: str = ""
) -> Scope:
    """What this caller may find: a page with access groups is for those roles and users alone.

    Who manages the knowledge base sees all of it, but of past incidents those of their namespaces.
    """
    incidents = _of_incidents(caller)
    if caller.may(Permission.KNOWLEDGE_MANAGE):
        every = "incidents:*" in incidents
        scope = Scope(incidents=None if every else incidents)
    else:
        scope = Scope(readers=caller.roles | {f"user:{caller.subject}"} | incidents)
    return replace(scope, service=service, tag=tag, language=language, rule=rule)


def _of_incidents(caller: Principal) -> frozenset[str]:
    """The groups of pages about incidents that this caller may see: those of its namespaces."""
    if not caller.may(Permission.INCIDENTS_READ):
        return frozenset()
    seen = ("*",) if caller.namespaces is None else caller.namespaces
    return frozenset({"incidents", *(f"incidents:{one}" for one in seen)})
