"""The knowledge base of an installation, opened: index, cache, and what makes vectors.

What works on vectors is loaded here, with the first question.
"""

from dataclasses import dataclass, field

from knowledge_base.bundled_model import bundled
from knowledge_base.cache import Cache
from knowledge_base.cache.embedding import CachedEmbedder
from knowledge_base.cache.local_cache import LocalCache
from knowledge_base.cache.redis_cache import RedisCache
from knowledge_base.embedder import EndpointEmbedder, embedder_for
from knowledge_base.index import Index
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from knowledge_base.ingest import ingest_shipped
from knowledge_base.vectors import Embedder
from mcp_servers.backends import KnowledgePlace


@dataclass(frozen=True)
class Base:
    """`embedder` is the one of the settings; None: words alone are searched."""

    place: KnowledgePlace
    index: Index
    cache: Cache
    embedder: Embedder | None
    _earlier: dict[str, Embedder | None] = field(default_factory=dict[str, Embedder | None])

    @classmethod
    def opened(cls, place: KnowledgePlace) -> "Base":
        """With the pages in it that this version ships. Raises `UpstreamUnavailable`."""
        index: Index = (
            RedisIndex(place.redis_url, place.redis_root)
            if place.redis_url
            else LocalIndex(place.folder)
        )
        cache: Cache = (
            RedisCache(place.redis_url, place.redis_root)
            if place.redis_url
            else LocalCache(place.folder)
        )
        made = embedder_for(place.embedder, base_url=place.embedder_url, api_key=place.embedder_key)
        base = cls(place, index, cache, made)
        base.take_in_shipped()
        return base

    @property
    def making(self) -> Embedder | None:
        """The embedder of the settings; a costly one is asked for each text once."""
        return self._remembering(self.embedder)

    def take_in_shipped(self) -> None:
        if self.place.shipped:
            # Nobody who asks waits for many vectors that take long: they come later.
            costly = self.embedder is not None and self.embedder.is_costly
            ingest_shipped(self.index, None if costly else self.embedder)

    def asking(self) -> Embedder | None:
        """What makes vectors of questions: that which made those of the index, the new or still the
        old one."""
        name = self.index.embedder
        if self.embedder is None or name in ("", self.embedder.name):
            return self.making
        if name not in self._earlier:
            self._earlier[name] = self._named(name)
        return self._remembering(self._earlier[name])

    def _named(self, name: str) -> Embedder | None:
        model, _, address = name.rpartition("@")
        if not model:
            own = bundled()
            return own if own and own.name == name else None
        # A key is sent to the address alone that it was given for.
        same = isinstance(self.embedder, EndpointEmbedder) and self.embedder.address == address
        return EndpointEmbedder(address, model, api_key=self.place.embedder_key if same else "")

    def _remembering(self, embedder: Embedder | None) -> Embedder | None:
        if embedder is None or not embedder.is_costly:
            return embedder
        return CachedEmbedder(embedder, self.cache)
